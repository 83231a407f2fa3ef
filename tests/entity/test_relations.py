"""Every relation of every sample, walked both ways: the rows are those that SQLAlchemy itself joins.

One statement for each relation, however many parents there are.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Mapper, RelationshipProperty, aliased
from strawberry.utils.str_converters import to_camel_case

from db.relations import Link, link_of, primary_key
from graph.entity.registry import Entity, entity_named
from tests.databases import StatementRecorder
from tests.entity import chinook, odd
from tests.entity.chinook_rows import CHINOOK
from tests.entity.conftest import Filled
from tests.entity.odd_rows import ODD
from tests.entity.serving import Api, Sample, global_id, serve

SAMPLES = ((CHINOOK, chinook.Base), (ODD, odd.Base))

FIRST_OF_MANY = (odd.Person.last_sent, odd.Team.first_member)
"""The first of several children, which a join cannot tell from the others."""


def entity_for(mapper: Mapper[Any]) -> Entity:
    return entity_named(mapper.class_.__name__, mapper.registry)


def selection(relationship: RelationshipProperty[Any]) -> str:
    name = to_camel_case(relationship.key)
    return f"{name}(first: 100) {{ nodes {{ id }} }}" if relationship.uselist else f"{name} {{ id }}"


def ids_in(answered: Any) -> list[str]:
    """The ids of a connection, of one row or of none."""
    if answered is None:
        return []
    return [node["id"] for node in answered["nodes"]] if "nodes" in answered else [answered["id"]]


async def joined_ids(api: Api, relationship: RelationshipProperty[Any]) -> list[tuple[str, str]]:
    """The ids of parents and children, as SQLAlchemy's own join pairs them."""
    parent, child = aliased(relationship.parent.class_), aliased(relationship.mapper.class_)
    near = [getattr(parent, name) for name in primary_key(relationship.parent)]
    far = [getattr(child, name) for name in primary_key(relationship.mapper)]
    statement = select(*near, *far).distinct().join(getattr(parent, relationship.key).of_type(child))
    near_type, far_type = entity_for(relationship.parent).cls, entity_for(relationship.mapper).cls
    return [
        (global_id(near_type, *row[: len(near)]), global_id(far_type, *row[len(near) :]))
        for row in await api.rows(statement)
    ]


def loader_of(link: Link) -> object:
    """What is equal for relations that are read together."""
    return link if link.to_many or link.target_key is None else (link.target, link.target_key)


def mappers() -> Iterator[Any]:
    for sample, base in SAMPLES:
        for mapper in sorted(base.registry.mappers, key=lambda mapper: mapper.class_.__name__):
            if mapper.relationships:
                yield pytest.param(sample, mapper, id=mapper.class_.__name__)


@pytest.mark.parametrize(("sample", "mapper"), list(mappers()))
async def test_every_relation_leads_where_sqlalchemy_joins_it(
    sample: Sample, mapper: Mapper[Any], dialect: str, filled: Filled, statements: StatementRecorder
) -> None:
    left_out = {attribute.property for attribute in FIRST_OF_MANY}
    entity, relations = entity_for(mapper), [one for one in mapper.relationships if one not in left_out]
    chosen = " ".join(map(selection, relations))
    async with serve(await filled(sample, dialect), sample) as api:
        with statements() as seen:
            found = await api.ask(f"{{ {entity.plural}(first: 100) {{ nodes {{ id {chosen} }} }} }}")
        parents = found[entity.plural]["nodes"]
        assert parents
        # the page of parents, and one statement for each relation; roads to one table by one key share theirs
        assert len(seen) == 1 + len({loader_of(link_of(relationship)) for relationship in relations})
        for relationship in relations:
            pairs = [(row["id"], child) for row in parents for child in ids_in(row[to_camel_case(relationship.key)])]
            shown = {row["id"] for row in parents}
            expected = [pair for pair in await joined_ids(api, relationship) if pair[0] in shown]
            assert expected
            assert sorted(pairs) == sorted(expected), relationship
