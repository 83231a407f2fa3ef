"""The walks of docs/architecture.md are those that requests take, and its rooms are there."""

import re
from pathlib import Path

import pytest

from tests.docs.walk import HOUSE, Call, walks

PAGE = (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\d+\. `([\w/.]+)`: `([\w.<>]+)`", re.M)
PATH = re.compile(r"`((?:db|graph)/[\w/]+(?:\.py)?)`")


def told(name: str) -> list[Call]:
    """The steps of a walk as the page tells them."""
    (text,) = re.findall(rf"<!-- walk: {name} -->\n(.*?)<!-- /walk -->", PAGE, re.S)
    return [Call(file, function) for file, function in STEP.findall(text)]


@pytest.mark.sqlite
async def test_a_request_takes_the_steps_that_the_page_tells_in_their_order(tmp_path: Path) -> None:
    for name, walk in (await walks(tmp_path)).items():
        steps = told(name)
        assert len(steps) >= 10
        left = iter(walk.calls)
        missing = [step for step in steps if step not in left]  # each is looked for behind the one before
        assert missing == [], name


def test_every_room_that_the_page_names_is_there() -> None:
    paths = set(PATH.findall(PAGE))
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (HOUSE / path).exists()] == []
