"""Every change of the table gets its verdict, at its coordinate, once; graphql-core finds nothing more."""

from collections import Counter

import pytest

from graph.contract.kinds import Departure, Kind
from graph.contract.sources import read_contract
from graph.contract.verdicts import Report, Terms, check
from tests.contract.cases import CASES, TODAY, Case


def checked(case: Case) -> Report:
    """The report on a case."""
    old, new = (read_contract(text.encode(), "The text") for text in case.texts)
    return check(old, new, Terms(TODAY))


def lines(report: Report) -> Counter[str]:
    """The verdicts as the table has them."""
    return Counter(f"{it.criticality.name.lower()} {it.change.kind.name} {it.change.at}" for it in report.verdicts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_change_gets_its_verdict_at_its_coordinate_once(case: Case) -> None:
    assert lines(checked(case)) == Counter(case.expected)


def test_the_table_has_every_kind_and_every_way_to_go() -> None:
    found = {line.split()[1] for case in CASES for line in case.expected}
    assert set(Kind.__members__) - found == set()
    said = " ".join(verdict.sentence for case in CASES for verdict in checked(case).verdicts)
    assert [way for way in Departure if way.sentence.partition("{")[0] not in said] == []


def test_names_of_cases_are_their_own() -> None:
    assert [name for name, times in Counter(case.name for case in CASES).items() if times > 1] == []
