"""Natural keys that are taken get a number where a client asks so: on a noun with a short column, not of the house."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from sqlalchemy import String, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.session.engines import Engines
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import SIGNED_IN, Crud, mutation_type, with_right
from tests.databases import Database, StatementRecorder
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema
from tests.writing.library import EDITOR

PAGE = "page { name }"


class Base(DeclarativeBase):
    """Without a naming convention."""


class PageRow(Base):
    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(8), unique=True)
    title: Mapped[str] = mapped_column(String(40), unique=True)


@entity(PageRow, keys=["name"])
class Page(Node):
    name: str
    title: str


def _name_of(values: Mapping[str, Any]) -> str:
    return str(values["title"]).split(":")[0].lower()[:8]


pages = Crud(Page, ["name", "title"], may=with_right(SIGNED_IN), defaults={"name": _name_of})
SCHEMA = Schema(query_type(Page), Settings.model_construct(), mutation=mutation_type([pages.create]))


class AskingPages(AskingSchema):
    """Asks this schema."""

    schema = SCHEMA

    async def fill(self, *names: str) -> None:
        """Pages of these names."""
        async with self.engines.writing().begin() as connection:
            await connection.execute(insert(PageRow), [{"name": name, "title": name} for name in names])

    async def make(self, title: str, **values: Any) -> str:
        """The name of a new page that takes a number if it has to."""
        payload = await self.do("createPage", {"title": title, "onTakenName": "APPEND_NUMBER"} | values, PAGE)
        assert payload["errors"] == []
        return str(payload["page"]["name"])


@pytest.fixture
async def ask(blank_database: Database) -> AsyncIterator[AskingPages]:
    """No pages yet."""
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield AskingPages(engines, EDITOR)
    await engines.dispose()


async def test_a_taken_name_gets_the_first_number_that_is_free(ask: AskingPages) -> None:
    assert [await ask.make(f"Rose: {number}") for number in range(3)] == ["rose", "rose-2", "rose-3"]
    assert await ask.make("Tulip", name="rose") == "rose-4"  # given, and not made up
    await ask.fill("tulip", "tulip-3")
    assert await ask.make("Tulip: 2") == "tulip-2"


async def test_unasked_or_against_another_rule_nothing_is_numbered(ask: AskingPages) -> None:
    await ask.make("Rose: 1")
    for values in ({"title": "Rose: 2"}, {"title": "Rose: 2", "onTakenName": "REJECT"}):
        assert await ask.refused("createPage", values, PAGE) == [("AlreadyExists", ("input", "name"))]
    same_title = {"title": "Rose: 1", "onTakenName": "APPEND_NUMBER"}
    assert await ask.refused("createPage", same_title, PAGE) == [("AlreadyExists", ("input", "title"))]


async def test_a_name_is_shortened_so_that_its_number_fits(ask: AskingPages) -> None:
    assert [await ask.make(f"Delphinium: {number}") for number in range(2)] == ["delphini", "delphi-2"]
    assert await ask.make("Other", name="sunny-day"[:8]) == "sunny-da"
    assert await ask.make("Another", name="sunny-da") == "sunny-2"  # not sunny--2


async def test_the_first_of_many_is_found_in_few_statements(ask: AskingPages, statements: StatementRecorder) -> None:
    await ask.fill("a", *(f"a-{number}" for number in range(2, 1_001)))
    with statements() as seen:
        assert await ask.make("A: 2") == "a-1001"
    # up to 16, then powers of two; between 512 and 1024 in steps of 16 and of 1; the row; read back
    assert len(seen) == 3 + 1 + 1, seen
    with statements() as seen:
        assert await ask.make("B") == "b"
    assert len(seen) == 1 + 1 + 1, seen


async def test_all_who_want_a_name_at_once_get_one(ask: AskingPages) -> None:
    names = await asyncio.gather(*(ask.make(f"Rose: {number}") for number in range(12)))
    assert len(set(names)) == 12
    assert all(name.startswith("rose") for name in names)
