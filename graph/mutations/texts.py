"""Texts of special kinds, as inputs of our own take them: annotations for Pydantic."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from db.characters import check_line
from db.emails import MAX_CHARACTERS, email_address
from db.money import currency_code

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_CHARACTERS), AfterValidator(email_address)
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(check_line)
]
Currency = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(currency_code)]
