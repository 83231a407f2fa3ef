"""E-mail addresses in the one form in which they are kept and compared."""

from email_validator import EmailNotValidError, validate_email

from db.characters import fold
from db.text_kinds import TextKind, register_kind

MAX_CHARACTERS = 254
"""Source: https://www.rfc-editor.org/rfc/rfc3696, erratum 1690."""


def email_address(text: str) -> str:
    """The address, without its case. Raises `ValueError` that says what is wrong with it.

    Whether anybody reads what is sent there is not asked. Source: https://pypi.org/project/email-validator/
    """
    try:
        # Names that end in .test are for tests, and for nobody's mail: they do no harm.
        return fold(validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


EMAIL = register_kind("email", TextKind(email_address, canonical=fold, judges_empty=True))
