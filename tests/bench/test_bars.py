"""The bars: what is compared, and which hold."""

import pytest
from rich.console import Console

from bench import bars, report
from bench.bars import Verdict
from bench.measuring import Start
from bench.operations import CHANGES, OPERATIONS
from bench.results import Process
from bench.servers import SERVERS
from tests.bench.runs import make_measured, make_run

WIDE = 180


def test_more_processor_time_of_others_is_better_and_more_memory_of_ours_is_worse() -> None:
    # a sample takes 900 / rate ms: half the rate is twice the time
    rates = {"trellis": 1_000.0, "trellis-levels": 800.0, "postgraphile": 400.0, "one-statement": 1_600.0}
    run = make_run({"feed": make_measured(rates)})
    run = run._replace(processes={"trellis": Process(Start(0.5, 51.0), 89.0)})
    found = [(verdict.whose, verdict.beside, verdict.found, verdict.holds) for verdict in bars.verdicts(run)]
    assert found == [
        ("server", "postgraphile", pytest.approx(2.5), True),
        ("server", "one-statement", pytest.approx(0.625), True),
        ("postgresql", "trellis-levels", pytest.approx(1.25), True),
        ("process", "trellis", 89.0, True),
        ("process", "trellis", 51.0, False),
    ]
    assert not Verdict("server", "feed", "postgraphile", 2.5, 2.49).holds


def test_who_was_not_measured_has_no_verdict() -> None:
    measured = make_measured({"postgraphile": 100.0, "limit": 100.0})
    assert bars.verdicts(make_run({"feed": measured})._replace(processes={})) == []


def test_every_bar_is_one_of_an_operation_that_its_server_answers() -> None:
    for server, by_operation in bars.BY_PEER.items():
        assert all(SERVERS[server].answers(OPERATIONS[operation]) for operation in by_operation)
    assert bars.least("lookup", "one-statement") is None
    assert all(not SERVERS["one-statement"].answers(OPERATIONS[operation]) for operation in CHANGES)


def test_the_table_has_multiples_beside_their_bars() -> None:
    console = Console(width=WIDE)
    rates = {"trellis": 1_000.0, "postgraphile": 800.0, "strawberry": 100.0, "trellis-levels": 2_000.0}
    with console.capture() as capture:
        console.print(report.bars_table(make_run({"feed": make_measured(rates)})))
    (feed,) = [line for line in capture.get().splitlines() if line.strip().startswith("feed")]
    assert "1.25 (1.25) < 2.5" in feed
    assert "10.00 (10.00)" in feed
    assert feed.split()[-3:] == ["0.50", "<", "0.91"]


def test_a_run_says_which_bars_hold() -> None:
    rates = {"trellis": 1_000.0, "postgraphile": 400.0, "mercurius": 2_000.0, "limit": 900.0}
    (remark,) = [remark for remark in report.remarks(make_run({"feed": make_measured(rates)})) if "bars hold" in remark]
    # PostGraphile's and both of the process hold; Mercurius takes half of ours, not 0.9
    assert remark.startswith("3 of 4 bars hold; not feed beside Mercurius, by hand (0.50, not 0.9)")
