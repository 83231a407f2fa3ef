"""Texts in databases of every locale that the server has: the same rows are found everywhere, as in SQLite.

The law of case: docs/decisions/0019-texts-without-their-case.md. Order is not asked about: a locale is for that.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress

import asyncpg
import pytest

from db.characters import fold
from tests.databases import Database, PostgreSQLDatabases, SQLiteDatabases
from tests.entity.serving import Api, fill, global_id, serve
from tests.entity.spellings import SPELLINGS, WORDS, Word

LOCALES = {
    "C": "LOCALE 'C'",
    "C.UTF-8": "LOCALE 'C.UTF-8'",
    "en_US": "LOCALE 'en_US.UTF-8'",
    "tr_TR": "LOCALE 'tr_TR.UTF-8'",
    "builtin": "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    "unicode fast": "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LOCALE 'C'",
    "ICU und": "LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C'",
    "ICU tr-TR": "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'",
    "ICU de": "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'",
    "ICU lt": "LOCALE_PROVIDER icu ICU_LOCALE 'lt' LOCALE 'C'",
}
"""By name, what CREATE DATABASE is told. A server has some of them; the first two are on every server."""

OWN = ("C", "C.utf8", "ucs_basic", "pg_unicode_fast", "tr-x-icu", "lt-x-icu", "no_case")
"""Collations that a column may have of its own, where the server has them."""

NO_CASE = """
    CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)
"""

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eqIgnoreCase": lambda value, asked: fold(value) == fold(asked),
    "containsIgnoreCase": lambda value, asked: fold(asked) in fold(value),
    "startsWithIgnoreCase": lambda value, asked: fold(value).startswith(fold(asked)),
    "endsWithIgnoreCase": lambda value, asked: fold(value).endswith(fold(asked)),
    "contains": lambda value, asked: asked in value,
    "startsWith": lambda value, asked: value.startswith(asked),
    "endsWith": lambda value, asked: value.endswith(asked),
}

ASKED = (*WORDS, "Στ", "σ", "ς", "İs", "ISTAN", "B ", "_", "%", "/")  # noqa: RUF001 - letters that look alike, on purpose


@pytest.fixture(scope="module")
def everywhere(
    _sqlite: SQLiteDatabases, _postgresql: PostgreSQLDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Database]]:
    """A database with every spelling, of each locale that the server has by the locale's name, and one on SQLite."""
    with ExitStack() as stack:
        made = {"SQLite": _sqlite.blank(tmp_path_factory.mktemp("locales"))}
        for name, locale in LOCALES.items():
            try:
                made[name] = stack.enter_context(_postgresql.in_locale(locale))
            except asyncpg.PostgresError:
                continue  # the server does not have it
        assert made.keys() >= {"SQLite", "C", "C.UTF-8"}
        for database in made.values():
            asyncio.run(fill(database, SPELLINGS))
        yield made


async def agrees(api: Api, field: str, operator: str) -> None:
    """Ask one operator about every word."""
    parts = [
        f"a{n}: words(first: 100, where: {{{field}: {{{operator}: $v{n}}}}}) {{ nodes {{ id }} }}" for n in range(9)
    ]
    variables = ", ".join(f"$v{n}: String!" for n in range(9))
    document = f"query ({variables}) {{ {' '.join(parts)} }}"
    for start in range(0, len(ASKED), 9):
        asked = [ASKED[(start + n) % len(ASKED)] for n in range(9)]
        found = await api.ask(document, **{f"v{n}": word for n, word in enumerate(asked)})
        for n, word in enumerate(asked):
            fitting = [global_id(Word, id_) for id_, value in enumerate(WORDS, 1) if OPERATORS[operator](value, word)]
            assert [node["id"] for node in found[f"a{n}"]["nodes"]] == fitting, (operator, word)


async def test_a_locale_changes_nothing_of_what_is_found(
    everywhere: dict[str, Database], subtests: pytest.Subtests
) -> None:
    for name, database in everywhere.items():
        async with serve(database, SPELLINGS) as api:
            for operator in OPERATORS:
                with subtests.test(name, operator=operator):
                    await agrees(api, "text", operator)


async def test_a_column_with_a_collation_or_a_case_of_its_own_is_looked_through_as_any_other(
    everywhere: dict[str, Database], subtests: pytest.Subtests
) -> None:
    database = everywhere["C"]
    for type_ in await _own_types(database):
        await _change(database, f"ALTER TABLE words ALTER COLUMN long TYPE {type_}")
        async with serve(database, SPELLINGS) as api:
            for operator in OPERATORS:
                with subtests.test(type_, operator=operator):
                    await agrees(api, "long", operator)
            with subtests.test(type_):
                await _pages_and_groups(api)
    await _change(database, "ALTER TABLE words ALTER COLUMN long TYPE text")


async def _own_types(database: Database) -> list[str]:
    """The types that a column of texts may have on this server."""
    with suppress(asyncpg.PostgresError):  # a server without ICU
        await _change(database, NO_CASE)
    await _change(database, "CREATE EXTENSION citext")
    names = {row["collname"] for row in await _change(database, "SELECT collname FROM pg_collation")}
    return [f'text COLLATE "{name}"' for name in OWN if name in names] + ["citext"]


async def _change(database: Database, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement)
    finally:
        await connection.close()
    return found


async def _pages_and_groups(api: Api) -> None:
    """Whatever the column takes for equal: pages meet each row once, and what is grouped is all of them."""
    page = "words(orderBy: [{long: DESC}], first: 7, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }"
    document = f"query ($after: String) {{ {page} }}"
    after, seen, more = None, [], True
    while more:
        found = (await api.ask(document, after=after))["words"]
        seen += [node["id"] for node in found["nodes"]]
        more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
    assert sorted(seen) == sorted(global_id(Word, number) for number, _ in enumerate(WORDS, 1))
    asked = (
        "{ wordsAggregate { min { long } groupBy(by: [{value: LONG}], first: 100) { nodes { count key { long } } } } }"
    )
    groups = (await api.ask(asked))["wordsAggregate"]["groupBy"]["nodes"]
    assert sum(group["count"] for group in groups) == len(WORDS)
    for word in WORDS:
        parts = f"eq: {json.dumps(word)}, in: [{json.dumps(word)}], lte: {json.dumps(word)}, gte: {json.dumps(word)}"
        found = await api.ask(f"{{ words(first: 100, where: {{long: {{{parts}}}}}) {{ nodes {{ long }} }} }}")
        assert word in [node["long"] for node in found["words"]["nodes"]]
