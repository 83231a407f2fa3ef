"""The `Session` below a `RequestSession`: entities as SQLAlchemy has them, without a way to end the transaction.

Entities enter and leave. Nothing is flushed outside a change, and nothing commits here: `RequestSession.write` does.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

from sqlalchemy import Executable, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction
from sqlalchemy.sql.dml import UpdateBase

from db.session.errors import ManagedTransaction, ReadOnlyOperation, RowsWithoutKey
from db.views import has_key

Method = TypeVar("Method", bound=Callable[..., Any])


def _reading(method: Method) -> Method:
    """A method of `Session` that takes a statement, which may change something inside a change alone."""

    @wraps(method)
    def checked(self: "GuardedSession", statement: Executable, *given: Any, **named: Any) -> Any:
        if not self.changing and isinstance(statement, UpdateBase):
            raise ReadOnlyOperation
        return method(self, statement, *given, **named)

    return cast(Method, checked)


class GuardedSession(Session):
    """A `Session` that flushes inside a change alone, and never ends a transaction for a resolver."""

    changing = False
    """Whether a change is under way."""

    execute = _reading(Session.execute)
    scalar = _reading(Session.scalar)  # type: ignore[assignment, arg-type]  # https://github.com/python/mypy/issues/20651
    scalars = _reading(Session.scalars)

    def holds_changes(self) -> bool:
        """Whether the session holds what the database does not know."""
        return bool(self.new or self.deleted or any(map(self.is_modified, self.dirty)))

    def changed_tables(self) -> set[str]:
        """The tables of objects that the session holds to be sent. Tables between two others are not among them."""
        objects = (*self.new, *self.deleted, *self.dirty)
        return {getattr(table, "fullname", str(table)) for it in objects for table in inspect(it).mapper.tables}

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send what the session holds. Raises `ReadOnlyOperation` outside a change, if there is anything to send."""
        if not self.changing and self.holds_changes():
            raise ReadOnlyOperation
        super().flush(objects)

    def begin(self, nested: bool = False) -> SessionTransaction:
        """Begin a savepoint. Raises `ManagedTransaction` for anything else."""
        if not nested:
            raise ManagedTransaction("begin")
        return super().begin(nested)

    def commit(self) -> None:
        """Raises `ManagedTransaction`."""
        raise ManagedTransaction("commit")

    def rollback(self) -> None:
        """Raises `ManagedTransaction`."""
        raise ManagedTransaction("rollback")

    def reset(self) -> None:
        """Raises `ManagedTransaction`."""
        raise ManagedTransaction("reset")

    def invalidate(self) -> None:
        """Raises `ManagedTransaction`."""
        raise ManagedTransaction("invalidate")

    def keep_change(self) -> None:
        """Flush, end the session's part of the transaction, and forget every entity."""
        super().commit()
        self.expunge_all()

    def undo_change(self) -> None:
        """End the session's part of the transaction without a flush, and forget every entity."""
        super().rollback()
        self.expunge_all()


@event.listens_for(GuardedSession, "do_orm_execute")
def _refuse_rows_without_key(asked: ORMExecuteState) -> None:
    """Raise `RowsWithoutKey` for objects of rows that nothing tells apart: SQLAlchemy would make one of equal rows."""
    if all(map(has_key, asked.all_mappers)):
        return
    for chosen in getattr(asked.statement, "column_descriptions", ()):
        found = inspect(chosen["expr"], raiseerr=False)
        is_object = getattr(found, "is_mapper", False) or getattr(found, "is_aliased_class", False)
        if is_object and not has_key(found.mapper):
            raise RowsWithoutKey(found.mapper.class_.__name__)
