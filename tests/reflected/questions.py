"""Random questions about any plan, each with the SQL that answers the same, written by another hand.

A plan and dice enter; documents with their variables written out and SQL texts leave. Names in the API are the plan's,
which is not what is tried here; what they mean is told by the catalog alone.
"""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from db.reflection.plan import EnumPlan, MappingPlan, PlannedAttribute, PlannedModel, PlannedRelation

VALUES = {
    int: ("1", "2", "5", "1902"),
    str: ("'a'", "'ab'", "'abc'", "'cab'", "'b'"),
    Decimal: ("0.25", "9.50", "12", "10"),
}
COMPARED = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


@dataclass(frozen=True)
class Question:
    """What is asked, and the SQL whose rows are the answer."""

    document: str
    sql: str
    kind: str
    """How the answer is read: `rows`, `pages`, `aggregate` or `groups`."""


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


class Asker:
    """Makes questions about one plan."""

    def __init__(self, plan: MappingPlan, dice: Random) -> None:
        self._plan = plan
        self._dice = dice
        self._models = {model.class_name: model for model in plan.models}
        self._aliases = 0

    def question(self) -> Question:
        """A question about any of the models."""
        model = self._dice.choice(list(self._plan.models))
        kinds = [self._rows, self._aggregate, self._groups]
        return self._dice.choice(kinds)(model)

    # Questions

    def _rows(self, model: PlannedModel) -> Question:
        """Rows in an order, with values; and of one relation, how many rows there are or which row."""
        where, condition = self._filter(model, "r", 2)
        column = self._dice.choice(self._shown(model))
        down, first = self._dice.random() < 0.5, self._dice.random() < 0.5
        order = f"{'DESC' if down else 'ASC'}_NULLS_{'FIRST' if first else 'LAST'}"
        shown = [column, *self._keys(model)]
        limit, offset = self._dice.randint(1, 8), self._dice.randint(0, 5)
        keyed = model.table.key is not None
        page = f"first: {limit}" if keyed else f"limit: {limit}, offset: {offset}"
        names = " ".join(dict.fromkeys(it.graphql_name for it in shown))
        document = (
            f"{{ {to_camel_case(model.plural)}({page}, where: {where}, orderBy: [{{ {column.graphql_name}: {order} }}])"
            f" {{ totalCount nodes {{ {names} }} }} }}"
        )
        nulls = f"({_column('r', column)} IS NULL) {'DESC' if first else 'ASC'}"
        keys = "".join(f", {_column('r', it)} {'DESC' if down else 'ASC'}" for it in self._key(model))
        ordered = f"{nulls}, {_column('r', column)} {'DESC' if down else 'ASC'}{keys}"
        part = f"LIMIT {limit}" if keyed else f"LIMIT {limit} OFFSET {offset}"
        columns = ", ".join(dict.fromkeys(_column("r", it) for it in shown))
        sql = f"SELECT {columns} FROM {_table(model)} AS r WHERE {condition} ORDER BY {ordered} {part}"
        return Question(document, sql, "rows")

    def _aggregate(self, model: PlannedModel) -> Question:
        where, condition = self._filter(model, "r", 2)
        numbers = [it for it in self._shown(model) if it.annotation in (int, Decimal)]
        column = self._dice.choice(numbers) if numbers else None
        asked = "" if column is None else "".join(f" {it} {{ {column.graphql_name} }}" for it in ("min", "max", "sum"))
        measured = "" if column is None else "".join(f", {it}({_column('r', column)})" for it in ("min", "max", "sum"))
        return Question(
            f"{{ {to_camel_case(model.plural)}Aggregate(where: {where}) {{ count{asked} }} }}",
            f"SELECT count(*){measured} FROM {_table(model)} AS r WHERE {condition}",
            "aggregate",
        )

    def _groups(self, model: PlannedModel) -> Question:
        where, condition = self._filter(model, "r", 1)
        column = self._dice.choice(self._shown(model))
        constant = "".join(f"_{c}" if c.isupper() else c for c in column.graphql_name).upper()
        return Question(
            f"{{ {to_camel_case(model.plural)}Aggregate(where: {where}) {{ groupBy(fields: [{constant}])"
            f" {{ key {{ {column.graphql_name} }} count }} }} }}",
            f"SELECT {_column('r', column)}, count(*) FROM {_table(model)} AS r WHERE {condition}"
            f" GROUP BY {_column('r', column)}",
            "groups",
        )

    # Conditions

    def _filter(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        """A filter of the API, and its condition in SQL."""
        choices = [self._compared]
        if depth > 0:
            choices += [self._either, self._negated]
            if model.relations:
                choices += [self._related, self._related]
        return self._dice.choice(choices)(model, alias, depth)

    def _compared(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        assert depth >= 0
        column = self._dice.choice(self._shown(model))
        name, sql = column.graphql_name, _column(alias, column)
        if self._dice.random() < 0.2:
            null = self._dice.random() < 0.5
            asked = f"{{ {name}: {{ isNull: {str(null).lower()} }} }}"
            return asked, f"{sql} IS {'' if null else 'NOT '}NULL"
        if isinstance(column.annotation, EnumPlan):
            member, word = self._dice.choice(list(column.annotation.members))
            return f"{{ {name}: {{ eq: {member} }} }}", f"{sql} = '{word}'"
        if column.annotation is bool:
            return f"{{ {name}: {{ eq: true }} }}", f"{sql} = true"
        if column.annotation not in VALUES:
            return f"{{ {name}: {{ isNull: false }} }}", f"{sql} IS NOT NULL"
        value = self._dice.choice(VALUES[column.annotation])
        given = f'"{value.strip(chr(39))}"' if column.annotation is not int else value
        if column.annotation is str and self._dice.random() < 0.5:
            return f"{{ {name}: {{ contains: {given} }} }}", f"{sql} LIKE '%{value.strip(chr(39))}%'"
        if self._dice.random() < 0.2:
            return f"{{ {name}: {{ ne: {given} }} }}", f"({sql} <> {value} OR {sql} IS NULL)"
        compared = "eq" if column.annotation is str else self._dice.choice(list(COMPARED))
        return f"{{ {name}: {{ {compared}: {given} }} }}", f"{sql} {COMPARED[compared]} {value}"

    def _either(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        name = self._dice.choice(["and", "or"])
        (one, one_sql), (other, other_sql) = (self._filter(model, alias, depth - 1) for _ in range(2))
        return f"{{ {name}: [{one}, {other}] }}", f"(({one_sql}) {name.upper()} ({other_sql}))"

    def _negated(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        asked, sql = self._filter(model, alias, depth - 1)
        return f"{{ not: {asked} }}", f"(({sql}) IS NOT TRUE)"

    def _related(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        relation = self._dice.choice(list(model.relations))
        target = self._models[relation.target]
        self._aliases += 1
        other = f"x{self._aliases}"
        asked, sql = self._filter(target, other, depth - 1)
        joined = self._joined(model, relation, target, alias, other)
        exists = f"EXISTS (SELECT 1 FROM {_table(target)} AS {other} WHERE {joined} AND ({sql}))"
        if not relation.many:
            return f"{{ {relation.graphql_name}: {asked} }}", exists
        return self._quantified(relation, asked, sql, exists, f"{_table(target)} AS {other} WHERE {joined}")

    def _quantified(
        self, relation: PlannedRelation, asked: str, sql: str, exists: str, children: str
    ) -> tuple[str, str]:
        number = self._dice.randint(0, 3)
        name, found = self._dice.choice(
            [
                (f"some: {asked}", exists),
                (f"none: {asked}", f"NOT {exists}"),
                (f"every: {asked}", f"NOT EXISTS (SELECT 1 FROM {children} AND (({sql}) IS NOT TRUE))"),
                (f"count: {{ gte: {number} }}", f"(SELECT count(*) FROM {children}) >= {number}"),
            ]
        )
        return f"{{ {relation.graphql_name}: {{ {name} }} }}", found

    def _joined(
        self, model: PlannedModel, relation: PlannedRelation, target: PlannedModel, alias: str, other: str
    ) -> str:
        """The join of a relation, by the foreign keys of the catalog."""
        key, far, between = relation.foreign_key, relation.far_key, relation.secondary
        if between is not None and far is not None:
            near_side = _pairs("b", key.columns, alias, key.target_columns)
            far_side = _pairs("b", far.columns, other, far.target_columns)
            return f"EXISTS (SELECT 1 FROM {quoted(between.name.name)} AS b WHERE {near_side} AND {far_side})"
        forward = not relation.many and (key.target == target.table.name) and key in model.table.foreign_keys
        one, another = (alias, other) if forward else (other, alias)
        return _pairs(one, key.columns, another, key.target_columns)

    # Columns

    def _shown(self, model: PlannedModel) -> list[PlannedAttribute]:
        keyed = model.table.key is not None
        return [it for it in model.attributes if not it.hidden and not (keyed and it.name == "id")]

    def _key(self, model: PlannedModel) -> list[PlannedAttribute]:
        names = [] if model.table.key is None else [*model.table.key.columns]
        return [it for name in names for it in model.attributes if it.column.name == name]

    def _keys(self, model: PlannedModel) -> list[PlannedAttribute]:
        return [it for it in self._key(model) if it in self._shown(model)]


def _pairs(one: str, columns: Any, other: str, targets: Any) -> str:
    pairs = zip(columns, targets, strict=True)
    return " AND ".join(f"{one}.{quoted(a)} = {other}.{quoted(b)}" for a, b in pairs)


def _column(alias: str, attribute: PlannedAttribute) -> str:
    return f"{alias}.{quoted(attribute.column.name)}"


def _table(model: PlannedModel) -> str:
    return quoted(model.table.name.name)
