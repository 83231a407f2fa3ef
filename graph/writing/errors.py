"""User errors: why a mutation did not do what a client asked, as values in the payload.

A message, a place in the input and the error's own data enter; values leave, which `graph.writing.error_types` makes
types for. Work raises `Rejected` with some of them: everything that the work did is undone, and the client finds the
errors under `errors`. `code` is stable; the message may change. Our own faults never become user errors. A mutation's
module may have errors of its own: a class of `UserError` under `@user_error`, which the mutation declares.
"""

import re
from collections.abc import Mapping
from inspect import get_annotations
from typing import Any, ClassVar, TypeAlias, TypeVar

import strawberry
from strawberry.types.field import StrawberryField

from graph.entity.fields import first_paragraph
from graph.errors import DeclarationError

Place: TypeAlias = tuple[str | int, ...]
"""Where in the arguments a value stands: `("input", "lines", 0, "quantity")`."""


class UserError:
    """The base of everything that stands under `errors`.

    An error's own fields are annotated and described: `current_version: int = strawberry.field(description="…")`.
    """

    CODE: ClassVar[str]

    def __init__(self, message: str, place: Place) -> None:
        self.message = message
        self.code = self.CODE
        self.path = [str(part) for part in place]

    @classmethod
    def description(cls) -> str:
        """What the schema says of it."""
        return first_paragraph(cls.__doc__)

    @classmethod
    def data(cls) -> Mapping[str, tuple[Any, str]]:
        """Its own fields: the annotation, as it is written, and the description of each."""
        annotations: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            annotations |= get_annotations(base)
        fields = ((name, getattr(cls, name, None)) for name in annotations)
        return {
            name: (annotations[name], field.description or "")
            for name, field in fields
            if isinstance(field, StrawberryField)
        }


ErrorClass: TypeAlias = type[UserError]
ErrorT = TypeVar("ErrorT", bound=UserError)

_MARKED: set[ErrorClass] = set()
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")


def user_error(cls: type[ErrorT]) -> type[ErrorT]:
    """Let mutations answer with a class of `UserError`; the docstring is the description.

    Raises `DeclarationError` for a class without a code, for it is a value of an enumeration.
    """
    if not _CODE.fullmatch(getattr(cls, "CODE", "")):
        raise DeclarationError(f'{cls.__name__} needs a code in capitals: CODE = "OUT_OF_STOCK".')
    _MARKED.add(cls)
    return cls


def is_user_error(cls: ErrorClass) -> bool:
    """Whether mutations may answer with a class: `@user_error` stands above this very one."""
    return cls in _MARKED


@user_error
class InvalidInput(UserError):
    """A value breaks a rule of its field."""

    CODE = "INVALID_INPUT"


@user_error
class NotSignedIn(UserError):
    """Only those who have signed in may do this."""

    CODE = "UNAUTHENTICATED"


@user_error
class SignInFailed(UserError):
    """The e-mail address, the password or the token is not right, or may not be used any more."""

    CODE = "SIGN_IN_FAILED"


@user_error
class TooManyAttempts(UserError):
    """Somebody tried a password, or asked whether an address is taken, too often; it helps to wait."""

    CODE = "RATE_LIMITED"

    retry_after_seconds: int = strawberry.field(description="Seconds to wait.")

    def __init__(self, message: str, place: Place, *, retry_after_seconds: int) -> None:
        super().__init__(message, place)
        self.retry_after_seconds = retry_after_seconds


@user_error
class Forbidden(UserError):
    """The viewer may see this, but not do it."""

    CODE = "FORBIDDEN"


@user_error
class NotFound(UserError):
    """There is no such object, or not for this viewer."""

    CODE = "NOT_FOUND"


@user_error
class AlreadyExists(UserError):
    """A value that must be unique is taken."""

    CODE = "ALREADY_EXISTS"


@user_error
class StillReferenced(UserError):
    """Other objects refer to this one, so it cannot be deleted."""

    CODE = "STILL_REFERENCED"


@user_error
class VersionConflict(UserError):
    """Somebody has changed the object since the version of `ifVersion`."""

    CODE = "VERSION_CONFLICT"

    current_version: int = strawberry.field(description="The version that the object has now.")

    def __init__(self, message: str, place: Place, *, current_version: int) -> None:
        super().__init__(message, place)
        self.current_version = current_version


@user_error
class InvalidState(UserError):
    """The object is not in a state in which this can be done."""

    CODE = "INVALID_STATE"


@user_error
class IdempotencyConflict(UserError):
    """The idempotency key was used before, for something else."""

    CODE = "IDEMPOTENCY_CONFLICT"


@user_error
class Undone(UserError):
    """Another change of the same `@atomic` operation was not done, and so nothing of this one was kept."""

    CODE = "UNDONE"

    cause: str = strawberry.field(description="The change that was not done, by its name in the answer.")

    def __init__(self, message: str, place: Place, *, cause: str) -> None:
        super().__init__(message, place)
        self.cause = cause


class Rejected(Exception):
    """Work ends here, and is undone; the client gets these errors."""

    def __init__(self, *errors: UserError) -> None:
        self.errors = errors
        super().__init__("; ".join(error.message for error in errors))


def no_such(what: str, place: Place) -> NotFound:
    """`NotFound` for an object that does not exist, or not for this viewer: the client cannot tell which."""
    return NotFound(f"There is no such {what}; it may have been deleted. Use an id that you can still read.", place)


def undone(cause: str) -> Undone:
    """`Undone` because of the change that has this name in the answer."""
    return Undone(
        f"Nothing was changed, because `{cause}` was not done; mend that, and send all again.", (), cause=cause
    )


def not_yours(what: str, place: Place) -> Forbidden:
    """`Forbidden` for an object that the viewer may read but not change."""
    return Forbidden(f"This {what} belongs to somebody else; you may read it, but not change it.", place)
