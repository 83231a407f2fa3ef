"""Every entity for every viewer: the rows that are found, one by one and all together, are those that may be seen."""

from typing import Any

import pytest

from graph.entity.registry import Entity
from graph.viewer import Viewer
from tests.policies.seen import RULES, Row, may_see, may_see_email
from tests.policies.viewers import VIEWERS
from tests.policies.worlds import Worlds, entities, table_of

ENTITIES = entities()
AT_ONCE = 100

everybody = pytest.mark.parametrize("viewer", VIEWERS.values(), ids=VIEWERS)


def look_up(entity: Entity) -> str:
    """The root field that finds one row."""
    return f"{entity.name[0].lower()}{entity.name[1:]}"


def test_of_every_entity_it_is_said_who_sees_its_rows() -> None:
    assert {table_of(entity) for entity in ENTITIES} == RULES.keys()


@everybody
async def test_lists_counts_and_aggregates_hold_what_may_be_seen(worlds: Worlds, viewer: Viewer) -> None:
    for entity in ENTITIES:
        expected, found, after = worlds.ids(entity, viewer), [], None
        while True:
            text = (
                f"query ($after: String) {{ {entity.plural}(first: 30, after: $after, orderBy: [{{id: ASC}}])"
                " { nodes { id } totalCount aggregate { count } pageInfo { endCursor hasNextPage } }"
                f" {entity.plural}Aggregate {{ count }} }}"
            )
            data = await worlds.whole.data(viewer, text, after=after)
            page = data[entity.plural]
            found += [node["id"] for node in page["nodes"]]
            counted = (page["totalCount"], page["aggregate"]["count"], data[f"{entity.plural}Aggregate"]["count"])
            assert counted == (len(expected),) * 3, entity.name
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert sorted(found) == sorted(expected), entity.name


@everybody
async def test_an_id_finds_a_row_that_may_be_seen_and_no_other(worlds: Worlds, viewer: Viewer) -> None:
    for entity in ENTITIES:
        ids, seen = worlds.ids(entity), set(worlds.ids(entity, viewer))
        expected = [{"id": id_} if id_ in seen else None for id_ in ids]
        fields = [f'{look_up(entity)}(id: "{id_}") {{ id }}' for id_ in ids]
        fields += [f'node(id: "{id_}") {{ id }}' for id_ in ids]
        one_by_one = f"{{ {' '.join(f'f{at}: {field}' for at, field in enumerate(fields))} }}"
        assert list((await worlds.whole.data(viewer, one_by_one)).values()) == expected * 2, entity.name
        together = []
        for start in range(0, len(ids), AT_ONCE):
            text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            together += (await worlds.whole.data(viewer, text, ids=ids[start : start + AT_ONCE]))["nodes"]
        assert together == expected, entity.name


@everybody
async def test_a_natural_key_finds_a_row_that_may_be_seen_by_it(worlds: Worlds, viewer: Viewer) -> None:
    for entity in ENTITIES:
        rows, ids = worlds.rows[table_of(entity)], worlds.ids(entity)
        for key in entity.natural_keys:
            fields = " ".join(f'f{at}: {look_up(entity)}({key}: "{row[key]}") {{ id }}' for at, row in enumerate(rows))
            found = list((await worlds.whole.data(viewer, f"{{ {fields} }}")).values())
            expected = [
                {"id": id_} if may_find(viewer, entity, key, row, worlds) else None
                for row, id_ in zip(rows, ids, strict=True)
            ]
            assert found == expected, f"{entity.name} by {key}"


def may_find(viewer: Viewer, entity: Entity, key: str, row: Row, worlds: Worlds) -> bool:
    """Whether a viewer may see a row, and the value that it is looked up by."""
    if (entity.name, key) == ("User", "email"):
        return may_see_email(viewer, row)
    return may_see(viewer, table_of(entity), row, worlds.rows)


@everybody
async def test_an_email_address_is_shown_to_its_owner_and_to_admins(worlds: Worlds, viewer: Viewer) -> None:
    text = "{ users(first: 100, orderBy: [{id: ASC}]) { nodes { email } } }"
    shown = [node["email"] for node in (await worlds.whole.data(viewer, text))["users"]["nodes"]]
    assert shown == [user["email"] if may_see_email(viewer, user) else None for user in worlds.rows["users"]]


@everybody
async def test_search_finds_no_post_that_may_not_be_seen(worlds: Worlds, viewer: Viewer) -> None:
    (post,) = (entity for entity in ENTITIES if entity.name == "Post")
    seen, found = set(worlds.ids(post, viewer)), set[str]()
    for row in worlds.rows["posts"]:
        word = max(row["title"].split(), key=len)
        text = "query ($words: String!) { search(text: $words, first: 100) { totalCount nodes { id } } }"
        hits: Any = (await worlds.whole.data(viewer, text, words=word))["search"]
        assert hits["totalCount"] == len(hits["nodes"])
        found |= {node["id"] for node in hits["nodes"]}
    assert found == seen
