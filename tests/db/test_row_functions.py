"""A function of the database over a whole row is a field as any other: shown, filtered, ordered, grouped, in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import ForeignKey, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.relations import Visibility
from db.row_functions import row_function
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings
from tests.databases import Database
from tests.entity.serving import Api, Sample, fill, settings_of

FUNCTIONS = (
    """
    CREATE FUNCTION "People_full name"(people) RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT $1.first || ' ' || $1.last $$
    """,
    "CREATE FUNCTION count(people) RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT length($1.last)::bigint $$",
)


class Base(DeclarativeBase):
    """The models of this module."""


class PersonRow(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(Text)
    last: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    parent: Mapped[PersonRow | None] = relationship(back_populates="children", remote_side=[id], lazy="raise")
    children: Mapped[list[PersonRow]] = relationship(back_populates="parent", lazy="raise")

    full_name = row_function("People_full name", Text(), schema="public", doc="Both names.")


@entity(PersonRow)
class Person(Node):
    """Somebody."""

    first: str
    full_name: str | None
    parent: Person | None
    children: Connection[Person]


ROWS = [
    {"id": 1, "first": "Ada", "last": "Zuse", "parent_id": None},
    {"id": 2, "first": "Bo", "last": None, "parent_id": 1},
    {"id": 3, "first": "Cy", "last": "Yau", "parent_id": 1},
    {"id": 4, "first": "Di", "last": "Xu", "parent_id": 3},
]
PEOPLE = Sample("people", Base.metadata, lambda _scale: {PersonRow: ROWS}, query_type(Person))


@pytest.fixture
async def people(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, PEOPLE)
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        for function in FUNCTIONS:
            await connection.execute(text(function))
    yield Api(Schema(PEOPLE.query, Settings.model_construct()), engines)
    await engines.dispose()


@pytest.mark.postgresql
async def test_a_function_of_a_row_is_shown_filtered_ordered_and_grouped(people: Api) -> None:
    found = await people.ask(
        """
        {
          all: people(orderBy: [{fullName: DESC}], first: 3) { nodes { fullName } pageInfo { endCursor } }
          some: people(where: {fullName: {startsWith: "Ad"}}) {
            nodes { first children(orderBy: [{fullName: ASC}], first: 1) { totalCount nodes { fullName } } }
          }
          of: people(where: {parent: {fullName: {eq: "Cy Yau"}}}) { nodes { first parent { fullName } } }
          with: people(where: {children: {some: {fullName: {eq: "Cy Yau"}}}}) { nodes { first } }
          peopleAggregate { max { fullName } }
        }
        """
    )
    assert [node["fullName"] for node in found["all"]["nodes"]] == ["Di Xu", "Cy Yau", "Ada Zuse"]
    assert found["some"]["nodes"] == [
        {"first": "Ada", "children": {"totalCount": 2, "nodes": [{"fullName": "Cy Yau"}]}}
    ]
    assert found["of"]["nodes"] == [{"first": "Di", "parent": {"fullName": "Cy Yau"}}]
    assert found["with"]["nodes"] == [{"first": "Ada"}]
    assert found["peopleAggregate"]["max"]["fullName"] == "Di Xu"
    rest = await people.ask(
        "query ($c: String) { people(orderBy: [{fullName: DESC}], first: 3, after: $c) { nodes { fullName } } }",
        c=found["all"]["pageInfo"]["endCursor"],
    )
    assert rest["people"]["nodes"] == [{"fullName": None}]


@pytest.mark.postgresql
async def test_it_tells_nothing_of_values_that_a_viewer_may_not_see(people: Api) -> None:
    hidden = {"last": lambda row: row.id > 3}
    visible = Visibility(lambda _model: None, lambda _model: hidden)
    result = await people.schema.execute(
        """
        {
          people(orderBy: [{fullName: DESC}, {first: ASC}]) { nodes { first fullName } }
          found: people(where: {fullName: {contains: "a"}}) { totalCount }
        }
        """,
        context_value=ContextFactory(people.engines, visible=visible),
    )
    assert result.errors is None
    assert result.data == {
        "people": {
            "nodes": [
                {"first": "Di", "fullName": "Di Xu"},
                *({"first": first, "fullName": None} for first in ("Ada", "Bo", "Cy")),
            ]
        },
        "found": {"totalCount": 0},
    }


@pytest.mark.postgresql
async def test_python_has_no_value_for_it() -> None:
    with pytest.raises(AttributeError, match="is computed by the database"):
        _ = PersonRow(id=1).full_name
