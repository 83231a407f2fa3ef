"""Databases made by SQL, read and planned."""

from collections.abc import Sequence

from sqlalchemy import text

from db.reflection import Catalog, Chosen, MappingPlan, plan_of, read
from db.reflection.catalog import FoundTable
from db.reflection.plan import PlannedAttribute, PlannedModel, PlannedRelation
from db.session.engines import Engines
from tests.databases import Database, settings_for


async def catalog_of(database: Database, sql: str = "", chosen: Chosen | None = None) -> Catalog:
    """Run statements, parted by empty lines, and read what is there then."""
    engines = Engines(settings_for(database))
    try:
        async with engines.writing().begin() as connection:
            for statement in filter(str.strip, sql.split("\n\n")):
                await connection.exec_driver_sql(statement)
        async with engines.snapshot().connect() as connection:
            return await read(connection, chosen)
    finally:
        await engines.dispose()


async def planned(database: Database, sql: str = "", chosen: Chosen | None = None) -> MappingPlan:
    """The same, planned."""
    catalog = await catalog_of(database, sql, chosen)
    plan = plan_of(catalog)
    assert plan == plan_of(catalog)
    check_that_nothing_vanished(plan)
    return plan


def check_that_nothing_vanished(plan: MappingPlan) -> None:
    """Every column of every table is an attribute, or one of a table between; what is hidden is left out by name."""
    between = {relation.secondary.name for model in plan.models for relation in model.relations if relation.secondary}
    models = {model.table.name: model for model in plan.models}
    left_out = {each.what for each in plan.left_out}
    for table in plan.catalog.tables:
        if table.name in between:
            assert table.name not in models
            continue
        attributes = models[table.name].attributes
        assert [attribute.column for attribute in attributes] == list(table.columns)
        for attribute in attributes:
            assert attribute.hidden == (f"column {table.name}.{attribute.column.name}" in left_out)


def model(plan: MappingPlan, class_name: str) -> PlannedModel:
    (found,) = [each for each in plan.models if each.class_name == class_name]
    return found


def table(catalog: Catalog, name: str) -> FoundTable:
    (found,) = [each for each in catalog.tables if str(each.name) == name]
    return found


def names(found: PlannedModel) -> Sequence[tuple[str, str, str]]:
    """Columns, attributes, fields."""
    return [(each.column.name, each.name, each.graphql_name) for each in found.attributes]


def relations(found: PlannedModel) -> Sequence[str]:
    """`author: User?` for at most one row, `tags: [Tag]` for many."""
    return sorted(f"{each.name}: {_leads_to(each)}" for each in found.relations)


def _leads_to(relation: PlannedRelation) -> str:
    if relation.many:
        return f"[{relation.target}]"
    return f"{relation.target}{'?' if relation.nullable else ''}"


def attribute(found: PlannedModel, column: str) -> PlannedAttribute:
    (one,) = [each for each in found.attributes if each.column.name == column]
    return one


async def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    """What a statement finds."""
    engines = Engines(settings_for(database))
    try:
        async with engines.reading().connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]
    finally:
        await engines.dispose()
