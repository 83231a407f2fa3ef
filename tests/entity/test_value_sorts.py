"""Claims about orders by more than a stored value: texts without case and by language, parts of JSON, chance."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from strawberry.scalars import JSON

from graph.context import ContextFactory
from graph.entity import Connection, Node, entity, query_type
from graph.entity.value_sorts import MAX_STEPS_IN_JSON
from graph.errors import InvalidCursor, code_of
from graph.masking import for_client
from tests.databases import SQLiteDatabases, StatementRecorder
from tests.entity.conftest import Filled
from tests.entity.serving import Api, Rows, Sample, fill, serve


class Base(DeclarativeBase):
    """The base of these models alone."""


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    jars: Mapped[list[Jar]] = relationship(back_populates="shelf", lazy="raise", order_by="Jar.id")


class Jar(Base):
    __tablename__ = "jars"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    random: Mapped[int]
    content: Mapped[Any | None] = mapped_column(sqlalchemy.JSON)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))

    shelf: Mapped[Shelf] = relationship(back_populates="jars", lazy="raise")


@entity(Shelf, plural="shelves")
class ShelfType(Node):
    """A shelf."""

    name: str
    jars: Connection[JarType]


@entity(Jar, plural="jars")
class JarType(Node):
    """A jar."""

    name: str | None
    random: int
    content: JSON | None
    shelf: ShelfType


NAMES = ("b", "B", "ä", "Ä", "a", "Z", "", None, "ss", "ß", "Σ", "σ")  # noqa: RUF001 - Greek, on purpose

PARTS: tuple[Any, ...] = (
    [],  # in front of all
    *("", "10", "9", "a", "aa", "b", "ä"),
    *(Decimal("-1e30"), -1.5, -1, Decimal("-0.25"), 0, Decimal("0.1"), 0.25, 1, Decimal("1.05"), 9, 10),
    *(12345678901234567890123, Decimal("1e40")),
    *(False, True),
    *(["z"], [0], [1, 1], [2, 0]),
    *({}, {"aa": 0}, {"b": 1}, {"b": 2}, {"a": 1, "b": "x"}, {"a": 1, "b": 0}),
)
"""Parts of JSON in their order; of objects with as many keys, those with other keys and values."""


def rows(_scale: int) -> Rows:
    """Every name and every part on one of two shelves, and documents without the part."""
    contents: list[Any] = [{"at": {"x": [part]}} for part in PARTS]
    contents += [None, {}, {"at": {"x": [None]}}, {"at": 5}, "text"]
    return {
        Shelf: [{"id": 1, "name": "top"}, {"id": 2, "name": "Bottom"}],
        Jar: [
            {
                "id": number + 1,
                "name": NAMES[number % len(NAMES)],
                "random": -number,
                "content": content,
                "shelf_id": 1 + number % 2,
            }
            for number, content in enumerate(contents)
        ],
    }


JARS = Sample("jars", Base.metadata, rows, query_type(ShelfType, JarType))
COUNT = len(PARTS) + 5


@pytest.fixture
async def api(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(JARS, dialect), JARS) as api:
        yield api


PAGE = """
query ($orderBy: [JarTypeSort!], $first: Int, $after: String, $last: Int, $before: String) {
  jars(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes { id name content } pageInfo { endCursor startCursor hasNextPage hasPreviousPage }
  }
}
"""


async def whole(api: Api, *order: dict[str, Any]) -> list[Any]:
    """All jars in an order, which must be the same page by page, forward and backward."""
    found: list[Any] = (await api.ask(PAGE, orderBy=order, first=100))["jars"]["nodes"]
    assert len(found) == COUNT
    for size, after, has_more, cursor in (("first", "after", "hasNextPage", "endCursor"), BACKWARD):
        walked: list[Any] = []
        end = None
        while True:
            page = (await api.ask(PAGE, **{"orderBy": order, size: 7, after: end}))["jars"]
            walked = walked + page["nodes"] if size == "first" else page["nodes"] + walked
            assert len(walked) <= COUNT
            if not page["pageInfo"][has_more]:
                break
            end = page["pageInfo"][cursor]
        assert walked == found
    return found


BACKWARD = ("last", "before", "hasPreviousPage", "startCursor")


def number_of(jar: Any, jars: list[Any]) -> int:
    return next(place for place, other in enumerate(jars) if other["id"] == jar["id"])


async def test_texts_are_ordered_without_their_case(api: Api) -> None:
    for direction, is_reversed in (("ASC", False), ("DESC", True)):
        found = await whole(api, {"byText": {"name": {"ignoreCase": True, "direction": direction}}})
        names = [jar["name"] for jar in found]
        folded = [name.lower() for name in names if name is not None]
        assert folded == sorted(folded, reverse=is_reversed)
        assert names[len(folded) :] == [None] * (COUNT - len(folded))
        assert {"b", "B"} < set(names)
    plain = await whole(api, {"byText": {"name": {}}}, {"id": "ASC"})
    assert plain == await whole(api, {"name": "ASC"}, {"id": "ASC"})


async def test_parts_of_json_are_ordered_as_what_they_are(api: Api) -> None:
    """The same order on every database: PostgreSQL's own, and no value of one kind between those of another."""
    found = await whole(api, {"content": {"at": ["at", "x", "0"]}})
    assert [jar["content"]["at"]["x"][0] for jar in found[: len(PARTS)]] == json.loads(json.dumps(PARTS, default=float))
    without = found[len(PARTS) :]
    assert [jar["id"] for jar in without] == [
        jar["id"] for jar in sorted(without, key=lambda jar: number_of(jar, found))
    ]
    backward = await whole(api, {"content": {"at": ["at", "x", "0"], "direction": "DESC_NULLS_FIRST"}})
    assert backward == found[::-1]


async def test_an_order_by_chance_is_one_order_for_each_seed(both_jars: dict[str, Api]) -> None:
    orders = {}
    for name, api in both_jars.items():
        found = [[jar["id"] for jar in await whole(api, {"_random_": {"seed": seed}})] for seed in (1, 2)]
        again = [jar["id"] for jar in await whole(api, {"_random_": {"seed": 1}})]
        assert again == found[0] != found[1]
        assert sorted(found[0]) == sorted(found[1])
        assert found[0] != [jar["id"] for jar in await whole(api)]
        orders[name] = found
    assert orders["sqlite"] == orders["postgresql"]
    by_column = await whole(both_jars["sqlite"], {"random": "ASC"})
    assert by_column == (await whole(both_jars["sqlite"]))[::-1]  # the model's own `random` keeps its name


@pytest.fixture
async def both_jars(filled: Filled) -> AsyncIterator[dict[str, Api]]:
    sqlite, postgresql = await filled(JARS, "sqlite"), await filled(JARS, "postgresql")
    async with serve(sqlite, JARS) as first, serve(postgresql, JARS) as second:
        yield {"sqlite": first, "postgresql": second}


async def test_what_a_relation_leads_to_is_ordered_by_the_same_words(api: Api, statements: StatementRecorder) -> None:
    shelf = {"shelf": {"byText": {"name": {"ignoreCase": True}}}}
    with statements() as seen:
        found = (await api.ask(PAGE, orderBy=[shelf, {"id": "ASC"}], first=100))["jars"]["nodes"]
    assert len(seen) == 1
    plain = (await api.ask(PAGE, orderBy=[{"id": "ASC"}], first=100))["jars"]["nodes"]
    assert found == [*plain[1::2], *plain[::2]]  # Bottom, then top
    for order in ("{_random_: {seed: 3}}", '{content: {at: ["at", "x", "0"]}}'):
        below = f"{{ shelves {{ nodes {{ jars(first: 3, orderBy: [{order}]) {{ nodes {{ id content }} }} }} }} }}"
        everything = f"{{ jars(first: 100, orderBy: [{order}]) {{ nodes {{ id content shelf {{ id }} }} }} }}"
        all_jars = (await api.ask(everything))["jars"]["nodes"]
        ids = sorted({jar["shelf"]["id"] for jar in all_jars})
        for id_, page in zip(ids, (await api.ask(below))["shelves"]["nodes"], strict=True):
            own = [{"id": jar["id"], "content": jar["content"]} for jar in all_jars if jar["shelf"]["id"] == id_]
            assert page["jars"]["nodes"] == own[:3]


REFUSED = {
    '{byText: {name: {locale: "klingon"}}}': "`locale` is 'klingon'; name a language",
    '{shelf: {byText: {name: {locale: "x\\"y"}}}}': "`locale` is 'x\"y'; name a language",
    f"{{content: {{at: {json.dumps(['a'] * (MAX_STEPS_IN_JSON + 1))}}}}}": "`at` has 51 steps; it must have at most",
}


async def test_what_cannot_be_ordered_by_is_refused_with_the_cure(api: Api, dialect: str) -> None:
    refused = dict(REFUSED)
    if dialect == "sqlite":
        of_no_language = "This database puts texts in order by the rules of no language; leave `locale` out."
        refused = {order: said if "locale" not in order else of_no_language for order, said in refused.items()}
    for order, said in refused.items():
        (error,) = await api.errors(f"{{ jars(orderBy: [{order}]) {{ nodes {{ id }} }} }}")
        assert error.startswith(said)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_texts_are_ordered_by_language_where_the_server_knows_it(api: Api) -> None:
    """A server without ICU knows none, and says so as it does of Klingon, which is nowhere."""

    async def names(locale: str) -> list[str | None]:
        order = [{"byText": {"name": {"locale": locale}}}]
        variables = {"orderBy": order, "first": 100}
        result: Any = await api.schema.execute(PAGE, variables, context_value=ContextFactory(api.engines))
        said = [error.message for error in for_client(result.errors or [])]
        assert all(message.startswith("The database does not know the rules of a language") for message in said)
        return [] if said else [jar["name"] for jar in result.data["jars"]["nodes"]]

    assert await names("tlh") == []
    swedish, german = await names("sv"), await names("de-AT")
    if swedish:
        assert swedish.index("Z") < swedish.index("ä")
        assert german.index("a") < german.index("ä") < german.index("b") < german.index("B")


async def test_a_cursor_that_was_made_up_is_a_place_or_refused(api: Api) -> None:
    order = [{"content": {"at": ["at"]}}]
    page = await api.ask(PAGE, orderBy=order, first=1)
    cursor = page["jars"]["pageInfo"]["endCursor"]
    assert cursor
    digest = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    for part in ("{", "[" * 100_000, "[]", "null", '"x', "1e5", "NaN", ""):
        made_up = urlsafe_b64encode(json.dumps([digest, part, 1]).encode()).decode().rstrip("=")
        result = await api.ask(PAGE, orderBy=order, first=3, after=made_up)
        assert "jars" in result
    no_texts: tuple[Any, ...] = (5, [], {}, True)
    for no_text in no_texts:
        made_up = urlsafe_b64encode(json.dumps([digest, no_text, 1]).encode()).decode().rstrip("=")
        (error,) = await api.errors(PAGE, orderBy=order, first=3, after=made_up)
        assert error == str(InvalidCursor("after"))


@pytest.fixture
async def spoilt(_sqlite: SQLiteDatabases, tmp_path: Path) -> AsyncIterator[Api]:
    """Jars, of which one holds no JSON."""
    database = _sqlite.blank(tmp_path)
    await fill(database, JARS)
    async with serve(database, JARS) as api:
        async with api.engines.writing().begin() as connection:
            await connection.execute(sqlalchemy.text("UPDATE jars SET content = '{' WHERE id = 3"))
        yield api


async def test_a_text_that_is_no_json_has_no_place_and_is_no_fault_of_ours(spoilt: Api) -> None:
    for asked in ('orderBy: [{content: {at: ["at"]}}]', 'where: {content: {path: [{at: ["at"], eq: 3}]}}'):
        query = f"{{ jars({asked}) {{ nodes {{ id }} }} }}"
        result: Any = await spoilt.schema.execute(query, context_value=ContextFactory(spoilt.engines))
        (error,) = for_client(result.errors)
        assert code_of(error) == "NOT_COMPUTABLE"
