"""User errors: why a mutation did not do what a client asked, as values in the payload.

A message, a place in the input and the error's own data enter; objects of the schema leave. Work raises `Rejected` with
some of them: everything that the work did is undone, and the client finds the errors under `errors`. `code` is stable;
the message may change. Our own faults never become user errors. A mutation's module may have errors of its own: a class
of `UserError` under `@user_error`.
"""

from typing import ClassVar, TypeAlias, TypeVar

import strawberry

Place: TypeAlias = tuple[str | int, ...]
"""Where in the arguments a value stands: `("input", "lines", 0, "quantity")`."""


@strawberry.interface(description="Why a mutation did not do what was asked. Nothing was changed, unless it says so.")
class UserError:
    """The base of everything that stands under `errors`."""

    CODE: ClassVar[str]

    message: str = strawberry.field(description="What is wrong and how to mend it, for people.")
    code: str = strawberry.field(description="What is wrong, for programs; it never changes.")
    path: list[str] = strawberry.field(
        description="Where in the arguments the cause stands; numbers count from 0.",
    )

    def __init__(self, message: str, place: Place) -> None:
        self.message = message
        self.code = self.CODE
        self.path = [str(part) for part in place]


ErrorT = TypeVar("ErrorT", bound=UserError)

_TYPES: dict[str, type[UserError]] = {}


def user_error(cls: type[ErrorT]) -> type[ErrorT]:
    """Make a class of `UserError` a type of the schema; the docstring is the description."""
    # Strawberry makes dataclasses, whose constructor would take `code` and `path`. One that stands in the class itself
    # is kept: https://docs.python.org/3/library/dataclasses.html#dataclasses.dataclass
    cls.__init__ = cls.__init__  # type: ignore[method-assign]  # no object has been made yet
    made = strawberry.type(cls, description=cls.__doc__)
    _TYPES[made.__name__] = made
    return made


def error_types() -> tuple[type[UserError], ...]:
    """Every error that a mutation may answer with. The schema lists them, for no field names them."""
    return tuple(_TYPES.values())


def error_type(name: str) -> type[UserError]:
    """The error type of this name. Raises `KeyError`."""
    return _TYPES[name]


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
    """Somebody tried too often; it helps to wait."""

    CODE = "RATE_LIMITED"

    retry_after_s: int = strawberry.field(description="Seconds to wait.")

    def __init__(self, message: str, place: Place, *, retry_after_s: int) -> None:
        super().__init__(message, place)
        self.retry_after_s = retry_after_s


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
    """Somebody else has changed the object since the version that `ifVersion` names."""

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


class Rejected(Exception):
    """Work ends here, and is undone; the client gets these errors."""

    def __init__(self, *errors: UserError) -> None:
        self.errors = errors
        super().__init__("; ".join(error.message for error in errors))


def no_such(what: str, place: Place) -> NotFound:
    """`NotFound` for an object that does not exist, or not for this viewer: the client cannot tell which."""
    return NotFound(f"There is no such {what}; it may have been deleted. Use an id that you can still read.", place)


def not_yours(what: str, place: Place) -> Forbidden:
    """`Forbidden` for an object that the viewer may read but not change."""
    return Forbidden(f"This {what} belongs to somebody else; you may read it, but not change it.", place)
