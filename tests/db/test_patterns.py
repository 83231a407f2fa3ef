"""Patterns find the same texts on all databases, which are those that Python finds; what is dear is refused."""

import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Text, bindparam, create_engine, event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import dialect_of
from db.functions import fold_case, matches
from db.patterns import MAX_CHARACTERS, folded_pattern, pattern
from tests.databases import DatabaseServers
from tests.db.test_functions import on_servers
from tests.entity.laws import tried

LETTERS = "abABäÄßΣσ1 _-\n.]^"  # noqa: RUF001 - Greek is meant
SAFE = LETTERS.translate({ord(letter): None for letter in ".]^-"})


class Both(NamedTuple):
    """A pattern as clients write it, and as Python has it."""

    written: str
    in_python: str


def alike(text: str) -> Both:
    return Both(text, text)


ONES = st.one_of(
    st.sampled_from(SAFE).map(alike),
    st.sampled_from([".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\-", r"\]", r"\n"]).map(alike),
    st.sampled_from(["[ab]", "[^ab]", "[a-b]", "[^A-B1]", r"[\]\^\-]", r"[\d_]", "[a-]", "[ä-ö]", r"[^\s\w]"]).map(
        alike
    ),
    st.sampled_from([Both("^", r"\A"), Both("$", r"\Z")]),
)
COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,}", "*?", "+?", "{2,3}?"])


def repeated(one: Both, count: str) -> Both:
    if one.written in ("^", "$"):
        return one
    return Both(one.written + count, one.in_python + count)


def joined(parts: list[Both], between: str = "") -> Both:
    return Both(between.join(it.written for it in parts), between.join(it.in_python for it in parts))


def sequences(ones: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    return st.lists(st.builds(repeated, ones, COUNTS), max_size=4).map(joined)


def grouped(inner: Both) -> Both:
    return Both(f"({inner.written})", f"(?:{inner.in_python})")


def groups(inner: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    several = st.lists(sequences(inner), min_size=1, max_size=2)
    return several.map(lambda parts: grouped(joined(parts, "|")))


PATTERNS = sequences(st.recursive(ONES, groups, max_leaves=6))
TEXTS = st.lists(st.text(LETTERS, max_size=8), min_size=8, max_size=8)


class Asking:
    def __init__(self, servers: Sequence[AsyncConnection]) -> None:
        self.servers = servers
        self._sqlite = create_engine("sqlite://")
        event.listen(self._sqlite, "connect", lambda connection, _: dialect_of("sqlite").prepare(connection))

    async def __call__(self, words: str, texts: list[str], *, folded: bool = False) -> list[list[bool]]:
        """Which texts each database finds."""

        def test(text: ColumnElement[str]) -> ColumnElement[bool]:
            return matches(fold_case(text) if folded else text, bindparam("pattern", type_=Text()))

        values = {"pattern": words} | {f"text_{number}": text for number, text in enumerate(texts)}
        question = select(*(test(bindparam(f"text_{number}", type_=Text())) for number in range(len(texts))))
        with self._sqlite.connect() as here:
            found = [here.execute(question, values).one()]
        found += [(await server.execute(question, values)).one() for server in self.servers]
        return [list(map(bool, row)) for row in found]


@pytest.fixture
async def ask(database_servers: DatabaseServers) -> AsyncIterator[Asking]:
    async with on_servers(database_servers) as servers:
        yield Asking(servers)


@tried(60)
@given(PATTERNS, TEXTS)
async def test_a_pattern_finds_what_python_finds(ask: Asking, made: Both, texts: list[str]) -> None:
    expected = [re.search(made.in_python, text, re.DOTALL | re.ASCII) is not None for text in texts]
    words = pattern(made.written)
    found = await ask(words.text, texts)
    assert found == [expected] * len(found), words.text
    assert all(expected) or not words.fits_everything


@tried(60)
@given(PATTERNS, TEXTS)
async def test_without_case_a_pattern_finds_what_python_finds(ask: Asking, made: Both, texts: list[str]) -> None:
    meant = re.compile(_ascii_classes(made.in_python), re.DOTALL | re.IGNORECASE)
    expected = [meant.search(text) is not None for text in texts]
    words = folded_pattern(made.written)
    found = await ask(words.text, texts, folded=True)
    assert found == [expected] * len(found), words.text


def _ascii_classes(text: str) -> str:
    """Python's classes of ASCII alone, for case is that of all letters."""
    outside = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]"}
    outside |= {"s": "[ \t\n\r\f\v]", "S": "[^ \t\n\r\f\v]"}
    text = text.replace(r"[\d_]", "[0-9_]").replace(r"[^\s\w]", "[^ \t\n\r\f\v0-9A-Za-z_]")
    return re.sub(r"\\([dDwWsS])", lambda found: outside[found[1]], text)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("a**", "repeated already"),
        ("(a", "not closed"),
        ("a)", "closes no group"),
        ("[a", "not closed"),
        ("[]", "not empty"),
        ("[b-a]", "exchange them"),
        ("[[:alpha:]]", r"written \["),
        (r"(a)\1", "a backslash stands before"),
        (r"\bword", "a backslash stands before"),
        (r"\p{L}", "a backslash stands before"),
        ("a\\", "a backslash stands before"),
        ("(?=a)", "looks ahead"),
        ("(?i)a", "options"),
        ("(?P<n>a)", "names"),
        ("*", "nothing to repeat"),
        ("^*", "cannot be repeated"),
        ("a{101}", "100 at most"),
        ("a{3,2}", "100 at most"),
        ("a{x}", "no number"),
        ("((a{30}){30}){30}", "more than 1000 parts"),
        ("((a?){20}){20}", "more than 100 parts of the pattern may be left out"),
        ("(" * 11 + "a" + ")" * 11, "10 deep"),
        ("a" * (MAX_CHARACTERS + 1), "too many"),
    ],
)
def test_what_engines_disagree_on_or_are_slow_with_is_refused(words: str, told: str) -> None:
    for read in (pattern, folded_pattern):
        with pytest.raises(ValueError, match=re.escape(told)):
            read(words)


async def test_nothing_explodes(ask: Asking) -> None:
    """On MariaDB, some of these are an error: tests/mariadb."""
    on_others = Asking(ask.servers[:1])
    text = "a" * 5_000 + "!"
    for words in ("(a*)*$", "(a|a)*$", "(a|aa)+$", "(.*)(.*)(.*)(.*)x", "(x+x+)+y", ".*a.{90}b", "((a?){10}){10}b"):
        began = time.perf_counter()
        await on_others(pattern(words).text, [text])
        assert time.perf_counter() - began < 2, words
