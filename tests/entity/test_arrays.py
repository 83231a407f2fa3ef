"""Arrays: of several dimensions, with nulls, with other beginnings, and with what a driver reads badly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import ARRAY, Integer, text
from sqlalchemy.dialects.postgresql import CITEXT, REGCLASS
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.kinds import DatabaseText
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import ANYBODY, Crud, mutation_type
from tests.databases import Database
from tests.entity.serving import Api, settings_of

pytestmark = pytest.mark.postgresql


class Base(DeclarativeBase):
    pass


class BoardRow(Base):
    __tablename__ = "boards"

    id: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[list[int | None]] | None] = mapped_column(ARRAY(Integer, dimensions=2))
    sizes: Mapped[list[int | None] | None] = mapped_column(ARRAY(Integer))
    words: Mapped[list[str | None] | None] = mapped_column(ARRAY(CITEXT))
    about: Mapped[DatabaseText | None] = mapped_column(REGCLASS)


@entity(BoardRow, plural="boards")
class Board(Node):
    """A board."""

    cells: list[list[int | None]] | None
    sizes: list[int | None] | None
    words: list[str | None] | None
    about: DatabaseText | None


boards = Crud(Board, ["cells", "sizes", "words", "about"], may=lambda _viewer, _row: True, create=ANYBODY)
SCHEMA = Schema(query_type(Board), Settings.model_construct(), mutation=mutation_type([boards.create]))
ALL = "cells sizes words about"


@pytest.fixture
async def api(blank_database: Database) -> AsyncIterator[Api]:
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as writing:
        await writing.execute(text("CREATE EXTENSION citext"))
        await writing.run_sync(Base.metadata.create_all)
    yield Api(SCHEMA, engines)
    await engines.dispose()


async def create(api: Api, **row: Any) -> Any:
    document = f"""mutation ($input: CreateBoardInput!) {{
      createBoard(input: $input) {{ board {{ {ALL} }} errors {{ ... on UserError {{ message }} }} }}
    }}"""
    context = ContextFactory(api.engines, viewer=Viewer(1, frozenset()))
    result = await api.schema.execute(document, {"input": row}, context_value=context)
    assert not result.errors, result.errors
    assert result.data is not None
    made = result.data["createBoard"]
    return made["board"] or made["errors"][0]["message"]


async def found(api: Api, where: str) -> list[Any]:
    """What rows hold that a filter finds, through SQLAlchemy and past it."""
    for _ in range(2):
        nodes = (await api.ask(f"{{ boards(where: {where}) {{ nodes {{ {ALL} }} }} }}"))["boards"]["nodes"]
    return [next(value for value in node.values() if value is not None) for node in nodes]


async def test_arrays_of_two_dimensions_are_lists_of_lists(api: Api) -> None:
    cells = [[1, None], [3, 4]]
    assert (await create(api, cells=cells))["cells"] == cells
    assert (await create(api, cells=[]))["cells"] == []
    assert "one length" in await create(api, cells=[[1], [2, 3]])
    for where in ("eq: [[1, null], [3, 4]]", "contains: [4, 1]", "length: {eq: 4}", "gt: [[1, 2]]", "overlaps: [9, 3]"):
        assert await found(api, f"{{cells: {{{where}}}}}") == [cells], where
    for where in ("eq: [[1], [null], [3], [4]]", "contains: [7]"):
        assert await found(api, f"{{cells: {{{where}}}}}") == [], where
    assert await api.errors("{ boards(where: {cells: {eq: [[1], [2, 3]]}}) { totalCount } }") == [
        "list: lists inside of a list are of one length; make them so."
    ]


async def test_arrays_of_other_dimensions_than_declared_cost_their_field_alone(api: Api) -> None:
    await rows(api, "INSERT INTO boards (sizes, cells) VALUES ('{{1,2},{3,4}}', '{5,6}'), ('{7}', '{{8}}')")
    document = "{ boards { nodes { sizes cells } } }"
    result = await api.schema.execute(document, None, context_value=ContextFactory(api.engines))
    assert result.data == {"boards": {"nodes": [{"sizes": None, "cells": None}, {"sizes": [7], "cells": [[8]]}]}}
    assert [error.path for error in result.errors or []] == [
        ["boards", "nodes", 0, "sizes"],
        ["boards", "nodes", 0, "cells"],
    ]


async def test_pages_lead_over_arrays_wherever_they_begin(api: Api) -> None:
    await rows(
        api,
        "INSERT INTO boards (sizes) VALUES ('[0:1]={1,2}'), ('{1,2}'), ('[5:6]={1,2}'), ('{{1,2}}'), ('{1,NULL}')",
    )
    page = "query ($after: String) { boards(first: 1, after: $after, orderBy: [{sizes: ASC}]) { edges { cursor } } }"
    seen: list[str] = []
    while edges := (await api.ask(page, after=seen[-1] if seen else None))["boards"]["edges"]:
        seen.append(edges[0]["cursor"])
        assert len(seen) <= 5
    assert len(seen) == 5
    assert await found(api, "{sizes: {eq: [1, 2]}}") == [[1, 2]] * 3
    assert await found(api, "{sizes: {eq: [1, null]}}") == [[1, None]]


async def test_empty_texts_of_types_that_the_driver_reads_as_text_are_read(api: Api) -> None:
    words = ["", None, 'a "b"']
    assert (await create(api, words=words))["words"] == words
    assert await found(api, '{words: {contains: ["", "A \\"B\\""]}}') == [words]


async def test_the_name_of_nothing_is_an_error_of_the_input(api: Api) -> None:
    assert (await create(api, about="boards"))["about"] == "boards"
    for name in ("no_such_table", "no_such_schema.boards", 'a"b'):
        assert "not of the kind that its column holds" in await create(api, about=name)
    assert await found(api, '{about: {eq: "no_such_table"}}') == []
    assert await found(api, '{about: {eq: "boards"}}') == ["boards"]


async def rows(api: Api, sql: str) -> None:
    """Run a statement past the API."""
    async with api.engines.writing().begin() as connection:
        await connection.exec_driver_sql(sql)
