"""What may not be seen might as well not be there: no operation tells a database from one without it.

The same operation is answered over everything, and over a database from which the rows that its viewer may not see
were deleted, and in which the values that are hidden are others. The answers must be equal, byte for byte.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.viewer import Viewer
from tests.entity.laws import tried
from tests.execute.agreement.known import Known, known_to
from tests.execute.agreement.operations import operations
from tests.policies.paths import Path, leaves, paths
from tests.policies.viewers import LIMITED, VIEWERS
from tests.policies.worlds import SCHEMA, Worlds, entities

ENTITIES = entities()
ONE_OF_EACH = ("nobody", "a member", "an author", "an editor", "a machine of an editor")
"""Viewers of every kind, and two who own different things."""

PATHS: list[Path] = []
"""Made once: what is asked is the same for everybody."""


async def all_paths(worlds: Worlds) -> list[Path]:
    """Every path to every entity, with the values of its last row."""
    if not PATHS:
        values: dict[tuple[str, str], list[Any]] = {}
        for entity in ENTITIES:
            text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {entity.name} {{ {leaves(entity.name)} }} }} }}"
            ids = worlds.ids(entity)
            rows = (await worlds.whole.data(VIEWERS["an admin"], text, ids=ids[-1:]))["nodes"]
            for name in leaves(entity.name).split():
                different = {repr(row[name]): row[name] for row in rows if row[name] is not None}
                values[entity.name, name] = list(different.values())
        PATHS.extend(path for entity in ENTITIES for path in paths(entity, ENTITIES, values))
    return PATHS


async def test_no_path_to_an_entity_tells_of_what_is_hidden(worlds: Worlds) -> None:
    for path in await all_paths(worlds):
        for name in ("nobody", "an author"):  # the others ask what is made up, below
            difference = await worlds.differ(name, LIMITED[name], path.document)
            if difference:
                pytest.fail(f"{path.name}, as {name}: {difference}", pytrace=False)


async def known_of(worlds: Worlds, viewer: Viewer) -> Known:
    """What operations may name: of each type, rows that are hidden and rows that are not; cursors of all of them."""
    known = await known_to(SCHEMA, worlds.whole.engines)
    ids = {}
    for entity in ENTITIES:
        seen = set(worlds.ids(entity, viewer))
        hidden = [id_ for id_ in worlds.ids(entity) if id_ not in seen]
        ids[entity.name] = [*sorted(seen)[:3], *hidden[:3]]
    return replace(known, ids=ids)


@pytest.mark.parametrize("name", ONE_OF_EACH)
@tried(5)
@given(data=st.data())
async def test_no_operation_tells_of_what_is_hidden(data: st.DataObject, worlds: Worlds, name: str) -> None:
    viewer = LIMITED[name]
    if name not in KNOWN:
        KNOWN[name] = await known_of(worlds, viewer)
    operation = data.draw(operations(KNOWN[name]))
    difference = await worlds.differ(name, viewer, operation.text, operation.variables)
    if difference:
        pytest.fail(difference, pytrace=False)


KNOWN: dict[str, Known] = {}


@pytest.mark.parametrize("worlds", ["sqlite"], indirect=True)
async def test_nearly_every_path_would_tell(worlds: Worlds) -> None:
    """Somebody who sees everything is told of nearly every row that was taken away."""
    some = (await all_paths(worlds))[::3]
    told = [path for path in some if await worlds.differ("nobody", VIEWERS["an admin"], path.document)]
    assert len(told) > len(some) * 0.9, [path.name for path in some if path not in told]
