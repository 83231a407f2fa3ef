"""A type of a noun's own is one entry: shown, filtered, ordered, aggregated, in ids, cursors and inputs."""

from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from typing import Any

import pytest
from graphql import GraphQLScalarType

from tests.databases import Database
from tests.entity.networks import SCHEMA, Base, Host, HostRow, Query
from tests.entity.serving import Api, Sample, fill, global_id, serve

GATEWAY, FIRST, LAST = (IPv4Address(text) for text in ("10.0.0.9", "10.0.0.10", "192.0.2.1"))
"""As texts, the second would come before the first."""

ROWS: list[dict[str, Any]] = [
    {"address": LAST, "gateway_address": GATEWAY, "last_seen_at": None, "serial": "SN-7", "octets": None},
    {"address": GATEWAY, "gateway_address": None, "last_seen_at": LAST, "serial": "SN-70", "octets": 2**40},
    {"address": FIRST, "gateway_address": GATEWAY, "last_seen_at": GATEWAY, "serial": None, "octets": 1},
]
NETWORK = Sample(
    "network", Base.metadata, lambda _scale: {HostRow: sorted(ROWS, key=lambda row: row["address"])}, Query
)


@pytest.fixture
async def network(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, NETWORK)
    async with serve(blank_database, NETWORK) as served:
        yield Api(SCHEMA, served.engines)


async def addresses(network: Api, arguments: str) -> list[str]:
    found = await network.ask(f"{{ hosts({arguments}) {{ nodes {{ address }} }} }}")
    return [node["address"] for node in found["hosts"]["nodes"]]


def test_the_schema_describes_it() -> None:
    type_ = SCHEMA._schema.type_map["IPv4Address"]  # noqa: SLF001 - Strawberry has no public way to it
    assert isinstance(type_, GraphQLScalarType)
    assert type_.description == "An address of version 4, for instance `192.0.2.1`."
    assert type_.specified_by_url == "https://www.rfc-editor.org/rfc/rfc791"


async def test_it_is_shown_and_found_through_relations_that_it_keys(network: Api) -> None:
    found = await network.ask("{ hosts { nodes { address seenOrSet gateway { address } clients { totalCount } } } }")
    assert found["hosts"]["nodes"] == [
        {"address": str(GATEWAY), "seenOrSet": str(LAST), "gateway": None, "clients": {"totalCount": 2}},
        {
            "address": str(FIRST),
            "seenOrSet": str(GATEWAY),
            "gateway": {"address": str(GATEWAY)},
            "clients": {"totalCount": 0},
        },
        {"address": str(LAST), "seenOrSet": None, "gateway": {"address": str(GATEWAY)}, "clients": {"totalCount": 0}},
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (f'{{address: {{eq: "{FIRST}"}}}}', [FIRST]),
        (f'{{address: {{in: ["{FIRST}", "{LAST}", "10.0.0.1"]}}}}', [FIRST, LAST]),
        (f'{{address: {{lt: "{FIRST}"}}}}', [GATEWAY]),
        (f'{{lastSeenAt: {{gte: "{FIRST}"}}}}', [GATEWAY]),
        ("{lastSeenAt: {isNull: true}}", [LAST]),
        (f'{{clients: {{some: {{address: {{gt: "{FIRST}"}}}}}}}}', [GATEWAY]),
    ],
)
async def test_it_is_compared_as_its_column_compares(where: str, found: list[IPv4Address], network: Api) -> None:
    assert await addresses(network, f"where: {where}") == list(map(str, found))


async def test_an_operator_of_its_own_is_one_entry(network: Api) -> None:
    document = "query ($text: Serial!) { hosts(where: {serial: {isPartOf: $text}}) { nodes { address } } }"
    for text, found in (("SN-7", [LAST]), ("SN-70sn-7", [GATEWAY, LAST]), ("SN-", [])):
        nodes = (await network.ask(document, text=text))["hosts"]["nodes"]
        assert [node["address"] for node in nodes] == list(map(str, found))
    # `in` has no form of its own: here the operator meets the value itself.
    mixed = '{serial: {isPartOf: "SN-7"}, address: {in: ["192.0.2.1"]}}'
    assert await addresses(network, f"where: {mixed}") == [str(LAST)]


async def test_it_is_ordered_and_a_cursor_holds_it(network: Api) -> None:
    document = """
      query ($after: String) {
        hosts(orderBy: [{lastSeenAt: DESC_NULLS_FIRST}], first: 1, after: $after) {
          edges { cursor node { lastSeenAt } }
        }
      }
    """
    seen, after = [], None
    for _ in ROWS:
        (edge,) = (await network.ask(document, after=after))["hosts"]["edges"]
        seen.append(edge["node"]["lastSeenAt"])
        after = edge["cursor"]
    assert seen == [None, str(LAST), str(GATEWAY)]


async def test_it_is_aggregated_and_grouped(network: Api) -> None:
    found = await network.ask(
        """
        { hostsAggregate {
            min { address lastSeenAt } max { address }
            groupBy(by: [{value: LAST_SEEN_AT}], having: {max: {address: {gt: "10.0.0.9"}}}) {
              nodes { key { lastSeenAt } count } }
        } }
        """
    )
    groups = found["hostsAggregate"].pop("groupBy")["nodes"]
    assert found["hostsAggregate"] == {
        "min": {"address": str(GATEWAY), "lastSeenAt": str(GATEWAY)},
        "max": {"address": str(LAST)},
    }
    assert sorted(groups, key=str) == [
        {"key": {"lastSeenAt": str(GATEWAY)}, "count": 1},
        {"key": {"lastSeenAt": None}, "count": 1},
    ]


async def test_an_id_holds_it(network: Api) -> None:
    ids = [node["id"] for node in (await network.ask("{ hosts { nodes { id } } }"))["hosts"]["nodes"]]
    assert ids == [global_id(Host, address) for address in (GATEWAY, FIRST, LAST)]
    document = "query ($id: ID!) { node(id: $id) { ... on Host { address } } host(id: $id) { address } }"
    for id_, address in zip(ids, (GATEWAY, FIRST, LAST), strict=True):
        assert await network.ask(document, id=id_) == {
            "node": {"address": str(address)},
            "host": {"address": str(address)},
        }
    for no_address in ("10.0.0.256", "", 7):
        messages = await network.errors(document, id=global_id(Host, no_address))
        assert len(messages) == 2
        assert all(it.endswith("is not an id of this API; use an `id` that it gave you.") for it in messages)


async def test_an_input_takes_it_and_every_type_in_its_own_form(network: Api) -> None:
    given = {
        "address": "10.0.0.11",
        "lastSeenAt": "10.0.0.12",
        "serial": "SN-8",
        "octets": str(2**50),
        "installedAt": "2026-03-01T12:00:00",
    }
    document = """
      mutation ($input: CreateHostInput!) {
        createHost(input: $input) {
          host { address lastSeenAt serial octets installedAt }
          errors { ... on UserError { message } }
        }
      }
    """
    assert (await network.ask(document, input=given))["createHost"] == {"host": given, "errors": []}
    assert await addresses(network, 'where: {lastSeenAt: {eq: "10.0.0.12"}}') == ["10.0.0.11"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("address", "10.0.0.256", "'10.0.0.256' is not an address, for instance 192.0.2.1."),
        ("serial", "8", "'8' is not a serial, for instance SN-1."),
    ],
)
async def test_what_is_not_of_its_form_is_refused(field: str, value: str, says: str, network: Api) -> None:
    (message,) = await network.errors(f'{{ hosts(where: {{{field}: {{eq: "{value}"}}}}) {{ totalCount }} }}')
    assert says in message
    (message,) = await network.errors(
        "query ($where: HostFilter) { hosts(where: $where) { totalCount } }", where={field: {"eq": value}}
    )
    assert says in message
