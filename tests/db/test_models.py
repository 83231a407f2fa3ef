"""What every model keeps to, so that a new noun cannot forget it."""

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.orm import RelationshipProperty, configure_mappers
from sqlalchemy.schema import Constraint

from db import models
from db.base import Base
from db.statements import references_to

configure_mappers()

TABLES = [pytest.param(table, id=table.name) for table in Base.metadata.sorted_tables]
RELATIONSHIPS = [
    pytest.param(relationship, id=str(relationship))
    for mapper in sorted(Base.registry.mappers, key=str)
    for relationship in mapper.relationships
]

PREFIX = {CheckConstraint: "ck", ForeignKeyConstraint: "fk", UniqueConstraint: "uq"}


def indexed_columns(table: Table) -> list[list[str]]:
    """The columns of everything that the database can look rows up by."""
    things: list[Index | Constraint] = [*table.indexes, *table.constraints]
    return [
        [column.name for column in thing.columns]
        for thing in things
        if isinstance(thing, Index | UniqueConstraint) or thing is table.primary_key
    ]


@pytest.mark.parametrize("relationship", RELATIONSHIPS)
def test_no_relationship_loads_by_itself(relationship: RelationshipProperty[object]) -> None:
    assert relationship.lazy in ("raise", "write_only")


@pytest.mark.parametrize("relationship", RELATIONSHIPS)
def test_every_relationship_says_what_it_is(relationship: RelationshipProperty[object]) -> None:
    assert relationship.doc


@pytest.mark.parametrize("relationship", RELATIONSHIPS)
def test_every_relationship_has_its_other_side(relationship: RelationshipProperty[object]) -> None:
    assert relationship.back_populates


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_model_says_what_it_is(table: Table) -> None:
    mapped = {mapper.local_table for mapper in Base.registry.mappers}
    assert table not in mapped or [column.name for column in table.columns if not column.doc] == []


@pytest.mark.parametrize("table", TABLES)
def test_every_constraint_and_index_has_a_name_by_convention(table: Table) -> None:
    for constraint in table.constraints:
        if constraint is table.primary_key:
            assert constraint.name == f"pk_{table.name}"
        else:
            assert str(constraint.name).startswith(f"{PREFIX[type(constraint)]}_{table.name}_")
    for index in table.indexes:
        assert str(index.name).startswith(f"ix_{table.name}_")


@pytest.mark.parametrize("table", TABLES)
def test_no_name_is_longer_than_postgresql_keeps(table: Table) -> None:
    things: list[Index | Constraint] = [*table.indexes, *table.constraints]
    assert [thing.name for thing in things if len(str(thing.name)) > 63] == []


@pytest.mark.parametrize("table", TABLES)
def test_every_foreign_key_is_the_beginning_of_an_index(table: Table) -> None:
    for key in table.foreign_key_constraints:
        parent = key.referred_table.primary_key.columns
        # Of a key that also repeats a column of its parent (an order's currency), what names the parent is enough.
        pointing = {element.parent.name for element in key.elements if element.column in parent.values()}
        assert any(set(columns[: len(pointing)]) == pointing for columns in indexed_columns(table)), key.name


@pytest.mark.parametrize("table", TABLES)
def test_every_foreign_key_says_what_happens_when_its_target_goes(table: Table) -> None:
    said = ("RESTRICT", "CASCADE", "SET NULL")
    assert [key.name for key in table.foreign_key_constraints if key.ondelete not in said] == []


@pytest.mark.parametrize("table", TABLES)
def test_words_are_held_by_a_check(table: Table) -> None:
    words = [column for column in table.columns if isinstance(column.type, Enum)]
    assert all(not column.type.native_enum and column.type.create_constraint for column in words)  # type: ignore[attr-defined]


def test_every_noun_is_exported() -> None:
    nouns = {mapper.class_.__name__ for mapper in Base.registry.mappers}
    assert nouns <= set(models.__all__)


def test_users_are_held_by_what_they_own_and_not_by_their_sign_ins() -> None:
    table: Any = models.User.__table__
    held = {other.name for other, _ in references_to(table, (1,), Base.metadata)}
    assert held == {"accounts", "documents", "orders", "post_contributors", "posts"}
