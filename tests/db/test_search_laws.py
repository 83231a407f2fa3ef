"""Search finds the same posts in the same order on both databases, and those that a slow and short reading finds.

The oracle knows two things: the words of a text (tests/db/words/test_characters.py) and what is asked for
(tests/db/words/test_query.py). SQLite is written and read without any function of ours.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Select, create_engine, delete, insert, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db import search
from db.models import Post, User
from db.search import WEIGHTS
from db.session.engines import Engines
from db.words.characters import words
from db.words.query import Alternatives, Phrase, query_of
from tests.databases import SQLiteDatabases
from tests.entity.laws import tried

pytestmark = pytest.mark.postgresql  # each test asks both: PostgreSQL by the fixture, SQLite beside it

WORDS = (
    *("rose", "Roses", "ROSE", "climb", "climbing", "frost", "study", "studies", "or", "OR", "and", "NOT", "a"),
    *(
        "don't",
        "don\u2019t",
        "well-known",
        "and/or",
        "3.14",
        "v1.2.3",
        "2024-05-06",
        "C++",
        "x" * 99,
        "x" * 100,
        "x" * 101,
    ),
    *("ada@example.org", "https://example.org/a/b?c=d&e=1#f", "/usr/local/bin", r"C:\temp", "snake_case", "title:x"),
    *(
        "café",
        "cafe\u0301",
        "CAFÉ",
        "ﬁne",
        "fine",
        "straße",
        "STRASSE",
        "ẞ",
        "İstanbul",
        "ISTANBUL",
        "\u0131stanbul",
        "i",
    ),
    *("ΟΔΟΣ", "οδος", "Привет", "ёж", "еж", "Łódź", "lodz", "①", "½", "m²", "\uff21\uff22\uff23", "abc"),
    *("東京都", "京都", "東", "今日はPythonを", "python", "ガラス", "カ\u3099ラス", "ｶﾞﾗｽ", "中文。分词"),
    *("서울에서", "서울", "\u1109\u1165\u110b\u116e\u11af", "각", "가", "제2차", "ภาษาไทย", "ไทย", "ล\u0e33", "ဗမာ"),
    *("كِتَاب", "كتاب", "ﻛﺘﺎﺏ", "שָׁלוֹם", "שלום", "नमस्ते", "ज़", "ज\u093c", "ো", "\u09c7\u09be"),
    *(
        "🌱",
        "👍🏽",
        "👍",
        "👨\u200d👩",
        "❤\ufe0f",
        "❤",
        "\u00ad",
        "co\u00adop",
        "coop",
        "zero\u200bwidth",
        "\u0301",
        "𐍈",
    ),
)
SEPARATORS = (" ", " ", " ", "-", "/", ".", ",", "'", "", "\n", "\t", "\u3000", "\u00a0", "…", '"', "(", "*", ":", "_")
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
PIECES = st.sampled_from(WORDS) | st.sampled_from(WORDS) | ANYTHING
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(SEPARATORS)), max_size=7).map(lambda it: "".join(map("".join, it)))
MARKS = st.sampled_from(["{}", "{}", "{}", '"{}"', "-{}", '-"{}"', "{}*", "or {}", "“{}”", "{} or", "- {}", '"{}'])
QUERIES = st.lists(st.builds(str.format, MARKS, TEXTS | PIECES), max_size=3).map(" ".join)


class Texts(NamedTuple):
    """What a post says."""

    title: str
    summary: str | None
    content: str


POSTS = st.lists(st.builds(Texts, TEXTS.map(lambda it: it[:200]), st.none() | TEXTS, TEXTS), min_size=1, max_size=6)
Ids: TypeAlias = list[int]


class Databases(NamedTuple):
    """Both at once, to compare what they find."""

    sqlite: Connection
    postgresql: AsyncConnection

    async def hold(self, posts: Iterable[Texts]) -> None:
        """Put these posts in the place of others; the first has the number 1."""
        rows = [{"id": at, "slug": f"p{at}", "author_id": 1, **it._asdict()} for at, it in enumerate(posts, 1)]
        for statement in (delete(Post), insert(Post)):
            values = rows if statement.is_insert else None
            self.sqlite.execute(statement, values)
            await self.postgresql.execute(statement, values)

    async def find(self, text: str) -> Ids:
        """The posts that both find, in their order."""
        found: Ids = list(self.sqlite.scalars(hits(text)))
        assert found == list(await self.postgresql.scalars(hits(text))), text
        return found


@pytest.fixture
async def databases(engines: Engines, _sqlite: SQLiteDatabases, tmp_path: Path) -> AsyncIterator[Databases]:
    url = make_url(_sqlite.migrated(tmp_path).url)
    author = insert(User).values(id=1, email="ada@example.org", name="Ada")
    sqlite = create_engine(url)
    with sqlite.connect() as here:
        async with engines.writing().connect() as there:
            here.execute(author)
            await there.execute(author)
            yield Databases(here, there)
    sqlite.dispose()


def hits(text: str) -> Select[Any]:
    """The numbers of the posts that a text finds, as the root field asks for them."""
    source = search.posts(text)
    (rank,) = source.order
    return select(source.row.id).select_from(source.from_clause).order_by(rank.expression.desc(), source.row.id.desc())


def expected(posts: Iterable[Texts], text: str) -> Ids:
    """The oracle."""
    query, ranked = query_of(text), []
    for at, post in enumerate(posts, 1):
        fields = {name: words(value or "") for name, value in post._asdict().items()}
        if all(stands_in(group, *fields.values()) for group in query.wanted) and not any(
            stands_in(group, *fields.values()) for group in query.unwanted
        ):
            places = [(group, name) for group in query.wanted for name in WEIGHTS]
            ranked.append((-sum(WEIGHTS[name] for group, name in places if stands_in(group, fields[name])), -at))
    return [-at for _, at in sorted(ranked)] if query.wanted else []


def stands_in(group: Alternatives, *fields: list[str]) -> bool:
    return any(stands_at(phrase, field[at:]) for phrase in group for field in fields for at in range(len(field)))


def stands_at(phrase: Phrase, field: list[str]) -> bool:
    *first, last = phrase.words
    here = field[: len(phrase.words)]
    return here[:-1] == first and (here[-1].startswith(last) if phrase.is_beginning else here[-1] == last)


@tried(40)
@given(POSTS, st.lists(QUERIES, min_size=4, max_size=8))
async def test_both_databases_find_what_the_oracle_finds(
    databases: Databases, posts: list[Texts], texts: list[str]
) -> None:
    await databases.hold(posts)
    # Words that are there, so that something is found.
    for text in [*texts, *(post.title.replace('"', " ") for post in posts)]:
        assert await databases.find(text) == expected(posts, text), text


@tried(40)
@given(TEXTS | ANYTHING, TEXTS | ANYTHING, TEXTS | ANYTHING)
async def test_a_part_of_a_post_in_quotes_finds_it(databases: Databases, before: str, part: str, after: str) -> None:
    part = part.replace('"', " ").rstrip("* ")
    await databases.hold([Texts("", None, f"{before} {part} {after}"), Texts(part, None, ""), Texts("", part, "")])
    assert await databases.find(f'"{part}"') == ([2, 3, 1] if words(part) else [])
