"""Values of every kind: shown, filtered, ordered, grouped, and found again by what the API gave out."""

import base64
import json
from typing import Any

import pytest

from graph.entity.directions import is_ordered
from graph.entity.registry import entity_of
from tests.databases import StatementRecorder
from tests.entity import odd_types as types
from tests.entity.odd import Colour
from tests.entity.odd_rows import DEVICES
from tests.entity.serving import Api, global_id

ROW = """
  id colour day at seenAt notedAt value level isValid mood quality payload text token device { label }
"""

ORDERED = [name for name, attribute in entity_of(types.Reading).attributes.items() if is_ordered(attribute)]

FILTERS = [
    ("{colour: {in: [RED]}, mood: {ne: RED}}", 1),
    ("{mood: {notIn: [BLUE, GREEN]}}", 3),
    ("{mood: {isNull: true}}", 1),
    ('{day: {lt: "2000-01-01"}}', 2),
    ('{at: {gte: "23:59:59"}}', 1),
    ('{at: {eq: "00:00:00"}}', 1),
    ('{seenAt: {gt: "2024-02-29T12:00:00Z"}}', 1),
    ('{seenAt: {lte: "2024-02-29T13:00:00+01:00"}}', 1),
    ('{notedAt: {eq: "2024-02-29T12:00:00"}}', 1),
    ('{notedAt: {ne: "2024-02-29T12:00:00"}}', 3),
    ("{value: {eq: 0.1}}", 1),
    ("{value: {lt: 0}}", 1),
    ("{level: {lt: 40000}}", 2),
    ("{level: {in: [40000, -1]}}", 1),
    ("{level: {ne: 40000}}", 4),
    ("{isValid: {eq: true}}", 2),
    ("{isValid: {ne: true}}", 2),
    ('{quality: {eq: "good"}}', 1),
    ('{quality: {in: ["great", "bad"]}}', 1),
    ('{quality: {contains: "oo"}}', 1),
    ('{quality: {eqIgnoreCase: "GOOD"}}', 1),
    ('{quality: {gt: "bad"}}', 1),
    ('{text: {eq: ""}}', 1),
    ('{text: {startsWith: ""}}', 2),
    ('{text: {eqIgnoreCase: "ß"}}', 1),
    ("{payload: {isNull: true}}", 1),
    ("{payload: {contains: {a: [1]}}}", 1),
    ('{payload: {hasKey: "x"}}', 2),
    ('{payload: {path: [{at: ["1", "a"], gte: 1}]}}', 1),
    ('{payload: {path: [{at: ["a", "1"], isNull: true}, {at: ["a", "0"], eq: 1}]}}', 1),
    (f'{{token: {{in: ["{DEVICES[1]}"]}}}}', 1),
    ('{device: {label: {eq: "d0"}}}', 2),
    (f'{{device: {{uuid: {{eq: "{DEVICES[1]}"}}}}}}', 1),
]


async def test_every_kind_of_value_is_shown_as_it_was_written(odd: Api) -> None:
    found = await odd.ask(f"{{ readings {{ nodes {{ {ROW} }} }} }}")
    by_id = {node.pop("id"): node for node in found["readings"]["nodes"]}
    assert by_id[global_id(types.Reading, Colour.RED, "2024-02-29")] == {
        "colour": "RED",
        "day": "2024-02-29",
        "at": "23:59:59.999999",
        "seenAt": "2024-02-29T12:00:00+00:00",
        "notedAt": "2024-02-29T12:00:00",
        "value": 0.1,
        "level": 32_767,
        "isValid": True,
        "mood": "BLUE",
        "quality": "good",
        "payload": ["x", {"a": 1}],
        "text": "",
        "token": str(DEVICES[1]),
        "device": {"label": "d0"},
    }
    empty = by_id[global_id(types.Reading, Colour.GREEN, "2024-02-29")]
    assert {name for name, value in empty.items() if value is not None} == {"colour", "day", "payload", "device"}


async def test_filters_on_every_kind_of_value_find_the_same_on_both_databases(
    odd: Api, subtests: pytest.Subtests
) -> None:
    for where, count in FILTERS:
        with subtests.test(where):
            found = await odd.ask(f"{{ readings(where: {where}) {{ totalCount nodes {{ id }} }} }}")
            assert found["readings"]["totalCount"] == len(found["readings"]["nodes"]) == count


async def test_a_row_is_found_again_by_its_id_whatever_its_key_is_made_of(odd: Api) -> None:
    for plural in ("readings", "devices", "purchaseLines", "teams", "enrolments"):
        ids = [node["id"] for node in (await odd.ask(f"{{ {plural} {{ nodes {{ id }} }} }}"))[plural]["nodes"]]
        document = f"""
          query ($ids: [ID!]!) {{
            nodes(ids: $ids) {{ id }}
            {plural}(where: {{id: {{in: $ids}}}}) {{ nodes {{ id }} }}
          }}
        """
        found = await odd.ask(document, ids=ids[::-1])
        assert [node["id"] for node in found["nodes"]] == ids[::-1]
        assert [node["id"] for node in found[plural]["nodes"]] == ids


async def test_natural_keys_of_any_type_find_their_row(odd: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await odd.ask(
            """
            query ($uuid: UUID!) {
              device(uuid: $uuid) { label readings { nodes { day } } }
              labelled: device(label: "d2") { uuid readings { totalCount } }
              team(code: "a/b:c") { size }
              nobody: team(code: "A/B:C") { size }
            }
            """,
            uuid=str(DEVICES[1]),
        )
    # four rows, the readings of one device and the count of another's
    assert len(seen) == 4 + 2
    assert found == {
        "device": {"label": "d1", "readings": {"nodes": [{"day": "1999-12-31"}]}},
        "labelled": {"uuid": str(DEVICES[2]), "readings": {"totalCount": 0}},
        "team": {"size": 2},
        "nobody": None,
    }


@pytest.mark.parametrize("name", ORDERED)
async def test_pages_of_one_row_are_the_whole_list_in_every_order(name: str, odd: Api) -> None:
    for direction in ("ASC", "DESC_NULLS_FIRST"):
        arguments = f"orderBy: [{{{name}: {direction}}}]"
        document = f"""
          query ($after: String, $before: String) {{
            whole: readings({arguments}) {{ nodes {{ id }} }}
            next: readings({arguments}, first: 1, after: $after) {{ edges {{ cursor node {{ id }} }} }}
            previous: readings({arguments}, last: 1, before: $before) {{ edges {{ cursor node {{ id }} }} }}
          }}
        """
        forward, backward, after, before = [], [], None, None
        for _ in range(4):
            found = await odd.ask(document, after=after, before=before)
            (follows,), (precedes,) = found["next"]["edges"], found["previous"]["edges"]
            after, before = follows["cursor"], precedes["cursor"]
            forward.append(follows["node"])
            backward.append(precedes["node"])
        assert forward == backward[::-1] == found["whole"]["nodes"]


def tampered(cursor: str, value: Any) -> str:
    """The cursor with another value in the first place."""
    digest, _, *rest = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    return base64.urlsafe_b64encode(json.dumps([digest, value, *rest]).encode()).decode()


JUNK: tuple[Any, ...] = (
    *(2**40, 2**63 - 1, 2**63, -1.5, "", "x", True, None, [], {}),
    *("2024-13-01", "NaN", "1e400", "\x00", "\ud800"),
)
EDGES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "9999-12-31", "23:59:59+01:00", "RED")
BEYOND = (
    *("infinity", "-infinity", "Infinity", "now", "epoch", "24:00:00", "24:00:00+15:59", "24:00:00+16:00", "24:00:01"),
    *(
        "0044-03-15 BC",
        "0044-02-30 BC",
        "0000-01-01 BC",
        "4714-11-24 BC",
        "4714-11-23 BC",
        "99999-02-29",
        "96000-02-29",
    ),
    *("5874897-12-31", "5874898-01-01", "294276-12-31T23:59:59.999999-15:59", "294276-12-29T23:59:59.999999-15:59"),
    *("4714-11-24T00:00:00+15:59 BC", "4714-11-26T00:00:00+15:59 BC", "20000-01-01T25:00:00", "20000-01-01T00:00:00"),
)
"""What PostgreSQL has days and times for, and what looks like it."""


async def test_a_tampered_cursor_is_refused_or_stands_somewhere(odd: Api) -> None:
    for name in ORDERED:
        ordered = f"readings(orderBy: [{{{name}: ASC_NULLS_FIRST}}], after: $after)"
        document = f"query ($after: String) {{ {ordered} {{ edges {{ cursor }} }} }}"
        cursor = (await odd.ask(document))["readings"]["edges"][-1]["cursor"]
        for value in (*JUNK, *EDGES, *BEYOND):
            for message in await odd.errors(document, after=tampered(cursor, value)):
                assert message == "`after` is not a cursor of this ordering; start again without it."


async def test_a_made_up_id_is_refused_or_names_nothing(odd: Api) -> None:
    for value in (*JUNK, *EDGES, *BEYOND):
        for type_ in (types.Reading, types.Device, types.Purchase, types.PurchaseLine, types.Team, types.Person):
            key = [value] * len(entity_of(type_).key)
            text = f"{type_.__name__}:{json.dumps(key)[1:-1]}"
            id_ = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
            for document in (
                "query ($id: ID!) { node(id: $id) { id } }",
                f"query ($id: ID!) {{ {entity_of(type_).plural}(where: {{id: {{ne: $id}}}}) {{ totalCount }} }}",
            ):
                for message in await odd.errors(document, id=id_):
                    assert message.endswith("is not an id of this API; use an `id` that it gave you.")
