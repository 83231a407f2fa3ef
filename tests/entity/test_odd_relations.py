"""Relationships beyond the simple ones: what they show, in which order, and how filters and orders pass through."""

from typing import Any

from tests.databases import StatementRecorder
from tests.entity import odd_types as types
from tests.entity.odd_rows import SHOPS
from tests.entity.serving import Api, global_id


def names(connection: Any, field: str = "name") -> list[Any]:
    return [node[field] for node in connection["nodes"]]


async def test_two_roads_to_one_table_are_kept_apart(odd: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await odd.ask(
            """
            {
              people {
                nodes { givenName home { city } work { city } }
              }
              addresses { nodes { residents { nodes { givenName } } workers { totalCount } } }
              commuters: people(where: {home: {}, work: {city: {isNull: true}}}) { nodes { givenName } }
              byWork: people(orderBy: [{work: {city: ASC_NULLS_FIRST}}, {givenName: DESC}]) { nodes { givenName } }
            }
            """
        )
    # people, both their addresses at once; addresses, residents, the count of workers; two more lists
    assert len(seen) == 2 + 3 + 2
    assert [(node["givenName"], node["home"], node["work"]) for node in found["people"]["nodes"]] == [
        ("Ada", {"city": "Ulm"}, {"city": None}),
        ("Bo", {"city": "Ulm"}, {"city": "Ulm"}),
        ("Cleo", None, {"city": None}),
        ("Dora", {"city": "Åbo"}, None),
    ]
    assert [
        (names(node["residents"], "givenName"), node["workers"]["totalCount"]) for node in found["addresses"]["nodes"]
    ] == [(["Ada", "Bo"], 1), ([], 2), (["Dora"], 0), ([], 0)]
    assert names(found["commuters"], "givenName") == ["Ada"]
    assert names(found["byWork"], "givenName") == ["Dora", "Cleo", "Ada", "Bo"]


async def test_a_one_to_one_is_walked_from_both_ends(odd: Api) -> None:
    found = await odd.ask(
        """
        {
          people { nodes { givenName passport { number holder { givenName } } } }
          passport(number: "X3") { id holder { passport { number } } }
          with: people(where: {passport: {number: {gt: "X1"}}}) { nodes { givenName } }
          without: people(where: {not: {passport: {}}}) { nodes { givenName } }
          ordered: people(orderBy: [{passport: {number: DESC}}, {givenName: DESC}]) { nodes { givenName } }
          held: passports(orderBy: [{holder: {givenName: DESC}}]) { nodes { number } }
        }
        """
    )
    assert [node["passport"] for node in found["people"]["nodes"]] == [
        {"number": "X1", "holder": {"givenName": "Ada"}},
        None,
        {"number": "X3", "holder": {"givenName": "Cleo"}},
        None,
    ]
    assert found["passport"] == {"id": global_id(types.Passport, 3), "holder": {"passport": {"number": "X3"}}}
    assert names(found["with"], "givenName") == ["Cleo"]
    assert names(found["without"], "givenName") == ["Bo", "Dora"]
    assert names(found["ordered"], "givenName") == ["Cleo", "Ada", "Dora", "Bo"]
    assert names(found["held"], "number") == ["X3", "X1"]


async def test_friends_are_people_in_either_direction(odd: Api) -> None:
    found = await odd.ask(
        """
        {
          people { nodes { friends { nodes { givenName friendOf { totalCount } } } friendOf { nodes { givenName } } } }
          popular: people(where: {friendOf: {count: {gte: 2}}}) { nodes { givenName } }
          ofBo: people(where: {friends: {some: {friends: {some: {givenName: {eq: "Bo"}}}}}}) { nodes { givenName } }
        }
        """
    )
    assert [names(node["friends"], "givenName") for node in found["people"]["nodes"]] == [
        ["Bo", "Cleo"],
        ["Ada"],
        ["Cleo"],
        ["Ada"],
    ]
    assert [names(node["friendOf"], "givenName") for node in found["people"]["nodes"]] == [
        ["Bo", "Dora"],
        ["Ada"],
        ["Ada", "Cleo"],
        [],
    ]
    assert names(found["popular"], "givenName") == ["Ada", "Cleo"]
    assert names(found["ofBo"], "givenName") == ["Bo", "Dora"]


async def test_keys_of_several_columns_lead_both_ways(odd: Api, statements: StatementRecorder) -> None:
    line = global_id(types.PurchaseLine, SHOPS[0], 2, 1)
    with statements() as seen:
        found = await odd.ask(
            """
            query ($line: ID!, $nameless: ID!) {
              purchases { nodes { shop number lines(first: 1) { totalCount nodes { what } } } }
              purchaseLine(id: $line) { what purchase { shop number } deliveries { totalCount } }
              purchase(id: $nameless) { shop number }
              deliveries { nodes { line { what purchase { number } } place { city } } }
              delivered: purchases(where: {lines: {some: {deliveries: {count: {gte: 1}}}}}) { totalCount }
              undelivered: deliveries(where: {not: {line: {}}}) { totalCount }
            }
            """,
            line=line,
            nameless=global_id(types.Purchase, SHOPS[2], 1),
        )
    # purchases, their first lines and their counts; a line, its purchase, the count of its deliveries; a purchase;
    # deliveries, their lines, the purchases of these, and places; two counts. The purchases of the line and of the
    # deliveries' lines are wanted with other columns.
    assert len(seen) == 3 + 3 + 1 + 4 + 2
    assert [(node["lines"]["totalCount"], names(node["lines"], "what")) for node in found["purchases"]["nodes"]] == [
        (0, []),
        (0, []),
        (1, ["1.1"]),
        (2, ["2.1"]),
        (1, ["1.1"]),
        (2, ["2.1"]),
    ]
    assert found["purchaseLine"] == {
        "what": "2.1",
        "purchase": {"shop": SHOPS[0], "number": 2},
        "deliveries": {"totalCount": 2},
    }
    assert found["purchase"] == {"shop": "", "number": 1}
    assert [node["line"] for node in found["deliveries"]["nodes"]] == [
        {"what": "2.1", "purchase": {"number": 2}},
        {"what": "2.1", "purchase": {"number": 2}},
        {"what": "1.1", "purchase": {"number": 1}},
        None,
        None,
    ]
    assert found["delivered"] == found["undelivered"] == {"totalCount": 2}


async def test_conditions_and_orders_of_a_relationship_hold(odd: Api) -> None:
    found = await odd.ask(
        """
        {
          teams(orderBy: [{code: ASC}]) {
            nodes {
              code
              members { nodes { name } }
              last: members(last: 2) { nodes { name } }
              activeMembers { totalCount nodes { name } }
              byRank: activeMembers(orderBy: [{rank: ASC_NULLS_FIRST}]) { nodes { name } }
              namesakes { nodes { name } }
              courses { totalCount nodes { title } }
              firstCourse: courses(first: 1) { nodes { title } pageInfo { hasNextPage } }
            }
          }
          studious: teams(where: {courses: {count: {gte: 2}}}) { nodes { code } }
          inactive: teams(where: {activeMembers: {count: {lt: 2}}}) { nodes { code } }
        }
        """
    )
    other, red, empty = found["teams"]["nodes"]
    assert [node["code"] for node in (other, red, empty)] == ["a/b:c", "red", "ünïcode"]
    assert names(red["members"]) == ["Yan", "red", "Zoe"]
    assert names(red["last"]) == ["red", "Zoe"]
    assert names(other["members"]) == ["Vic", "Xu"]
    assert names(red["activeMembers"]) == ["Zoe", "Yan"]
    assert red["activeMembers"]["totalCount"] == 2
    assert names(red["byRank"]) == ["Yan", "Zoe"]
    assert names(red["namesakes"]) == ["red"]
    assert red["courses"] == {"totalCount": 2, "nodes": [{"title": "Logic"}, {"title": "Art"}]}
    assert red["firstCourse"] == {"nodes": [{"title": "Logic"}], "pageInfo": {"hasNextPage": True}}
    assert names(found["studious"], "code") == ["red"]
    assert all(not names(empty[field]) for field in ("members", "activeMembers", "namesakes"))
    assert names(found["inactive"], "code") == ["a/b:c", "ünïcode"]


async def test_the_first_of_many_is_the_same_wherever_it_is_asked(odd: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await odd.ask(
            """
            {
              people { nodes { lastSent { text } } }
              teams { nodes { code firstMember { name } } }
            }
            """
        )
    # people and their last messages, teams and their first members
    assert len(seen) == 2 + 2
    assert [node["lastSent"] and node["lastSent"]["text"] for node in found["people"]["nodes"]] == [
        "two",
        "six",
        "five",
        None,
    ]
    assert [node["firstMember"] and node["firstMember"]["name"] for node in found["teams"]["nodes"]] == [
        "Xu",
        "Yan",
        None,
    ]
    filtered = await odd.ask(
        """
        {
          one: people(where: {lastSent: {text: {eq: "one"}}}) { totalCount }
          two: people(where: {lastSent: {text: {eq: "two"}}}) { nodes { givenName } }
          zoe: teams(where: {firstMember: {name: {eq: "Zoe"}}}) { totalCount }
          some: teams(where: {firstMember: {}}) { totalCount }
          ordered: people(orderBy: [{lastSent: {text: ASC}}]) { nodes { givenName } }
          teams(orderBy: [{firstMember: {name: DESC_NULLS_FIRST}}]) { nodes { code } }
        }
        """
    )
    assert filtered["one"] == filtered["zoe"] == {"totalCount": 0}
    assert filtered["some"] == {"totalCount": 2}
    assert names(filtered["two"], "givenName") == ["Ada"]
    assert names(filtered["ordered"], "givenName") == ["Cleo", "Bo", "Ada", "Dora"]
    assert names(filtered["teams"], "code") == ["ünïcode", "red", "a/b:c"]


async def test_an_order_by_a_column_between_is_kept_on_every_page(odd: Api) -> None:
    document = """
      query ($after: String, $before: String) {
        courses(where: {title: {eq: "Logic"}}) {
          nodes {
            students(first: 2, after: $after) { nodes { name } pageInfo { endCursor } }
            back: students(last: 1, before: $before) { nodes { name } }
            finalists { nodes { name } }
            enrolments { nodes { position grade member { name } } }
          }
        }
      }
    """
    (first,) = (await odd.ask(document))["courses"]["nodes"]
    assert names(first["students"]) == ["Xu", "Zoe"]
    assert names(first["back"]) == ["Yan"]
    assert names(first["finalists"]) == ["Zoe", "Xu"]
    assert [(one["position"], one["grade"], one["member"]["name"]) for one in first["enrolments"]["nodes"]] == [
        (1, 1.5, "Xu"),
        (2, None, "Zoe"),
        (3, 0.1, "Yan"),
    ]
    cursor = first["students"]["pageInfo"]["endCursor"]
    (second,) = (await odd.ask(document, after=cursor, before=cursor))["courses"]["nodes"]
    assert names(second["students"]) == ["Yan"]
    assert names(second["back"]) == ["Xu"]


async def test_a_condition_between_columns_of_one_row_is_not_lost(odd: Api) -> None:
    found = await odd.ask("{ people { nodes { toSelf { totalCount nodes { text recipient { givenName } } } } } }")
    assert [node["toSelf"] for node in found["people"]["nodes"]] == [
        {"totalCount": 1, "nodes": [{"text": "two", "recipient": {"givenName": "Ada"}}]},
        {"totalCount": 0, "nodes": []},
        {"totalCount": 1, "nodes": [{"text": "five", "recipient": {"givenName": "Cleo"}}]},
        {"totalCount": 0, "nodes": []},
    ]


async def test_rows_that_keys_of_several_columns_lead_to_are_counted_once(odd: Api) -> None:
    found = await odd.ask("{ deliveriesAggregate { line: countDistinct(of: LINE) place: countDistinct(of: PLACE) } }")
    assert found["deliveriesAggregate"] == {"line": 2, "place": 2}
