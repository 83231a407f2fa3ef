"""The page of metrics, the dashboard and the alerts speak of what a server tells, and of nothing else."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from db.own import Feature
from graph.app import create_app
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.monitoring import ConnectionMetrics
from graph.settings import Settings
from graph.telemetry.record import RequestRecord
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.http.conftest import DOMAIN

HOUSE = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| [^|]+ \|$", re.M)
OF_PROMETHEUS = {"job", "instance"}
"""Labels that each target's series get."""


class Metric(NamedTuple):
    """A metric, by what rows of the page say of it."""

    kind: str
    labels: frozenset[str]


@pytest.fixture
async def told(tmp_path: Path) -> Mapping[str, Metric]:
    """What a server tells that counts everything."""
    url = SecretStr(f"sqlite:///{tmp_path}/market.db")
    settings = Settings(database_url=url, response_cache=SecretStr("memory"), cached_operations=("Feed=60",))
    app = create_app(settings, domain=replace(DOMAIN, own=[Feature.CHANGES]))
    app.state.metrics.watch(ConnectionMetrics(Gate(Limits())))  # as `trellis serve` does
    async with serving(app) as origin, Client(origin) as client:
        await client.ask("{ __typename }")
        await client.ask("{ nothing }")
        record = RequestRecord()
        record.note_user_errors(["NOT_FOUND"])  # of a mutation, of which this application has none
        app.state.listeners.tell(record)
        text = (await client.http.get("/metrics")).text
    return {
        family.name + "_total" * (family.type == "counter"): Metric(
            family.type, frozenset(name for sample in family.samples for name in sample.labels if name != "le")
        )
        for family in text_string_to_metric_families(text)
    }


async def test_the_page_has_every_metric_with_its_kind_and_its_labels(told: Mapping[str, Metric]) -> None:
    page = (HOUSE / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = {name: Metric(kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(page)}
    assert rows == told


async def test_dashboard_and_alerts_ask_for_series_and_labels_that_there_are(told: Mapping[str, Metric]) -> None:
    series = dict(_series(told))
    for where, expression in [*_of_the_dashboard(), *_of_the_alerts()]:
        parsed = promql_parser.parse(expression.replace("$__rate_interval", "5m"))  # it raises for what is no PromQL
        names = {name: labels for name, labels in _selected(parsed) if name != "up"}
        assert names.keys() <= series.keys(), where
        for name, labels in names.items():
            assert labels <= series[name] | OF_PROMETHEUS, (where, name)
        known = OF_PROMETHEUS.union(*(series[name] for name in names))
        assert set(_grouped(parsed)) <= known, where
        shown = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", where))
        assert shown <= known, where


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's package `prometheus`")
def test_alerts_are_raised_as_prometheus_own_tool_is_told() -> None:
    folder = HOUSE / "deploy" / "alerts"
    for command in (("check", "rules", "trellis.yml"), ("test", "rules", "trellis.test.yml")):
        done = subprocess.run(
            ("promtool", *command), cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_asked_of_a_metric_is_found_out() -> None:
    expression = promql_parser.parse('sum by (a) (rate(x{b="1"}[5m])) / on (c) group_left (d) (y offset 5m and -z) > 1')
    assert dict(_selected(expression)) == {"x": {"b"}, "y": set(), "z": set()}
    assert set(_grouped(expression)) == {"a", "c", "d"}


def _series(told: Mapping[str, Metric]) -> Iterator[tuple[str, frozenset[str]]]:
    """The names of samples, with their labels."""
    for name, (kind, labels) in told.items():
        if kind != "histogram":
            yield name, labels
            continue
        yield f"{name}_bucket", labels | {"le"}
        yield f"{name}_sum", labels
        yield f"{name}_count", labels


def _of_the_dashboard() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((HOUSE / "deploy" / "grafana" / "trellis.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['legendFormat']}", target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
            assert asked is not None
            yield f"{{{{{asked[2]}}}}}", asked[1]


def _of_the_alerts() -> Iterator[tuple[str, str]]:
    alerts = yaml.safe_load((HOUSE / "deploy" / "alerts" / "trellis.yml").read_text(encoding="utf-8"))
    for group in alerts["groups"]:
        for rule in group["rules"]:
            assert set(rule["annotations"]) == {"summary", "description"}
            assert rule["labels"]["severity"] in ("page", "ticket")
            yield f"{rule['alert']} {rule['annotations']['summary']}", rule["expr"]


def _below(expression: Any) -> Iterator[Any]:
    """The parts of an expression, with itself."""
    yield expression
    parts: Iterable[Any] = (getattr(expression, name, None) for name in ("lhs", "rhs", "expr", "vector_selector"))
    for part in (*parts, *getattr(expression, "args", ())):
        if isinstance(part, promql_parser.Expr):
            yield from _below(part)


def _selected(expression: Any) -> Iterator[tuple[str, set[str]]]:
    """The series that are asked for, with the labels that choose among them."""
    for part in _below(expression):
        if isinstance(part, promql_parser.VectorSelector):
            assert part.name is not None
            yield part.name, {matcher.name for matcher in part.matchers.matchers}


def _grouped(expression: Any) -> Iterator[str]:
    """The labels by which series are added up, or put together."""
    for part in _below(expression):
        modifier = getattr(part, "modifier", None)
        if isinstance(part, promql_parser.BinaryExpr) and modifier is not None:
            yield from modifier.matching.labels if modifier.matching else ()
            yield from modifier.group_labels or ()
        elif modifier is not None:
            yield from modifier.labels
