"""What can go wrong, as a tree.

`ClientError` and below are for the client to read: each keeps its data and writes its own sentence, with the cure.
Everything else is our own fault: the client gets an id, the log gets the rest (docs/decisions/0005-masked-errors.md).
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from graphql import GraphQLError

from db.unreadable import UnreadableValue

SIMILAR = 0.8
"""How much of a variable's name has to be right for a suggestion: they all begin alike."""


class TrellisError(Exception):
    """The root of the tree."""


class DeclarationError(TrellisError):
    """A type does not fit its model. Raised when the module is imported, before anything is served."""


class UnknownAttribute(DeclarationError):
    """A type declares a field that its model does not have."""

    def __init__(self, type_name: str, field: str, model: str, known: Iterable[str]) -> None:
        close = get_close_matches(field, known, n=1)
        hint = f"did you mean {close[0]!r}? Or " if close else ""
        super().__init__(
            f"{type_name}.{field}: the model {model} has no such attribute; {hint}"
            "give the field a resolver with @computed."
        )


class UnknownNeed(DeclarationError):
    """A field needs a column that its model does not have."""

    def __init__(self, type_name: str, field: str, need: str, model: str, known: Iterable[str]) -> None:
        close = get_close_matches(need, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(sorted(known))}."
        super().__init__(f"{type_name}.{field} needs {need!r}; the model {model} has no such column: {hint}")


class MismatchedType(DeclarationError):
    """A type declares a field otherwise than its model."""

    def __init__(self, type_name: str, field: str, declared: str, actual: str) -> None:
        super().__init__(f"{type_name}.{field} is declared as {declared}; the model says {actual}. Declare that.")


class InvalidName(DeclarationError):
    """A name that GraphQL does not take."""

    def __init__(self, what: str, name: str, cure: str) -> None:
        super().__init__(
            f"{what} would be called {name!r} in the schema. GraphQL takes English letters, digits and _, no digit"
            f" first, and keeps names with __ in front for itself; choose another name: {cure}."
        )


class EqualNames(DeclarationError):
    """Two types of the schema have one name."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}. Beside every entity stand types that are made for it: …Filter, …Sort, …Group, …Edge and others. "
            "Rename the class that has such a name."
        )


class UnknownEntity(DeclarationError):
    """A relationship leads to a type that was never declared."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"No entity is called {name!r}. Declare it with @entity and import its module in graph/schema.py. "
            f"Known: {', '.join(sorted(known)) or 'none'}."
        )


class NoKeyOfRows(DeclarationError):
    """Something finds or names rows that have no key."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is a Row: nothing tells its rows apart, so none is found, referred to or written by itself. Use it"
            " as a list; or, if its rows have a key after all, declare it a Node."
        )


class WrittenView(DeclarationError):
    """A change of the rows of a view is declared."""

    def __init__(self, name: str, model: str) -> None:
        super().__init__(
            f"{name} shows a view, {model}, whose rows are computed. Declare the change for the table that holds the"
            f" rows, or a @mutation of its own that writes there."
        )


class InvalidPolicy(DeclarationError):
    """It is not said clearly who may see the rows or a value of a model."""


class ColumnNotLoaded(TrellisError):
    """A resolver read a column that it had not declared."""

    def __init__(self, type_name: str, attribute: str) -> None:
        super().__init__(
            f"{type_name}.{attribute} was not loaded. Declare it where you read it: @computed(needs=[{attribute!r}])."
        )


class MissingService(TrellisError):
    """A resolver asked for a service that the application was not given."""

    def __init__(self, name: str) -> None:
        super().__init__(f"This application has no {name}. Give one to it where it is made: services=[{name}(…)].")


class NoSessionBetweenEvents(TrellisError):
    """What yields the events of a subscription asked for a session, which would be held as long as it waits."""

    def __init__(self) -> None:
        super().__init__(
            "What yields events has no session: it would hold a connection for as long as nothing happens. Read inside"
            " of `async with info.context.reading() as context`, with `context.session`, and leave the block before"
            " `yield`; or yield a reference to a row, which is read with what is selected of it."
        )


class NoKey(TrellisError):
    """There is nothing to sign access tokens with."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"The key in {file}, which signs access tokens, cannot be used: {reason}. Set TRELLIS_TOKEN_KEYS, or let"
            " the server write and read that file."
        )


class CannotStart(TrellisError):
    """Why a server does not start; the text is for whoever starts it."""


class NoSharedKey(CannotStart):
    """Several machines sign access tokens, and each would make a key of its own."""

    def __init__(self) -> None:
        super().__init__(
            "TRELLIS_TOKEN_KEYS is empty, and TRELLIS_SEVERAL_MACHINES says that others serve, too, which would not"
            " believe the tokens of this one. Set it to the same for all; make one with `openssl rand -base64 48`."
        )


class UnknownVariable(CannotStart):
    """The environment has variables that look like settings and are none."""

    def __init__(self, names: Iterable[str], known: Sequence[str]) -> None:
        super().__init__("\n".join(_unknown_variable(name, known) for name in names))


def _unknown_variable(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name.upper(), known, n=1, cutoff=SIMILAR)
    hint = f"did you mean {close[0]}? Correct it, or unset it." if close else "unset it. docs/settings.md lists all."
    return f"{name} is no setting of this server; {hint}"


def code_of(error: GraphQLError) -> str | None:
    """What kind of error it is, for programs."""
    code: str | None = (error.extensions or {}).get("code")
    return code


class ClientError(GraphQLError, TrellisError):
    """The client can do something about it. `code` is stable; the sentence may change."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class IllFormed(ClientError):
    """What was sent is no request of GraphQL."""

    code = "BAD_REQUEST"


class PersistedQueryNotSupported(ClientError):
    """A document was named that is not sent along, and none are kept here.

    Clients know the message and the code, and send the document from then on.
    Source: https://www.apollographql.com/docs/apollo-server/performance/apq
    """

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class InvalidFilter(ClientError):
    """A comparison that says nothing, or cannot be made."""

    code = "INVALID_FILTER"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")


class InvalidPage(ClientError):
    """`first` and `last` do not say which rows are meant."""

    code = "INVALID_PAGE"


class InvalidGrouping(ClientError):
    """Something that rows cannot be grouped by, or that groups cannot be put in order by."""

    code = "INVALID_GROUPING"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")


class InvalidLookUp(ClientError):
    """A look-up by no key, or by several."""

    code = "INVALID_LOOK_UP"


class Withheld(ClientError):
    """A value, or a row, that the viewer may not see, in a place that cannot be null."""

    code = "FORBIDDEN"

    def __init__(self, type_name: str, field: str) -> None:
        super().__init__(f"You may not see {type_name}.{field} of this object; leave the field out.")


class UnreadableField(ClientError):
    """A value that the database holds, and that its field cannot show."""

    code = "UNREADABLE_VALUE"

    def __init__(self) -> None:
        super().__init__(str(UnreadableValue()))


class UnfitValue(ClientError):
    """A value that the database cannot take for what it is compared with or written to."""

    def __init__(self) -> None:
        super().__init__(
            "A value of this operation is not of the kind that its column holds, or does not fit into it; send another."
        )


class InvalidCursor(ClientError):
    """A cursor of another ordering, or none of ours."""

    code = "INVALID_CURSOR"

    def __init__(self, argument: str) -> None:
        super().__init__(f"`{argument}` is not a cursor of this ordering; start again without it.", argument=argument)


class InvalidId(ClientError):
    """A global id that names nothing."""

    code = "INVALID_ID"

    def __init__(self, given: str) -> None:
        shown = given if len(given) <= 40 else given[:40] + "…"
        super().__init__(f"{shown!r} is not an id of this API; use an `id` that it gave you.")


class TooCostly(ClientError):
    """The operation, or a batch of operations, asks for more than one request may."""

    code = "TOO_COSTLY"

    def __init__(self, what: str, needed: int, allowed: int, asked: str = "operation") -> None:
        cure = (
            "Ask for less in filters and in sorting: fewer parts of texts, relations and counts."
            if what == "work"
            else "Ask for smaller pages, fewer levels or fewer fields."
        )
        first, *others = what.split()
        key = first + "".join(map(str.title, others))
        super().__init__(
            f"This {asked} may need {needed} {what}; {allowed} are allowed. {cure}",
            **{key: needed, "allowed": allowed},
        )


class AnswerTooLarge(ClientError):
    """The answer has grown beyond what one may have: known while the operation runs, which ends with it."""

    code = TooCostly.code

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"The answer has more than {allowed} bytes, which are allowed. Ask for smaller pages, fewer levels, fewer"
            " or shorter names, or fewer long texts. Changes that were asked for may have been made.",
            allowed=allowed,
        )


class ErrorsLeftOut(ClientError):
    """So many fields have failed that not all of their errors are told."""

    code = "ERRORS_LEFT_OUT"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"{number} more values are null because of errors that are not told; mend those above, and ask again.",
            number=number,
        )


class Unnamed(ClientError):
    """Stands for the error of a field where thousands have failed: its own would only take memory."""

    code = ErrorsLeftOut.code

    def __init__(self) -> None:
        super().__init__("Thousands of values have errors, this one too; mend the first, and ask again.")


class InvalidDoctor(ClientError):
    """`extensions.doctor` is not one of its forms."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(
            f"`extensions.doctor` is true, or an object with some of {', '.join(known)}, each true or false; send that."
        )


class DoctorRefused(ClientError):
    """Somebody asks for the statements of an operation who may not see them."""

    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__(
            "`extensions.doctor` is for those who run this server, if it is for anybody: leave it out, or sign in as"
            " one of them. On your own server, TRELLIS_DOCTOR says who may ask."
        )


class Unauthenticated(ClientError):
    """The request says who sent it, and that is not so, or not any more. Which part is wrong is not told."""

    code = "UNAUTHENTICATED"

    def __init__(self, cookie: str | None = None) -> None:
        self.cookie = cookie
        """The name of the cookie that is wrong, for the browser to forget: its page cannot get rid of it."""
        super().__init__("These credentials are not valid, or not any more; sign in again, or send none.")


class CrossSite(ClientError):
    """A request with our cookie that another site may have made a browser send."""

    code = "CSRF"

    def __init__(self, header: str) -> None:
        super().__init__(
            f"A request with a cookie must come from this site; send the header {header} along, or a token instead of"
            " the cookie."
        )


class InvalidPassword(ClientError):
    """A text that cannot become a password."""

    code = "INVALID_PASSWORD"

    def __init__(self, characters: int, at_least: int, at_most: int) -> None:
        super().__init__(f"A password has {at_least} to {at_most} characters; this one has {characters}.")


class TooManyAttempts(ClientError):
    """Somebody tries to sign in too often."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            f"Too many attempts; try again in {retry_after_s} second{'s' if retry_after_s > 1 else ''}.",
            retryAfter=retry_after_s,
        )


class Stopped(ClientError):
    """The server stops, and could not wait for the operation to end."""

    code = "SHUTTING_DOWN"

    def __init__(self) -> None:
        super().__init__(
            "The server stops, and what you asked for was cut short. Ask again; send a mutation again with the"
            " idempotency key that it had."
        )


class RateLimited(ClientError):
    """Somebody asks for too much in too short a time."""

    code = "RATE_LIMITED"

    def __init__(self, points: int, retry_after_s: int) -> None:
        super().__init__(
            f"You have asked for much of late, and this request takes {points} point{'s' if points > 1 else ''};"
            f" try again in {retry_after_s} second{'s' if retry_after_s > 1 else ''}, or ask for less at once.",
            points=points,
            retryAfter=retry_after_s,
        )


class Overloaded(ClientError):
    """There is no place, or no connection, left to answer with."""

    code = "OVERLOADED"

    def __init__(self, retry_after_s: int = 1) -> None:
        self.retry_after_s = retry_after_s
        super().__init__("The server is busy; try again in a moment.", retryAfter=retry_after_s)


class Undeclared(ClientError):
    """A user error that its mutation does not declare, so that no type of the payload has a place for it.

    The client reads the same sentence and the same code; the log says what to declare.
    """

    def __init__(self, mutation: str, error: str, code: str, message: str, place: Iterable[str]) -> None:
        self.mutation = mutation
        self.error = error
        self.code = code
        super().__init__(message, input=list(place))

    @property
    def cure(self) -> str:
        """What to do about it, for us."""
        return f"{self.mutation} answers with {self.error}, which it does not declare; add it to the mutation's errors."


class Unexpected(GraphQLError):
    """What a client sees of our own fault: an id that the log repeats, and nothing else."""

    def __init__(self, error_id: str, original: GraphQLError | None = None) -> None:
        super().__init__(
            f"Something went wrong on our side. If you report it, mention {error_id}.",
            nodes=original.nodes if original else None,
            path=original.path if original else None,
            extensions={"code": "INTERNAL_SERVER_ERROR", "id": error_id},
        )
