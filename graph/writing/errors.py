"""What a mutation answers when it cannot do what was asked: values in the payload, never exceptions.

Each type keeps its data and writes its own sentence, with the cure. Inside, work raises `Rejected` with some of them:
everything that it did is undone, and the client finds them under `errors`. `code` is stable; the sentence may change.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import strawberry

from graph.viewer import Viewer

Place: TypeAlias = Sequence[str | int]
"""Where in the input something stands: `("input", "lines", 0, "quantity")`."""

_MESSAGE = strawberry.field(description="What is wrong and how to mend it, for people.")
_CODE = strawberry.field(description="What is wrong, for programs; it never changes.")
_PATH = strawberry.field(description="Where in the arguments the cause stands; numbers count from 0.")


@strawberry.interface(description="Why a mutation did not do what was asked. Nothing was changed, unless it says so.")
class UserError:
    """The base of everything that stands under `errors`."""

    message: str = _MESSAGE
    code: str = _CODE
    path: list[str] = _PATH


class _Kind:
    """Fills the interface's fields: the code is the class's own."""

    CODE: ClassVar[str]

    def __init__(self, message: str, place: Place, **data: Any) -> None:
        self.message = message
        self.code = self.CODE
        self.path = [str(part) for part in place]
        self.__dict__.update(data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, {self.path})"


def _kind(cls: type[Any]) -> type[Any]:
    """Make an error type of the schema; its docstring is its description."""
    init = cls.__init__
    made = strawberry.type(cls, description=cls.__doc__)
    made.__init__ = init  # Strawberry makes dataclasses, whose constructor would take `code` and `path`
    return made


@_kind
class InvalidInput(_Kind, UserError):
    """A value breaks a rule of its field."""

    CODE = "INVALID_INPUT"


@_kind
class NotSignedIn(_Kind, UserError):
    """Only those who have signed in may do this."""

    CODE = "UNAUTHENTICATED"


@_kind
class SignInFailed(_Kind, UserError):
    """The e-mail address, the password or the token is not right, or may not be used any more."""

    CODE = "SIGN_IN_FAILED"


@_kind
class TooManyAttempts(_Kind, UserError):
    """Somebody tried too often; it helps to wait."""

    CODE = "RATE_LIMITED"

    retry_after_s: int = strawberry.field(description="Seconds to wait.")


@_kind
class Forbidden(_Kind, UserError):
    """The viewer may see this, but not do it."""

    CODE = "FORBIDDEN"


@_kind
class NotFound(_Kind, UserError):
    """There is no such object, or not for this viewer."""

    CODE = "NOT_FOUND"


@_kind
class AlreadyExists(_Kind, UserError):
    """A value that must be unique is taken."""

    CODE = "ALREADY_EXISTS"


@_kind
class StillReferenced(_Kind, UserError):
    """Other objects refer to this one, so it cannot be deleted."""

    CODE = "STILL_REFERENCED"


@_kind
class VersionConflict(_Kind, UserError):
    """Somebody else has changed the object since the version that `ifVersion` names."""

    CODE = "VERSION_CONFLICT"

    current_version: int = strawberry.field(description="The version that the object has now.")


@_kind
class InvalidState(_Kind, UserError):
    """The object is not in a state in which this can be done."""

    CODE = "INVALID_STATE"


@_kind
class InsufficientFunds(_Kind, UserError):
    """The account does not hold as much."""

    CODE = "INSUFFICIENT_FUNDS"


@_kind
class CurrencyMismatch(_Kind, UserError):
    """The accounts, or the account and the order, have different currencies."""

    CODE = "CURRENCY_MISMATCH"


@_kind
class IdempotencyConflict(_Kind, UserError):
    """The idempotency key was used before, for something else."""

    CODE = "IDEMPOTENCY_CONFLICT"


ERROR_TYPES: tuple[type[Any], ...] = (
    InvalidInput,
    NotSignedIn,
    SignInFailed,
    TooManyAttempts,
    Forbidden,
    NotFound,
    AlreadyExists,
    StillReferenced,
    VersionConflict,
    InvalidState,
    InsufficientFunds,
    CurrencyMismatch,
    IdempotencyConflict,
)
"""Every error that a mutation may answer with: the schema lists them, for no field names them."""


class Rejected(Exception):
    """Work ends here, and is undone; the client gets these errors."""

    def __init__(self, *errors: Any) -> None:
        self.errors: list[Any] = list(errors)
        super().__init__("; ".join(error.message for error in errors))


def no_such(what: str, place: Place) -> Any:
    """`NotFound` for an object that is not there, or not for this viewer: nobody learns which."""
    return NotFound(f"There is no such {what}; it may have been deleted. Use an id that you can still read.", place)


class Right:
    """Who may do something, as far as their roles tell. Called with the viewer, it gives an error or None."""

    def __init__(self, *roles: str, signed_in: bool = True) -> None:
        self.roles = roles
        self.signed_in = signed_in

    def __call__(self, viewer: Viewer) -> Any:
        """Why the viewer may not do it; None if nothing stands against it."""
        if viewer.read_only:
            return Forbidden("This key may only read; use another one to change something.", ())
        if self.signed_in and not viewer.is_known:
            return NotSignedIn("Sign in first: signIn gives a token for the header `Authorization: Bearer …`.", ())
        if self.roles and not viewer.has("admin", *self.roles):
            return Forbidden(f"Only {_listed(self.roles)} may do this.", ())
        return None

    def __str__(self) -> str:
        if self.roles:
            return f"For {_listed(self.roles)}."
        return "For those who have signed in." if self.signed_in else "For everybody."


def _listed(roles: Iterable[str]) -> str:
    names = sorted({*roles, "admin"})
    return " and ".join([", ".join(f"{name}s" for name in names[:-1]), f"{names[-1]}s"]) if names[1:] else "admins"


ANYBODY = Right(signed_in=False)
SIGNED_IN = Right()
ADMINS = Right("admin")
EDITORS = Right("editor")
