"""The functions of `db.functions` give the same answers on all databases."""

import json
import sys
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Select, Text, bindparam, create_engine, event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import JSON_DOCUMENT
from db.characters import fold
from db.characters import without_accents as without
from db.dialects import dialect_of
from db.dialects.mariadb_texts import IDEOGRAPHS
from db.functions import (
    fold_case,
    json_at,
    json_contains,
    json_has_key,
    json_kind,
    json_order,
    json_path,
    json_sorted,
    json_text,
    json_written,
    without_accents,
)
from db.session.engines import Engines
from tests.databases import WITH_MARIADB, DatabaseServers, settings_for

Pairs: TypeAlias = list[tuple[Any, Any]]

KEYS = st.sampled_from(["a", "b", "aa", "ab", "é", "0", "-1", " 1", "+1", "--1", "٣", "", "1.0"])
NUMBERS = (
    st.integers(-3, 3) | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.just(1e23)
)
TEXTS = KEYS | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


TWICE = {chr(code) for ideographs in IDEOGRAPHS for code in ideographs}
"""Chinese characters that MariaDB is not asked to put into their usual form: docs/mariadb.md."""

DOCUMENT = bindparam("document", type_=JSON_DOCUMENT)
ARGUMENT = bindparam("argument", type_=Text())


class Databases(NamedTuple):
    """All at once, to compare what they say."""

    sqlite: Connection
    servers: Sequence[AsyncConnection]

    async def agree(self, question: Select[Any], document: Any, argument: str = "") -> Any:
        """The one answer of all."""
        values = {"document": document, "argument": argument}
        on_sqlite = self.sqlite.scalar(question, values)
        for server in self.servers:
            there = await server.scalar(question, values)
            assert _in_doubles(on_sqlite) == _in_doubles(there), (server.dialect.name, values)
        return on_sqlite


def _in_doubles(value: Any) -> Any:
    """JSONB writes 1e23 out, digit by digit; the text on SQLite stays as it was written. It is one number."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.fixture
async def databases(database_servers: DatabaseServers) -> AsyncIterator[Databases]:
    sqlite = create_engine("sqlite://")
    event.listen(sqlite, "connect", lambda connection, _: dialect_of("sqlite").prepare(connection))
    with sqlite.connect() as here:
        async with on_servers(database_servers) as there:
            yield Databases(here, there)
    sqlite.dispose()


@asynccontextmanager
async def on_servers(servers: DatabaseServers) -> AsyncIterator[Sequence[AsyncConnection]]:
    """Connections to an empty database on each server of this run."""
    async with AsyncExitStack() as stack:
        databases = [stack.enter_context(servers.postgresql().blank())]
        if WITH_MARIADB:
            databases.append(stack.enter_context(servers.mariadb().blank()))
        connections = []
        for database in databases:
            engines = Engines(settings_for(database))
            stack.push_async_callback(engines.dispose)
            connections.append(await stack.enter_async_context(engines.reading().connect()))
        yield connections


many_examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many_examples
@given(st.lists(st.tuples(DOCUMENTS, DOCUMENTS), min_size=5, max_size=20))
async def test_json_order_means_what_postgresql_says(databases: Databases, pairs: Pairs) -> None:
    for left, right in pairs:
        await databases.agree(select(json_order(DOCUMENT, ARGUMENT)), left, json.dumps(right))


@many_examples
@given(st.lists(st.tuples(DOCUMENTS, DOCUMENTS), min_size=5, max_size=20))
async def test_json_is_sorted_as_postgresql_sorts(databases: Databases, pairs: Pairs) -> None:
    """Between kinds, too; null is none."""
    left, right = (json_sorted(json_at(DOCUMENT, json_path([place]))) for place in ("0", "1"))
    for pair in pairs:
        is_less = await databases.agree(select(left < right), pair)
        assert (is_less is None) is (None in pair)


@many_examples
@given(st.lists(st.tuples(DOCUMENTS, DOCUMENTS), min_size=5, max_size=20))
async def test_json_contains_means_what_postgresql_says(databases: Databases, pairs: Pairs) -> None:
    for whole, part in pairs:
        await databases.agree(select(json_contains(DOCUMENT, ARGUMENT)), whole, json.dumps(part))


@many_examples
@given(st.lists(st.tuples(DOCUMENTS, st.lists(KEYS, max_size=3)), min_size=5, max_size=20))
async def test_json_at_means_what_postgresql_says(databases: Databases, pairs: Pairs) -> None:
    for document, keys in pairs:
        part = json_at(DOCUMENT, ARGUMENT)
        for question in (select(part), select(json_kind(part)), select(json_text(part))):
            await databases.agree(question, document, json_path(keys))


@many_examples
@given(st.lists(st.tuples(DOCUMENTS, KEYS), min_size=5, max_size=20))
async def test_json_has_key_means_what_postgresql_says(databases: Databases, pairs: Pairs) -> None:
    for document, key in pairs:
        await databases.agree(select(json_has_key(DOCUMENT, ARGUMENT)), document, key)


async def test_every_letter_is_folded_alike_on_all_databases_and_in_python(databases: Databases) -> None:
    # Letters since Unicode 3.2, which every server and every Python knows; nothing is said of those that came later.
    letters = " ".join(map(chr, range(1, sys.maxunicode))).encode(errors="ignore").decode()
    known = "".join(letter for letter in letters if unicodedata.ucd_3_2_0.category(letter) != "Cn")
    assert await databases.agree(select(fold_case(ARGUMENT)), None, known) == fold(known)


@pytest.mark.parametrize("word", ["Straße", "ÀÉÎÕÜ", "ΟΔΟΣ", "ПРИВЕТ", "İstanbul", "ǅ", "ﬀ", "ẞ", "100 %", ""])
async def test_fold_case_means_the_same_on_all_databases_and_in_python(databases: Databases, word: str) -> None:
    assert await databases.agree(select(fold_case(ARGUMENT)), None, word) == fold(word)


async def test_every_letter_loses_its_accents_alike_on_all_databases_and_in_python(databases: Databases) -> None:
    letters = " ".join(map(chr, range(1, sys.maxunicode))).encode(errors="ignore").decode()
    known = "".join(
        letter
        for letter in letters
        if unicodedata.ucd_3_2_0.category(letter) != "Cn" and not (WITH_MARIADB and letter in TWICE)
    )
    assert await databases.agree(select(without_accents(ARGUMENT)), None, known) == without(known)


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("Crème Brûlée", "Creme Brulee"),
        ("Cre\u0301me", "Creme"),
        ("Ёлка, Ἀθῆναι, Việt", "Елка, Αθηναι, Viet"),
        ("שָׁלוֹם مَرْحَبًا", "שלום مرحبا"),
        ("smørrebrød Łódź Straße", "smørrebrød Łodz Straße"),
        ("กี่ हिन्दी がぱ 각", "กี่ हिन्दी がぱ 각"),
        ("ABC 100 %", "ABC 100 %"),
        ("", ""),
    ],
)
async def test_accents_are_what_people_leave_out(databases: Databases, word: str, bare: str) -> None:
    assert await databases.agree(select(without_accents(ARGUMENT)), None, word) == without(word) == bare


async def test_a_missing_document_has_no_parts(databases: Databases) -> None:
    for function in (json_at, json_order, json_contains):
        assert await databases.agree(select(function(DOCUMENT, ARGUMENT)), None, "[]") is None
    assert await databases.agree(select(json_has_key(DOCUMENT, ARGUMENT)), None, "a") is None
    assert await databases.agree(select(json_kind(DOCUMENT)), None) is None


async def test_a_null_in_a_document_is_a_part_and_a_missing_key_is_none(databases: Databases) -> None:
    kind = select(json_kind(json_at(DOCUMENT, ARGUMENT)))
    assert await databases.agree(kind, {"a": None}, json_path(["a"])) == "null"
    assert await databases.agree(kind, {"a": None}, json_path(["b"])) is None


async def test_values_with_quotes_stay_values(databases: Databases) -> None:
    quoted = {"a'b\"c": "'; DROP TABLE posts; --"}
    assert await databases.agree(select(json_at(DOCUMENT, ARGUMENT)), quoted, json_path(["a'b\"c"])) == quoted["a'b\"c"]


@many_examples
@given(st.lists(DOCUMENTS, min_size=5, max_size=20))
async def test_equal_parts_are_written_alike(databases: Databases, parts: list[Any]) -> None:
    """Whatever the order of keys: each document is compared with itself, turned round."""
    is_same = json_written(json_at(DOCUMENT, json_path(["0"]))) == json_written(json_at(DOCUMENT, json_path(["1"])))
    for part in parts:
        assert await databases.agree(select(is_same), [part, _turned(part)]) is (None if part is None else True)


def _turned(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _turned(part[key]) for key in reversed(part)}
    return list(map(_turned, part)) if isinstance(part, list) else part
