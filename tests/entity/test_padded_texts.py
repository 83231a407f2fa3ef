"""CHAR(n): the blanks that a database fills it up with are no part of a value, wherever it is met."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import StatementRecorder
from tests.entity import spellings as types
from tests.entity.conftest import Filled
from tests.entity.serving import Api, global_id, serve


@pytest.fixture
async def spellings(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(types.SPELLINGS, dialect), types.SPELLINGS) as api:
        yield api


async def test_a_padded_text_is_shown_without_its_padding(spellings: Api) -> None:
    found = await spellings.ask(
        """
        {
          countries(orderBy: [{code: ASC}]) { nodes { id code } }
          ports { nodes { short } }
          countriesAggregate { max { code } groupBy(by: [{value: CODE}]) { nodes { key { code } } } }
        }
        """
    )
    codes = ["", "ab", "abc"]
    assert found["countries"]["nodes"] == [{"id": global_id(types.Country, code), "code": code} for code in codes]
    assert [port["short"] for port in found["ports"]["nodes"]] == ["x y", " y", None]
    assert found["countriesAggregate"]["max"] == {"code": "abc"}
    assert [group["key"]["code"] for group in found["countriesAggregate"]["groupBy"]["nodes"]] == codes


FILTERS = [
    ('{eq: "ab"}', ["ab"]),
    ('{eq: "ab  "}', ["ab"]),
    ('{ne: "ab "}', ["", "abc"]),
    ('{eq: "abcabc"}', []),
    ('{in: ["ab", "abc ", "x"]}', ["ab", "abc"]),
    ('{notIn: ["ab "]}', ["", "abc"]),
    ('{lt: "ab"}', [""]),
    ('{gte: "ab "}', ["ab", "abc"]),
    ('{gt: "ab"}', ["abc"]),
    ('{endsWith: "b"}', ["ab"]),
    ('{endsWith: "b "}', []),
    ('{contains: "b "}', []),
    ('{startsWith: "ab"}', ["ab", "abc"]),
    ('{eqIgnoreCase: "AB"}', ["ab"]),
    ('{eqIgnoreCase: "AB "}', ["ab"]),
    ('{endsWithIgnoreCase: "BC"}', ["abc"]),
    ('{endsWithIgnoreCase: "BC "}', []),
]


async def test_a_padded_text_is_compared_without_its_padding(spellings: Api, subtests: pytest.Subtests) -> None:
    for asked, codes in FILTERS:
        with subtests.test(asked):
            document = f"{{ countries(where: {{code: {asked}}}, orderBy: [{{code: ASC}}]) {{ nodes {{ code }} }} }}"
            found = await spellings.ask(document)
            assert [country["code"] for country in found["countries"]["nodes"]] == codes


async def test_a_padded_key_finds_its_row_by_id_by_key_and_behind_a_cursor(spellings: Api) -> None:
    page = "countries(orderBy: [{code: ASC}], first: 1, after: $after) { edges { cursor node { id code } } }"
    document = f"""
      query ($id: ID!, $code: String!, $after: String) {{
        node(id: $id) {{ ... on Country {{ code }} }} country(code: $code) {{ code }}
        countries(where: {{id: {{eq: $id}}}}) {{ totalCount }} next: {page}
      }}
    """
    after, seen = None, []
    for code in ("", "ab", "abc"):
        found = await spellings.ask(document, id=global_id(types.Country, code), code=code, after=after)
        assert found["node"] == found["country"] == {"code": code}
        assert found["countries"]["totalCount"] == 1
        (edge,) = found["next"]["edges"]
        after = edge["cursor"]
        seen.append(edge["node"]["code"])
    assert seen == ["", "ab", "abc"]


async def test_padded_and_plain_keys_belong_together(spellings: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await spellings.ask(
            """
            {
              countries(orderBy: [{code: ASC}]) {
                nodes { ports { totalCount nodes { code country { name } ships { totalCount nodes { id } } } } }
              }
              ships { nodes { portCode port { country { code } } } }
              ports(where: {ships: {some: {}}, country: {code: {eq: "ab"}}}) { nodes { code } }
            }
            """
        )
    # countries, ports and their number, countries' names, ships and their number; ships, ports, countries; ports
    assert len(seen) == 1 + 2 + 1 + 2 + 3 + 1
    of_country = [country["ports"] for country in found["countries"]["nodes"]]
    assert [ports["totalCount"] for ports in of_country] == [0, 2, 1]
    assert [[port["country"]["name"] for port in ports["nodes"]] for ports in of_country] == [[], ["Ab"] * 2, ["Abc"]]
    assert [[port["ships"]["totalCount"] for port in ports["nodes"]] for ports in of_country] == [[], [2, 0], [1]]
    ships = found["ships"]["nodes"]
    assert [(ship["portCode"], ship["port"]["country"]["code"]) for ship in ships] == [
        ("p1", "ab"),
        ("p3", "abc"),
        ("p1", "ab"),
    ]
    assert found["ports"]["nodes"] == [{"code": "p1"}]
