"""The page about scaling tells what the bench has found."""

import copy
import re

import pytest

from db.settings import HOUSE
from manual import capacity

TEXT = (HOUSE / capacity.PAGE).read_text(encoding="utf-8")
RESULTS = capacity.read_results(HOUSE)


def test_the_page_has_the_figures_of_the_bench() -> None:
    assert capacity.written(TEXT, RESULTS) == TEXT, "run `python -m manual.capacity`"
    for name in capacity.PARTS:
        assert TEXT.count(f"<!-- {name} -->\n") == TEXT.count(f"\n<!-- /{name} -->") == 1


def test_other_figures_make_another_page() -> None:
    slower = copy.deepcopy(dict(RESULTS))
    for name in ("lookup", "feed"):
        slower["operations"][name]["trellis"]["cpu_ms"] = 6.0
    # 10,000 times 6 ms are 60 s of processor in each second, and 60 / 0.6 = 100 cores.
    assert capacity.need(slower, 10_000).workers == 100
    page = capacity.written(TEXT, slower)
    assert "= 60 s of processor a second. At 60 % load that is 100 cores: as many workers," in " ".join(page.split())
    assert page != TEXT


@pytest.mark.parametrize("name", capacity.OPERATIONS)
def test_every_operation_is_told(name: str) -> None:
    assert re.search(rf"^\| {re.escape(capacity.OPERATIONS[name])} \| [\d,]+ \| [\d.]+ ms \|$", TEXT, re.MULTILINE)
