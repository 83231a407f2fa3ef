"""Regular expressions in filters: by one SQL for all of them, and refused where engines disagree."""

import pytest

from tests.databases import StatementRecorder
from tests.entity.laws import Both

LABELS = "query ($where: LabelFilter) { labels(where: $where) { nodes { text } } }"
Asked = tuple[tuple[dict[str, str], list[str]], ...]

FOUND: Asked = (
    ({"matches": "^[rR]ed$"}, ["red", "Red"]),
    ({"matches": "r"}, ["red", "grün"]),
    ({"matches": "^.{4}$"}, ["grün", "GRÜN"]),
    ({"matches": r"\W"}, ["grün", "GRÜN"]),
    ({"matches": "(x|y)"}, []),
)
FOLDED: Asked = (
    ({"matchesIgnoreCase": "^GR[Ä-Ü]n$"}, ["grün", "GRÜN"]),
    ({"matchesIgnoreCase": "^r[^F-Z]+$"}, ["red", "Red"]),
    ({"matchesIgnoreCase": "E D"}, []),
)


@pytest.mark.parametrize("asked", [FOUND, FOLDED], ids=["matches", "matchesIgnoreCase"])
async def test_texts_are_found_by_patterns_under_one_sql(
    both: Both, statements: StatementRecorder, asked: Asked
) -> None:
    for api in both.values():
        with statements() as seen:
            for where, expected in asked:
                nodes = (await api.ask(LABELS, where={"text": where}))["labels"]["nodes"]
                assert [node["text"] for node in nodes] == expected, where
        assert (len(seen), len(set(seen))) == (len(asked), 1)


async def test_what_cannot_be_read_is_refused_before_anything_is_sent(
    both: Both, statements: StatementRecorder
) -> None:
    for api in both.values():
        with statements() as seen:
            for name in ("matches", "matchesIgnoreCase"):
                (told,) = await api.errors(LABELS, where={"text": {name: r"(a)\1"}})
                assert told.startswith("regular expression: at character 5 of the pattern: a backslash stands before")
                assert await api.errors(LABELS, where={"not": {"text": {name: "("}}})
        assert not seen
