"""What a session refuses, and how it ends before its time. Each error says what to do instead."""


class DeadlineExceeded(Exception):
    """A statement, or the operation that it belongs to, took longer than it may.

    `note` tells what has become of a change.
    """

    def __init__(self, timeout_s: float, what: str = "", note: str = "") -> None:
        self.timeout_s = timeout_s
        which = "operation" if what else "statement"
        super().__init__(
            f"{what or 'The database'} took longer than {timeout_s:g} s; ask for less, or raise the {which} timeout."
            + (f" {note}" if note else "")
        )


class Unreachable(OSError):
    """The system says that the database cannot be reached, or not any more."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The database cannot be reached: {error or type(error).__name__}")


class Silent(Unreachable):
    """Nothing comes from the database any more, and nothing says why."""

    def __init__(self) -> None:
        super().__init__(TimeoutError("nothing comes from it"))


class OutdatedView(Exception):
    """A view of the database finds nothing in a table that has been rewritten since, whatever was in it.

    Source: https://www.postgresql.org/docs/current/mvcc-caveats.html
    """

    def __init__(self) -> None:
        super().__init__("A table was rewritten while this was read; read it again.")


class ChangeKept(Exception):
    """The connection was lost after a change was committed, and before what it has made was read."""

    def __init__(self) -> None:
        super().__init__("The change is kept, but the database did not answer when its result was read. Look there.")


class OutcomeUnknown(Exception):
    """The connection was lost, or the time was up, while a change was being committed: it may be kept or not."""

    def __init__(self) -> None:
        super().__init__(
            "Nobody knows whether this change was kept: the database did not answer when it was committed. Send it"
            " again with the same idempotency key; without one, look first."
        )


class SessionClosed(Exception):
    """A statement came after the operation had ended."""

    def __init__(self) -> None:
        super().__init__("The session of this operation is closed; load what you need before the response is made.")


class ManagedTransaction(Exception):
    """A resolver asked to begin or to end a transaction, which is not for resolvers to do."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(
            f"`{method}` is not for resolvers: a mutation commits once, at its end. Raise an error to undo all of it;"
            " use `begin_nested` for a part that may fail."
        )


class ReadOnlyOperation(Exception):
    """A change outside of a mutation."""

    def __init__(self) -> None:
        super().__init__(
            "This would change the database, and nothing here may: a query only reads, and a mutation changes rows in"
            " the work that `session.write` is given. Move the change there."
        )


class RowsWithoutKey(Exception):
    """Objects were asked for of rows that nothing tells apart."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"The rows of {model} have no key, so they cannot be loaded as objects: equal ones would be one, and some"
            f" would be None. Select columns: select({model}.a, {model}.b)."
        )


class ChangeUndone(Exception):
    """The database has undone a change instead of keeping it."""

    def __init__(self) -> None:
        super().__init__(
            "The database has undone this change: a statement of it failed, and the work has caught the error."
            " Put what may fail into `begin_nested`."
        )


def told(error: Exception) -> Exception:
    """An error of whoever has asked the database, in our words where it is the system's."""
    if not isinstance(error, OSError) or isinstance(error, Unreachable):
        return error
    said = Unreachable(error)
    said.__cause__ = error
    return said
