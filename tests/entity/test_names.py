"""Names that people's tables have: words of Python and of GraphQL, signs, and those of types that are made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from graphql import build_schema
from sqlalchemy import ForeignKey, Integer, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import Connection, Node, Schema, entity, named, query_type
from graph.settings import Settings
from graph.writing import ANYBODY, Crud, mutation_type
from tests.entity.conftest import Filled
from tests.entity.serving import Api, Sample, serve


class Base(DeclarativeBase):
    pass


class ClassRow(Base):
    """A table with a word of Python for a name, in a form that has to be quoted, and a key of another name."""

    __tablename__ = "Order Lines"

    key: Mapped[int] = mapped_column("the key", primary_key=True)
    node: Mapped[str] = mapped_column("no%de", String(20), doc="A node.")
    metadata_: Mapped[int | None] = mapped_column("metadata")
    count: Mapped[int] = mapped_column("count(*)")
    query: Mapped[str | None] = mapped_column('a "b"', String(20))
    self: Mapped[int | None]
    info: Mapped[date | None]
    naïve: Mapped[int] = mapped_column("naïve:x")
    Name_: Mapped[str | None] = mapped_column("Name", String(20))
    a_b: Mapped[int | None] = mapped_column("a_b")
    aB: Mapped[int | None] = mapped_column("aB")  # noqa: N815 - as people have it
    number_id: Mapped[int | None] = mapped_column("id", Integer)
    parent_key: Mapped[int | None] = mapped_column(ForeignKey("Order Lines.the key"))

    parent: Mapped[ClassRow | None] = relationship(remote_side=[key], back_populates="children", lazy="raise")
    children: Mapped[list[ClassRow]] = relationship(back_populates="parent", lazy="raise")


@entity(ClassRow, plural="import")
class Class(Node):
    """Whose look-up is `class`, and whose list is `import`."""

    node: str
    metadata_: int | None = named("metadata")
    count: int
    query: str | None
    self: int | None
    info: date | None
    naïve: int = named("naive")
    Name_: str | None
    a_b: int | None
    aB: int | None = named("upper")  # noqa: N815 - as in the model
    number_id: int | None = named("rowId")
    parent: Class | None = named("above")
    children: Connection[Class] = named("class")


def rows(scale: int) -> Any:
    return {
        ClassRow: [
            {
                "key": key,
                "node": f"n{key % 3}",
                "metadata_": key % 2 or None,
                "count": key * 10,
                "query": None if key % 4 else "%",
                "self": key % 5,
                "info": date(2026, 1, key % 28 + 1),
                "naïve": key % 3,
                "Name_": f"N{key}",
                "a_b": key,
                "aB": -key,
                "number_id": 100 - key,
                "parent_key": key // 2 or None,
            }
            for key in range(1, 12 * scale)
        ]
    }


NAMES = Sample("names", Base.metadata, rows, query_type(Class))

DOCUMENT = """
query ($where: ClassFilter, $orderBy: [ClassSort!]) {
  import(where: $where, orderBy: $orderBy) {
    nodes { node metadata count query self info naive Name_ aB upper rowId above { rowId } class { totalCount } }
    totalCount
    aggregate {
      max { metadata naive upper rowId }
      groupBy(by: [{value: NAIVE}, {value: ROW_ID}, {value: ABOVE}], having: {max: {upper: {gte: -4}}}) { nodes {
        count key { naive rowId above { rowId } } } } }
  }
}
"""


@pytest.fixture
async def api(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(NAMES, dialect), NAMES) as api:
        yield api


async def test_names_of_all_kinds_are_shown_filtered_ordered_and_grouped_by(api: Api) -> None:
    held = await api.rows(select(ClassRow.key, ClassRow.naïve, ClassRow.parent_key, ClassRow.aB))
    where = {"naive": {"gte": 1}, "rowId": {"lt": 99}, "class": {"some": {"upper": {"lt": 0}}}}
    found = await api.ask(DOCUMENT, where=where, orderBy=[{"above": {"rowId": "ASC"}}, {"upper": "ASC"}])
    parents = {parent for _, _, parent, _ in held}
    expected = [row for row in held if row[1] >= 1 and row[0] > 1 and row[0] in parents]
    page = found["import"]
    assert page["totalCount"] == len(expected) == 3
    assert {node["rowId"] for node in page["nodes"]} == {100 - row[0] for row in expected}
    last = page["nodes"][-1]
    assert last == {
        "node": "n2",
        "metadata": None,
        "count": 20,
        "query": None,
        "self": 2,
        "info": "2026-01-03",
        "naive": 2,
        "Name_": "N2",
        "aB": 2,
        "upper": -2,
        "rowId": 98,
        "above": {"rowId": 99},
        "class": {"totalCount": 2},
    }
    assert page["aggregate"]["groupBy"]["nodes"] == [
        {"count": 1, "key": {"naive": row[1], "rowId": 100 - row[0], "above": {"rowId": 100 - row[2]}}}
        for row in sorted(expected, key=lambda row: (row[1], -row[0]))
        if row[3] >= -4
    ]


async def test_a_word_of_python_is_a_name_at_the_root(api: Api) -> None:
    (first,) = (await api.ask("{ import(first: 1) { edges { node { id rowId } } } }"))["import"]["edges"]
    found = await api.ask(
        "query ($id: ID!) { class(id: $id) { rowId } importAggregate { count } }", id=first["node"]["id"]
    )
    assert found == {"class": {"rowId": first["node"]["rowId"]}, "importAggregate": {"count": 11}}


async def test_types_that_are_made_step_aside_for_nouns() -> None:
    """`UserGroup` is a noun, so groups of users are called otherwise; `PriceListFilter` filters price lists."""

    class Own(DeclarativeBase):
        pass

    def noun(name: str) -> type[Any]:
        columns = {"__tablename__": f"{name.lower()}s", "id": mapped_column(Integer, primary_key=True)}
        columns["size"] = mapped_column(Integer)
        model = type(f"{name}Row", (Own,), columns)
        return entity(model)(type(name, (Node,), {"__annotations__": {"size": int | None}, "__module__": __name__}))

    nouns = [noun(name) for name in ("User", "UserGroup", "UserRows", "Price", "PriceList", "PriceListFilter")]
    schema = build_schema(Schema(query_type(*nouns), Settings.model_construct()).as_str())
    for name, of in {
        "UserGroup": "size",
        "UserRowsRowsGroup": "key",
        "UserRowsGroup": "key",
        "PriceListFilter": "size",
        "PriceListRowsFilter": "size",
        "PriceRowsSort": None,
        "PriceSort": "size",
    }.items():
        found: Any = schema.get_type(name)
        assert (found is None) if of is None else of in found.fields, name


async def test_inputs_of_changes_have_the_names_of_the_type() -> None:
    class Own(DeclarativeBase):
        pass

    class BookRow(Own):
        __tablename__ = "books"

        id: Mapped[int] = mapped_column(primary_key=True)
        heading: Mapped[str] = mapped_column(String(10))

    @entity(BookRow)
    class Book(Node):
        heading: str = named("title")

    crud = Crud(Book, ["heading"], may=lambda _viewer, _row: True, create=ANYBODY)
    mutation = mutation_type([crud.create(), crud.update(), crud.create_many()])
    schema = build_schema(Schema(query_type(Book), Settings.model_construct(), mutation=mutation).as_str())
    for name, fields in {
        "CreateBookInput": {"title"},
        "UpdateBookInput": {"id", "title"},
        "CreateBooksRow": {"title"},
    }.items():
        found: Any = schema.get_type(name)
        assert set(found.fields) == fields
