"""What is stored and printed of a run."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from bench import report, results
from bench.measuring import Start
from bench.operations import OPERATIONS
from bench.servers import SERVERS
from tests.bench.runs import make_measured, make_run, make_sample

WIDE = 160


def printed(renderable: object) -> str:
    """What a terminal shows."""
    console = Console(width=WIDE)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_figures_are_medians_with_their_range_and_the_highest_peak_of_memory() -> None:
    samples = [make_sample(100.0, 70.0), make_sample(300.0, 90.0), make_sample(110.0, 80.0)]
    found = results.figures(samples)
    assert (found.rps, found.rps_min, found.rps_max) == (110.0, 100.0, 300.0)
    assert found.p99_ms == pytest.approx(16_000 / 110)
    assert found.memory_mib == 90.0


def test_the_work_of_postgresql_stands_beside_the_servers_own_and_is_added_to_it() -> None:
    found = results.figures([make_sample(100.0), make_sample(200.0), make_sample(50.0)])
    assert (found.cpu_ms, found.postgresql_ms, found.both_ms) == (9.0, 7.0, 16.0)
    elsewhere = results.figures([make_sample()._replace(postgresql_ms=None)])
    assert (elsewhere.postgresql_ms, elsewhere.both_ms) == (None, None)


def test_how_servers_start_and_what_they_hold_at_the_end_is_stored_and_printed() -> None:
    run = make_run()
    gone = run._replace(processes={**run.processes, "limit": results.Process(Start(0.25, None), None)})
    stored = results.as_json(gone)["processes"]
    assert stored["trellis"] == {"start_cpu_s": 0.5, "first_request_ms": 12.0, "memory_mib": 70.0}
    assert stored["limit"] == {"start_cpu_s": 0.25}
    lines = printed(report.processes_table(gone)).splitlines()
    assert [line.split()[1:] for line in lines if "Trellis" in line] == [["0.50", "12.0", "70", "80"]]
    assert [line.split()[2:] for line in lines if "the limit" in line] == [["0.25", "-", "-", "80"]]


def test_ratios_are_rates_of_trellis_over_those_of_each_other_server() -> None:
    rates = {"trellis": 1_000.0, "postgraphile": 500.0, "limit": 2_000.0}
    by_server = {name: results.figures([make_sample(rate)]) for name, rate in rates.items()}
    assert results.ratios(by_server) == {"postgraphile": 2.0, "limit": 0.5}
    del by_server["trellis"]
    assert results.ratios(by_server) == {}


def test_results_say_for_every_operation_and_server_how_fast_it_is(tmp_path: Path) -> None:
    results.write(results.as_json(make_run()), tmp_path / "new" / "results.json")
    stored = json.loads((tmp_path / "new" / "results.json").read_text())
    assert stored["operations"].keys() == OPERATIONS.keys()
    for by_server in stored["operations"].values():
        assert by_server.keys() == SERVERS.keys()
        for figures in by_server.values():
            assert {"rps", "rps_min", "rps_max", "p99_ms", "memory_mib"} <= figures.keys()
            assert figures["rps_min"] <= figures["rps"] <= figures["rps_max"]
    assert stored["operations"]["feed"]["trellis"]["rps"] == 1400.0
    assert stored["trellis_is_times_as_fast_as"]["feed"]["postgraphile"] == pytest.approx(1400 / 650, rel=1e-3)
    assert {"date", "versions", "machine", "plan", "peak_memory_mib", "linear"} <= stored.keys()
    assert {"cpu", "cores", "system", "load_average"} <= stored["machine"].keys()


def test_a_server_that_does_not_answer_has_a_reason_and_no_number() -> None:
    rates = {"trellis": 100.0, "limit": 200.0}
    run = make_run({"feed": make_measured(rates, {"strawchemy": "wrong answer: the list has 0 of 50 rows"})})
    stored = results.as_json(run)
    assert stored["operations"]["feed"].keys() == rates.keys()
    assert stored["unanswered"]["feed"] == {"strawchemy": "wrong answer: the list has 0 of 50 rows"}
    assert any("strawchemy: wrong answer" in remark for remark in report.remarks(run))


def test_the_table_has_medians_ranges_memory_and_ratios() -> None:
    shown = printed(report.operations_table(make_run({"feed": make_measured({"trellis": 100.0, "limit": 200.0})})))
    (trellis,) = [line for line in shown.splitlines() if "Trellis" in line and "feed" in line]
    (limit,) = [line for line in shown.splitlines() if "the limit" in line]
    assert "94-105" in trellis
    assert trellis.split()[-1] == "80"
    assert limit.split()[-2:] == ["0.50", "x"]


def test_who_is_not_asked_an_operation_is_named_with_the_reason() -> None:
    run = make_run({"feed": make_measured(), "hidden": make_measured({"trellis": 100.0, "limit": 200.0})})
    assert [remark for remark in report.remarks(run) if "is not asked" in remark] == [
        "hidden is not asked of FraiseQL 1.9; Strawberry, by hand; strawchemy; sqlalchemy-mapper: they hide nothing."
    ]
    deep = make_run({"deep": make_measured()})
    assert "FraiseQL 1.9 is not asked deep: its nested lists have no pages, and its pages no totals." in report.remarks(
        deep
    )


def test_the_interpreter_of_the_python_servers_is_told() -> None:
    run = make_run()._replace(interpreter="CPython 3.11.2", processes={})
    assert report.remarks(run)[0] == "Every Python server runs on CPython 3.11.2."
    with_fraiseql = run._replace(processes=make_run().processes)
    assert report.remarks(with_fraiseql)[0].startswith(
        "Every Python server but FraiseQL 1.9, which wants another, runs"
    )
    assert results.as_json(run)["interpreter"] == "CPython 3.11.2"


def test_a_busy_machine_is_told() -> None:
    quiet, busy = make_run(), make_run()._replace(load_average=3.0)
    assert not any("load average" in remark for remark in report.remarks(quiet))
    assert any("load average was 3.0" in remark for remark in report.remarks(busy))
