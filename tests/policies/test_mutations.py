"""Every mutation, for every viewer: the id of a row that may not be seen is the id of no row.

The answers are the same bytes, errors and all, and as many statements are sent for them.
"""

import uuid

import pytest

from graph.entity.ids import encode_id
from graph.entity.registry import Entity
from tests.databases import engine_statements
from tests.execute.agreement.comparing import Answer
from tests.policies.inputs import IdPlace, filter_places, id_places, ids_in_the_schema
from tests.policies.viewers import LIMITED
from tests.policies.worlds import Worlds, entities

KNOWN_TO_EXIST = {
    (
        "transferFunds",
        "toAccountId",
    ): "Money that arrives tells, at its cost; no refusal does (tests/mutations/test_money.py).",
}
"""Places that tell of a row when the change is made, and why they may."""

PLACES = [one for one in id_places() if (one.mutation, one.place[0]) not in KNOWN_TO_EXIST]


def id_of_no_row(entity: Entity, number: int = 2**40) -> str:
    (column,) = entity.mapper.primary_key
    return encode_id(entity, (uuid.UUID(int=number) if column.type.python_type is uuid.UUID else number,))


async def found_out(one: IdPlace, name: str, worlds: Worlds) -> set[str]:
    """The codes with which a place refuses rows that its viewer may not see."""
    viewer, no_row = LIMITED[name], id_of_no_row(one.entity)
    others = {}
    for entity in entities():
        others[entity.name] = next(iter(worlds.ids(entity, viewer)), id_of_no_row(entity, 2**41))
    seen, codes = set(worlds.ids(one.entity, viewer)), set()
    hidden = [id_ for id_ in worlds.ids(one.entity) if id_ not in seen]
    for id_ in [*hidden[:1], *hidden[-1:]]:
        inputs = [one.input(it, others) for it in (id_, no_row)]
        told, sent = list[Answer](), list[int]()
        for input_ in inputs:
            with engine_statements() as statements:
                told.append(await worlds.whole.answer(viewer, one.document, {"input": input_}))
            sent.append(len(statements))
        assert told[0] == told[1], f"{one.mutation}, {one.place}"
        assert sent[0] == sent[1], f"{one.mutation}, {one.place}: the number of statements tells"
        assert not told[0].problems, (told[0].problems, one)
        codes |= {error["code"] for error in told[0].data[one.mutation]["errors"]}
    return codes


@pytest.mark.parametrize("name", LIMITED)
async def test_the_id_of_a_row_that_may_not_be_seen_is_refused_as_the_id_of_no_row(worlds: Worlds, name: str) -> None:
    for one in PLACES:
        await found_out(one, name, worlds)


@pytest.mark.parametrize("worlds", ["sqlite"], indirect=True)
async def test_nearly_every_place_gets_as_far_as_to_look_for_the_row(worlds: Worlds) -> None:
    """What is refused before, for another reason, would prove nothing."""
    reached, hidden = set(), set()
    for one in PLACES:
        for name in LIMITED:
            codes = await found_out(one, name, worlds)
            hidden |= {one} if codes else set()
            reached |= {one} if "NOT_FOUND" in codes else set()
    # The others are for admins, from whom nothing is hidden, or need a row of the viewer's own beside the hidden one.
    # Posts of a user are such rows: tests/writing/test_nested.py has those that are hidden.
    not_reached = {one.mutation for one in hidden - reached}
    assert not_reached <= {"createUser", "updateUser", "deposit", "shipOrder", "payOrder"}


@pytest.mark.parametrize("name", LIMITED)
async def test_the_filter_of_a_mutation_meets_no_row_that_may_not_be_seen(worlds: Worlds, name: str) -> None:
    for one in filter_places():
        (entity,) = (entity for entity in entities() if f"{entity.name}Filter" == one.filter)
        hidden = sorted(set(worlds.ids(entity)) - set(worlds.ids(entity, LIMITED[name])))
        of_none = [id_of_no_row(entity, 2**40 + number) for number in range(len(hidden))]
        for form in (lambda ids: {"id": {"in": ids}}, lambda ids: {"not": {"id": {"notIn": ids}}}):
            inputs = [{one.place: form(ids)} for ids in (hidden, of_none)]
            told = [await worlds.whole.answer(LIMITED[name], one.document, {"input": input_}) for input_ in inputs]
            assert told[0] == told[1], one
            assert not told[0].problems, (told[0].problems, one)
    assert any(True for _ in filter_places())


def test_every_id_that_a_mutation_takes_is_in_the_matrix() -> None:
    tried = {(one.mutation, tuple(part for part in one.place if part != 0)) for one in id_places()}
    assert ids_in_the_schema() == tried
