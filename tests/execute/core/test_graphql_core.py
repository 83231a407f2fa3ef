"""graphql-core's own tests agree with our executor."""

import importlib.metadata
from collections.abc import Callable

from tests.execute.core import running, sdist
from tests.execute.core.summary import PROPERTY

TESTS_AT_LEAST = 700  # 738 in graphql-core 3.3.2; fewer would mean that they are no longer found


def test_graphql_cores_own_tests_pass_with_our_executor(record_property: Callable[[str, object], None]) -> None:
    source = sdist.unpacked()
    stock = running.run(source, "--collect-only")
    ours = running.run(source, mixin=running.MIXIN)
    record_property(PROPERTY, summary(ours.report))

    assert ours.report.others == {}, ours.output
    assert ours.status == 0, ours.output
    assert ours.report.passed == stock.report.collected
    assert len(ours.report.passed) >= TESTS_AT_LEAST
    assert ours.report.planned_fields > 0, "Our executor took part in no test."


def summary(report: running.Report) -> str:
    """How many tests passed, and who resolved their fields."""
    return (
        f"graphql-core {importlib.metadata.version(sdist.PACKAGE)}: {len(report.passed):,} tests passed;"
        f" {report.planned_fields:,} fields through plans, {report.walked_fields:,} by graphql-core's walk"
    )
