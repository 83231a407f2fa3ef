"""Types that PostgreSQL has and GraphQL does not: written, read, compared, ordered, paged, aggregated, in ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import INET, INTERVAL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.durations import Duration
from db.kinds import InternetAddress
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Connection, Node, entity, query_type
from graph.viewer import Viewer
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, Sample, fill, serve, settings_of
from tests.entity.specimens import BOUNDS, FULL, SCHEMA, Base

pytestmark = pytest.mark.postgresql

NULLS: dict[str, Any] = {"address": "192.0.2.0/24", "keptFor": "P30D"}


def selection(value: Any) -> str:
    """What is to be selected of a value to see all of it."""
    if isinstance(value, list):
        return selection(value[0]) if value else ""
    if not isinstance(value, dict):
        return ""
    return f" {{ {' '.join(f'{name}{selection(part)}' for name, part in value.items())} }}"


ALL = " ".join(name + ("" if name in ("labels", "documents") else selection(value)) for name, value in FULL.items())
MAKER = Viewer(1, frozenset())


class Specimens(Api):
    """The sample, with a client who may write."""

    async def create(self, row: dict[str, Any]) -> Any:
        document = f"""
          mutation ($input: CreateSpecimenInput!) {{
            createSpecimen(input: $input) {{
              specimen {{ {ALL} }} errors {{ ... on UserError {{ code message path }} }}
            }}
          }}
        """
        context = ContextFactory(self.engines, viewer=MAKER)
        result = await self.schema.execute(document, {"input": row}, context_value=context)
        if result.errors:
            return [error.message for error in result.errors]
        assert result.data is not None
        made = result.data["createSpecimen"]
        return made["specimen"] or made["errors"]


@pytest.fixture
async def specimens(blank_database: Database) -> AsyncIterator[Specimens]:
    connection = await asyncpg.connect(blank_database.url)
    await connection.execute("CREATE EXTENSION hstore; CREATE EXTENSION ltree")
    await connection.close()
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as writing:
        await writing.run_sync(Base.metadata.create_all)
    yield Specimens(SCHEMA, engines)
    await engines.dispose()


async def keys(specimens: Specimens, where: str) -> list[str]:
    for _ in range(2):  # through SQLAlchemy, and past it
        found = await specimens.ask(f"{{ specimens(where: {where}) {{ nodes {{ address }} }} }}")
    return [node["address"] for node in found["specimens"]["nodes"]]


async def test_what_is_written_is_read(specimens: Specimens, statements: StatementRecorder) -> None:
    assert await specimens.create(FULL) == FULL
    assert await specimens.create(NULLS) == {**dict.fromkeys(FULL), **NULLS}
    for _ in range(2):
        with statements() as seen:
            found = await specimens.ask(f"{{ specimens {{ nodes {{ id {ALL} words }} }} }}")
        assert len(seen) == 1
        rows = [{name: node[name] for name in FULL} for node in found["specimens"]["nodes"]]
        assert rows == [{**dict.fromkeys(FULL), **NULLS}, FULL]


CONDITIONS = (
    '{address: {eq: "192.0.2.1/32"}}',
    '{address: {in: ["192.0.2.1"]}}',
    '{address: {containedBy: "192.0.2.1/30"}, keptFor: {gt: "P1Y"}}',
    '{address: {contains: "192.0.2.1"}, keptFor: {gt: "P1Y"}}',
    '{keptFor: {eq: "P14M3DT14706.5S"}}',
    '{keptFor: {gt: "P420D", lt: "P1Y3M"}}',
    '{network: {contains: "10.1.0.0/16"}}',
    '{network: {overlaps: "10.1.0.0/16"}}',
    '{card: {eq: "08-00-2B-01-02-03"}}',
    '{longCard: {gte: "08:00:2b:01:02:03:04:05"}}',
    '{content: {eq: "AP/+"}}',
    '{content: {lt: "AQ=="}}',
    '{flags: {eq: "0101"}}',
    '{flags: {in: ["0101", "1"]}}',
    '{someFlags: {gt: "1"}}',
    '{opensAt: {eq: "12:30:00+01:00"}}',
    '{opensAt: {lt: "12:30:00Z"}}',
    '{price: {eq: "12.5", lt: "12.504", ne: "12.504"}}',
    '{price: {in: ["12.50", "1e30"]}}',
    '{number: {eq: "4294967295"}}',
    '{number: {lt: "4294967296"}}',
    '{labels: {hasKey: "size"}}',
    '{labels: {contains: {colour: "red"}}}',
    '{place: {descendantOf: "Top"}}',
    '{place: {ancestorOf: "Top.Science.Astronomy"}}',
    '{home: {eq: "10.1.1.1"}}',
    "{mood: {eq: VERY_GOOD}}",
    '{tags: {contains: ["a", "NULL"]}}',
    '{tags: {overlaps: ["x", ""]}}',
    "{tags: {length: {eq: 5}}}",
    "{tags: {isNull: false, length: {in: [1, 5], gt: 4}}}",
    '{names: {containedBy: ["ab", "abcdefgh"]}}',
    '{names: {eq: ["ab"]}}',
    "{sizes: {contains: [1]}}",
    "{shorts: {eq: []}}",
    "{shorts: {length: {lt: 1}}}",
    '{longs: {eq: ["9007199254740993"]}}',
    '{amounts: {contains: ["1.5"]}}',
    '{days: {contains: ["9999-12-31"]}}',
    '{addresses: {overlaps: ["::1"]}}',
    '{periods: {contains: ["P30D"]}}',
    "{moods: {contains: [NOT_OK]}}",
    '{uuids: {contains: ["01890a5d-ac96-774b-bcce-b302099a8057"]}}',
    "{ratios: {contains: [0.1]}, truths: {overlaps: [false]}}",
    '{moments: {eq: ["2026-03-01T12:00:00+01:00"]}}',
    '{contents: {overlaps: ["AP8="]}}',
    "{documents: {length: {eq: 3}}, spots: {length: {eq: 2}}}",
    '{seasons: {contains: [{lower: "2026-03-01", upper: "2026-06-01"}]}}',
    "{free: {contains: [{lower: 1, upper: 2}, {lower: 5, upper: 6}]}}",
    "{free: {length: {eq: 2}, overlaps: [{lower: 2}]}}",
    "{ports: {eq: {lower: 1, upper: 1024}}}",
    "{ports: {eq: {lower: 0, upper: 1023, includesLower: false, includesUpper: true}}}",
    "{ports: {contains: 1023}}",
    "{ports: {in: [{isEmpty: true}, {lower: 1, upper: 1024}]}}",
    "{ports: {overlaps: {lower: 1000}, containedBy: {upper: 2000}, containsRange: {lower: 5, upper: 6}}}",
    '{serials: {contains: "9007199254740993"}}',
    '{costs: {contains: "1.999", lt: {lower: 2}}}',
    '{season: {contains: "9999-12-30"}}',
    '{season: {overlaps: {lower: "9999-12-30"}}}',
    '{shift: {contains: "2026-03-01T09:00:00+01:00"}}',
    '{localShift: {contains: "2026-03-01T15:59:59"}}',
    "{spot: {eq: {x: 1.5, y: -2}}}",
    "{reach: {eq: {centre: {x: 1, y: 2}, radius: 3}}}",
    "{area: {isNull: false}, walk: {ne: {points: [{x: 1, y: 1}], isClosed: true}}}",
)
NOT_FOUND = (
    '{flags: {eq: "01010"}}',
    '{price: {eq: "12.504"}}',
    '{amounts: {contains: ["1.504"]}}',
    '{names: {contains: ["abcdefgh"]}}',
    '{labels: {contains: {size: "red"}}}',
    '{tags: {eq: ["a"]}}',
    '{number: {eq: "99999999999"}}',
    "{sizes: {contains: [7]}}",
    "{ports: {contains: 1024}}",
    "{season: {eq: {isEmpty: true}}}",
    "{reach: {eq: {centre: {x: 5, y: 2}, radius: 3}}}",
)


async def test_comparisons_are_those_of_the_database(specimens: Specimens) -> None:
    await specimens.create(FULL)
    await specimens.create(NULLS)
    full, rest = FULL["address"], NULLS["address"]
    for where in CONDITIONS:
        assert await keys(specimens, where) == [full], where
        assert await keys(specimens, f"{{not: {where}}}") == [rest], where
    for where in NOT_FOUND:
        assert await keys(specimens, where) == [], where
        assert len(await keys(specimens, f"{{not: {where}}}")) == 2, where


UNORDERED = ("documents", "spots", "spot", "edge", "side", "frame", "walk", "area", "reach")
ORDERED = [name for name in FULL if name not in ("labels", *UNORDERED)]


async def test_rows_are_ordered_paged_and_found_by_their_ids(specimens: Specimens) -> None:
    others = {**FULL, "keptFor": "-P1M", "tags": ["a"], "sizes": [1, 2], "price": "-1.00"}
    for row in (FULL, NULLS, others):
        assert "address" in await specimens.create(row)
    document = """
      query ($order: [SpecimenSort!], $after: String) {
        specimens(first: 1, after: $after, orderBy: $order) { edges { cursor node { id } } }
      }
    """
    for name in ORDERED:
        for direction in ("ASC", "DESC_NULLS_FIRST"):
            order = [{name: direction}]
            whole = await specimens.ask(
                "query ($order: [SpecimenSort!]) { specimens(orderBy: $order) { nodes { id } } }", order=order
            )
            seen, after = [], None
            for _ in range(3):
                (edge,) = (await specimens.ask(document, order=order, after=after))["specimens"]["edges"]
                seen.append(edge["node"])
                after = edge["cursor"]
            assert seen == whole["specimens"]["nodes"], (name, direction)
            assert len({node["id"] for node in seen}) == 3
    for node in seen:
        found = await specimens.ask("query ($id: ID!) { specimen(id: $id) { id } node(id: $id) { id } }", id=node["id"])
        assert found == {"specimen": node, "node": node}


async def test_rows_are_aggregated_and_grouped(specimens: Specimens) -> None:
    await specimens.create(FULL)
    await specimens.create(NULLS)
    found = await specimens.ask(
        """
        { specimensAggregate {
            min { address keptFor opensAt price network } max { address keptFor } sum { price }
            groupBy(by: [{value: TAGS}, {value: KEPT_FOR}, {value: HOME}, {value: MOODS}, {value: PERIODS}]) {
              nodes { count key { tags keptFor home moods periods } } }
        } }
        """
    )
    groups = found["specimensAggregate"].pop("groupBy")["nodes"]
    assert found["specimensAggregate"] == {
        "min": {
            "address": "192.0.2.0/24",
            "keptFor": "P30D",
            "opensAt": "12:30:00+01:00",
            "price": "12.50",
            "network": "10.0.0.0/8",
        },
        "max": {"address": "192.0.2.1", "keptFor": FULL["keptFor"]},
        "sum": {"price": "12.5"},
    }
    names = ("tags", "keptFor", "home", "moods", "periods")
    assert sorted(groups, key=str) == sorted(
        ({"count": 1, "key": {name: row.get(name) for name in names}} for row in (FULL, NULLS)), key=str
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("address", "10.0.0.256", "is not an address, for instance 192.0.2.1"),
        ("address", "fe80::1%eth0", "is not an address"),
        ("network", "10.0.0.1/8", "is not a network without bits behind its prefix"),
        ("card", "08:00:2b:01:02", "is not the address of a network card"),
        ("content", "%", "is not bytes in Base64"),
        ("flags", "012", "is not zeros and ones"),
        ("flags", "01", "this must have 4 bits"),
        ("someFlags", "0101010", "this must have at most 6 bits"),
        ("keptFor", "1 day", "is not a duration in ISO 8601"),
        ("keptFor", "P99999999999Y", "is not a duration in ISO 8601"),
        ("opensAt", "12:30:00", "is not a time of day with an offset"),
        ("place", "a..b", "is not labels with points between them"),
        ("labels", {"a": 1}, "is not an object of texts"),
        ("home", "::1", "would break a rule of the database"),
        ("price", "1e30", "does not fit"),
        ("number", "99999999999", "does not fit"),
        ("names", ["abcdefgh"], "characters"),
        ("shorts", [70000], "less than 32768"),
        ("ports", {"lower": 2, "upper": 1}, "not above its upper bound"),
        ("ports", {"lower": 2, "upper": 2**40}, "Int cannot represent"),
        ("spot", {"x": 1}, "y"),
        ("walk", {"points": [], "isClosed": True}, "send at least one"),
        ("sizes", [[1]], "Int cannot represent"),
    ],
)
async def test_what_a_column_does_not_take_is_said(name: str, value: Any, says: str, specimens: Specimens) -> None:
    refused = str(await specimens.create({**FULL, name: value}))
    assert says.lower() in refused.lower()
    assert "went wrong" not in refused


async def test_what_python_has_no_form_for_costs_one_value(specimens: Specimens) -> None:
    await specimens.create(FULL)
    await specimens.create({**FULL, "address": "::2"})
    async with specimens.engines.writing().begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE specimens SET names = '{a,NULL}', sizes = '{{1,2},{3,4}}', days = '{infinity,2020-02-29}',"
            " kept_for = '170000000 years', season = '[-infinity,0044-03-15 BC)', costs = '[1,NaN]',"
            " spot = '(NaN,1)' WHERE address < '::2'"
        )
    bounds = "{ lower upper isEmpty }"
    document = (
        "query ($after: String) { specimens(first: 2, after: $after, orderBy: [{keptFor: DESC}, {season: ASC}]) {"
        f" nodes {{ names sizes days tags season {bounds} costs {bounds} spot {{ y }} }}"
        " edges { cursor } } }"
    )
    result = await SCHEMA.execute(document, None, context_value=ContextFactory(specimens.engines))
    assert result.data is not None
    assert {type(error.original_error).__name__ for error in result.errors or []} == {"UnreadableField"}
    found, whole = result.data["specimens"]["nodes"]
    assert found == {
        "names": None,
        "sizes": None,
        "days": [None, "2020-02-29"],
        "tags": FULL["tags"],
        "season": {"lower": None, "upper": None, "isEmpty": False},
        "costs": {"lower": "1", "upper": None, "isEmpty": False},
        "spot": {"y": 1.0},
    }
    assert whole["season"] == {name: FULL["season"][name] for name in ("lower", "upper", "isEmpty")}
    assert whole["days"] == FULL["days"]
    (first, _) = result.data["specimens"]["edges"]  # its duration of 170 million years has words alone
    result = await SCHEMA.execute(document, {"after": first["cursor"]}, context_value=ContextFactory(specimens.engines))
    assert not result.errors
    assert result.data is not None
    assert result.data["specimens"]["nodes"] == [whole]


class TreeBase(DeclarativeBase):
    pass


class HostRow(TreeBase):
    __tablename__ = "hosts"

    address: Mapped[InternetAddress] = mapped_column(INET, primary_key=True)
    lasts: Mapped[timedelta] = mapped_column(INTERVAL, unique=True)
    gateway_lasts: Mapped[timedelta | None] = mapped_column(INTERVAL, ForeignKey("hosts.lasts"))

    gateway: Mapped[HostRow | None] = relationship(remote_side=[lasts], back_populates="clients", lazy="raise")
    clients: Mapped[list[HostRow]] = relationship(back_populates="gateway", lazy="raise", order_by="HostRow.address")


@entity(HostRow)
class TreeHost(Node):
    """A host behind another one."""

    address: InternetAddress
    gateway: TreeHost | None
    clients: Connection[TreeHost]


MONTH = Duration(months=1)
HOSTS = Sample(
    "hosts",
    TreeBase.metadata,
    lambda _scale: {
        HostRow: [
            {"address": "::1", "lasts": MONTH, "gateway_lasts": None},
            {"address": "::2", "lasts": Duration(months=2), "gateway_lasts": MONTH},
            {"address": "::3", "lasts": Duration(months=3), "gateway_lasts": MONTH},
        ]
    },
    query_type(TreeHost),
)


async def test_rows_are_related_by_values_of_such_types(
    blank_database: Database, statements: StatementRecorder
) -> None:
    document = "{ hosts { nodes { address gateway { address } clients(first: 1) { totalCount nodes { address } } } } }"
    await fill(blank_database, HOSTS)
    async with serve(blank_database, HOSTS) as hosts:
        for _ in range(2):
            with statements() as seen:
                found = await hosts.ask(document)
            assert len(seen) == 4  # hosts, gateways, clients and their numbers
    first, second, _ = found["hosts"]["nodes"]
    assert first == {
        "address": "::1",
        "gateway": None,
        "clients": {"totalCount": 2, "nodes": [{"address": "::2"}]},
    }
    assert second == {"address": "::2", "gateway": {"address": "::1"}, "clients": {"totalCount": 0, "nodes": []}}


async def test_values_are_changed(specimens: Specimens) -> None:
    await specimens.create(FULL)
    (row,) = (await specimens.ask("{ specimens { nodes { id } } }"))["specimens"]["nodes"]
    changed = {name: FULL[name] for name in ("keptFor", "labels", "tags", "ports", "spot", "free", "flags", "price")}
    changed |= {"keptFor": "P2M", "labels": {"x": None}, "tags": ["b"], "ports": {**BOUNDS, "lower": 7, "upper": 8}}
    changed |= {"spot": {"x": 0.0, "y": 0.0}, "free": [], "flags": "1111", "price": "0.01"}
    shown = " ".join(name + ("" if name == "labels" else selection(FULL[name])) for name in changed)
    document = f"""
      mutation ($input: UpdateSpecimenInput!) {{
        updateSpecimen(input: $input) {{ specimen {{ {shown} }} errors {{ ... on UserError {{ message }} }} }}
      }}
    """
    context = ContextFactory(specimens.engines, viewer=MAKER)
    result = await SCHEMA.execute(document, {"input": {"id": row["id"], **changed}}, context_value=context)
    assert result.errors is None
    assert result.data == {"updateSpecimen": {"specimen": changed, "errors": []}}
