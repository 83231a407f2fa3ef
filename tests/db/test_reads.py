"""What can be told of a statement before it is sent: its tables, and whether it hangs on who asks."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from db import models
from db.relations import details_of, reads_of, viewer_claim, viewer_id
from db.row_functions import Called
from db.views import VIEW

POST, USER = aliased(models.Post), aliased(models.User)
BILLS = Table("bills", MetaData(), Column("id", Integer), schema="billing")
LATEST = Table("latest", MetaData(), Column("id", Integer), info=dict(VIEW))


class Hits(FunctionElement[Any]):
    """A table of somebody's own."""

    inherit_cache = True


class ToldHits(FunctionElement[Any]):
    """One that says what it reads."""

    inherit_cache = True
    reads = frozenset({"posts"})


class Base(DeclarativeBase):
    """Without a naming convention."""


class Single(Base):
    __tablename__ = "singles"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    __mapper_args__: Any = {"polymorphic_on": "kind"}  # noqa: RUF012 - the name and the form are SQLAlchemy's


KNOWN: list[tuple[Any, set[str]]] = [
    (select(models.Post.id), {"posts"}),
    (select(POST.id).join(USER, POST.author_id == USER.id), {"posts", "users"}),
    (select(POST.id).where(POST.author_id.in_(select(USER.id))), {"posts", "users"}),
    (select(POST.id).where(exists().where(USER.id == POST.author_id)), {"posts", "users"}),
    (select(POST.id).where(POST.tags.any()), {"posts", "post_tags", "tags"}),
    (select(select(func.count(USER.id)).scalar_subquery()), {"users"}),
    (
        select(POST.id).order_by(select(USER.name).where(USER.id == POST.author_id).scalar_subquery()),
        {"posts", "users"},
    ),
    (select(select(models.User.id).cte("c")), {"users"}),
    (select(models.User.id).union_all(select(models.Tag.id)), {"users", "tags"}),
    (select(BILLS.c.id), {"billing.bills"}),
    (select(func.lower(models.User.name), func.row_number().over()), {"users"}),
    (select(models.User.id).limit(literal_column("3")), {"users"}),
    (select(column("id")).select_from(ToldHits().alias("hits")), {"posts"}),
    (select(aliased(Single).id), {"singles"}),
]
UNKNOWN: list[Any] = [
    text("SELECT 1"),
    select(text("1")).select_from(models.User),
    select(LATEST.c.id),
    select(table("anything", column("id"))),
    select(literal_column("(SELECT max(id) FROM posts)")),
    select(func.my_own_function(models.User.id)),
    select(Called("lower", {"text": String()}).call({"text": "A"})),
    select(column("id")).select_from(Hits().alias("hits")),
    "no statement at all",
]


@pytest.mark.parametrize(("statement", "tables"), KNOWN)
def test_tables_are_found_wherever_they_stand(statement: Any, tables: set[str]) -> None:
    found = reads_of(statement)
    assert (set(found.tables), found.of_viewer, found.is_known) == (tables, False, True)


@pytest.mark.parametrize("statement", UNKNOWN)
def test_what_may_read_anything_is_not_known(statement: Any) -> None:
    assert not reads_of(statement).is_known


def test_whoever_asks_is_found_in_conditions() -> None:
    by_id = select(POST.id).where(POST.id.in_(select(models.Post.id).where(models.Post.author_id == viewer_id())))
    by_claim = select(POST.id).where(POST.slug == viewer_claim("org", String()))
    assert [reads_of(it).of_viewer for it in (by_id, by_claim, select(POST.id))] == [True, True, False]


AGAIN = aliased(models.Post)
COLUMNS: list[tuple[Any, dict[str, set[str]] | None, set[str]]] = [
    (select(POST.id).where(POST.title == "x").order_by(POST.slug), {"posts": {"id", "title", "slug"}}, {"posts"}),
    (select(func.count()).select_from(POST), {"posts": set()}, {"posts"}),
    (
        select(POST.id).join(USER, POST.author_id == USER.id),
        {"posts": {"id", "author_id"}, "users": {"id"}},
        {"posts", "users"},
    ),
    (
        select(POST.id).where(exists().where(USER.id == POST.author_id)),
        {"posts": {"id", "author_id"}, "users": {"id"}},
        {"posts", "users"},
    ),
    (select(POST.id).where(exists().where(AGAIN.slug == POST.title)), {"posts": {"id", "slug", "title"}}, set()),
    (select(models.Post.id), {"posts": {"id"}}, set()),
    (select(select(POST.title).subquery().c.title), {"posts": {"title"}}, {"posts"}),
    (select(POST.id).limit(literal_column("3")), {"posts": {"id"}}, {"posts"}),
    (select(literal_column("title")).select_from(POST), None, {"posts"}),
    (select(column("id")).select_from(ToldHits().alias("hits")), None, set()),
    (text("SELECT 1"), None, set()),
]


@pytest.mark.parametrize(("statement", "columns", "once"), COLUMNS)
def test_columns_are_found_wherever_they_stand(statement: Any, columns: Any, once: set[str]) -> None:
    found = details_of(statement)
    assert (None if found.columns is None else {table: set(it) for table, it in found.columns.items()}) == columns
    assert set(found.once) == once


def test_an_entity_is_all_of_its_columns() -> None:
    found = details_of(select(USER)).columns
    assert found is not None
    assert found["users"] == {column.name for column in models.User.__table__.columns}
