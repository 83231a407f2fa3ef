"""Random questions about any plan, each answered by SQL of another hand.

A plan, dice and a database enter; documents leave, each with a way to its answer. Names in the API are the plan's,
which is not what is tried here; what they mean is told by the catalog alone. Both sides are compared value by value.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from strawberry.utils.str_converters import to_camel_case

from db.reflection.plan import MappingPlan, PlannedAttribute, PlannedModel, PlannedRelation
from tests.reflected.answers import Database, Kind, Said, is_object, quoted, samples, table_of, text_of

Ask: TypeAlias = Callable[[str], Awaitable[Mapping[str, Any]]]
"""From a document to the data that answers it; there must be no errors."""
Held: TypeAlias = Mapping[str, str]
"""A row's values in SQL, by the names of columns."""

COMPARED = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
DIRECTIONS = {
    "ASC": "ASC NULLS LAST",
    "DESC": "DESC NULLS LAST",
    "ASC_NULLS_FIRST": "ASC NULLS FIRST",
    "ASC_NULLS_LAST": "ASC NULLS LAST",
    "DESC_NULLS_FIRST": "DESC NULLS FIRST",
    "DESC_NULLS_LAST": "DESC NULLS LAST",
}
ROWS = 100_000
"""More than any table of a test has."""


@dataclass(frozen=True)
class Difference:
    """A question that the API and SQL answer differently."""

    document: str
    answered: Said
    expected: Said


def compared(document: str, answered: Said, expected: Said) -> Difference | None:
    """The difference of two answers, if there is one."""
    return None if answered == expected else Difference(document, answered, expected)


@dataclass(frozen=True)
class Order:
    """An order of rows, as a document and as SQL say it."""

    asked: str
    sql: str


class Asker:
    """Asks questions about one plan."""

    def __init__(self, plan: MappingPlan, database: Database, dice: Random, ask: Ask) -> None:
        self._plan = plan
        self._database = database
        self._dice = dice
        self._ask = ask
        self._models = {model.class_name: model for model in plan.models}
        self._samples: Mapping[tuple[str, str], Sequence[str]] = {}
        self._aliases = 0

    async def question(self) -> Difference | None:
        """Ask a question about any of the models; the difference, if there is one."""
        self._samples = self._samples or await samples(self._database, self._plan.models)
        model = self._dice.choice(list(self._plan.models))
        kinds = [self._rows, self._tree, self._pages, self._aggregate, self._groups, self._look_up]
        return await self._dice.choice(kinds)(model)

    # Questions

    async def _rows(self, model: PlannedModel) -> Difference | None:
        """Rows with all of their values, in an order, from one end."""
        where, condition = self._filter(model, "r", 2)
        order = self._order(model, "r")
        size, offset = self._dice.randint(1, 8), self._dice.randint(0, 5)
        keyed = model.table.key is not None
        page = f"first: {size}" if keyed else f"limit: {size}, offset: {offset}"
        shown = self._told_apart(model)
        document = (
            f"{{ {list_of(model)}({page}, where: {where}, orderBy: {order.asked})"
            f" {{ totalCount nodes {{ {named(shown) or '__typename'} }} }} }}"
        )
        found = (await self._ask(document))[list_of(model)]
        rows = await self._read(model, condition, order.sql, size, 0 if keyed else offset, shown)
        total = await self._number(f"FROM {table_of(model)} AS r WHERE {condition}")
        answered = [found["totalCount"], [self._said(shown, node) for node in found["nodes"]]]
        return compared(document, answered, [total, [values for values, _ in rows]])

    async def _tree(self, model: PlannedModel) -> Difference | None:
        """Rows with what they are related to, two relations deep."""
        order = self._order(model, "r")
        size = "first" if model.table.key is not None else "limit"
        below = self._below(model, 2)
        document = f"{{ {list_of(model)}({size}: 3, orderBy: {order.asked}) {{ nodes {{ {below.asked} }} }} }}"
        found = (await self._ask(document))[list_of(model)]["nodes"]
        rows = await self._read(model, "true", order.sql, 3, 0)
        return compared(document, [below.said(it) for it in found], [await below.expected(it) for it in rows])

    async def _pages(self, model: PlannedModel) -> Difference | None:
        """Three pages, from the start or from the end, by the cursors of each."""
        if model.table.key is None:
            return await self._rows(model)
        where, condition = self._filter(model, "r", 1)
        order = self._order(model, "r")
        size, forward = self._dice.randint(1, 7), self._dice.random() < 0.5
        shown = self._shown(model)
        end, cursor = ("endCursor", "after") if forward else ("startCursor", "before")
        found: list[Said] = []
        document, behind = "", ""
        for _ in range(3):
            document = (
                f"{{ {list_of(model)}({'first' if forward else 'last'}: {size}{behind}, where: {where},"
                f" orderBy: {order.asked}) {{ pageInfo {{ hasNextPage hasPreviousPage {end} }}"
                f" nodes {{ {named(shown) or '__typename'} }} }} }}"
            )
            page = (await self._ask(document))[list_of(model)]
            nodes = [self._said(shown, node) for node in page["nodes"]]
            found = [*found, *nodes] if forward else [*nodes, *found]
            behind = f", {cursor}: {json.dumps(page['pageInfo'][end])}"
            if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
                found.append("all")
                break
        rows = [values for values, _ in await self._read(model, condition, order.sql, ROWS, 0)]
        expected = [*(rows[: 3 * size] if forward else rows[-3 * size :]), *(["all"] if len(rows) <= 3 * size else [])]
        return compared(document, found, expected)

    async def _aggregate(self, model: PlannedModel) -> Difference | None:
        where, condition = self._filter(model, "r", 2)
        measures = self._measures(model)
        document = f"{{ {list_of(model)}Aggregate(where: {where}) {{ {measures.asked} }} }}"
        found = measures.said((await self._ask(document))[f"{list_of(model)}Aggregate"])
        (row,) = await self._database.rows(f"SELECT {measures.sql} FROM {table_of(model)} AS r WHERE {condition}")
        return compared(document, found, measures.held(row))

    async def _groups(self, model: PlannedModel) -> Difference | None:
        """Groups by a value or two, of which there may be asked something."""
        values = [it for it in self._shown(model) if self._kind(it).is_ordered]
        if not values:
            return None
        by = self._dice.sample(values, min(len(values), self._dice.randint(1, 2)))
        where, condition = self._filter(model, "r", 1)
        measures = self._measures(model)
        number = self._dice.randint(1, 4)
        having, wanted = self._dice.choice(
            [("", ""), (f", having: {{ count: {{ gte: {number} }} }}", f" HAVING count(*) >= {number}")]
        )
        constants = ", ".join(f"{{ value: {constant(it.graphql_name)} }}" for it in by)
        document = (
            f"{{ {list_of(model)}Aggregate(where: {where}) {{ groupBy(by: [{constants}], first: 1000{having})"
            f" {{ nodes {{ key {{ {named(by)} }} {measures.asked} }} }} }} }}"
        )
        found = (await self._ask(document))[f"{list_of(model)}Aggregate"]["groupBy"]["nodes"]
        shared = [self._database.compared(it, f"r.{quoted(it.column.name)}") for it in by]
        keys = ", ".join(self._text(it, sql) for it, sql in zip(by, shared, strict=True))
        sql = (
            f"SELECT {keys}, {measures.sql} FROM {table_of(model)} AS r WHERE {condition}"
            f" GROUP BY {', '.join(shared)}{wanted}"
        )
        expected = [
            [self._plain(by, row[: len(by)]), measures.held(row[len(by) :])] for row in await self._database.rows(sql)
        ]
        answered = [[self._said(by, group["key"]), measures.said(group)] for group in found]
        return compared(document, sorted(answered, key=repr), sorted(expected, key=repr))

    async def _look_up(self, model: PlannedModel) -> Difference | None:
        """A row by its id, and by each of its keys."""
        if model.table.key is None:
            return await self._groups(model)
        shown = self._shown(model)
        order = self._order(model, "r")
        page = f"{{ {list_of(model)}(first: 2, orderBy: {order.asked}) {{ nodes {{ id {named(shown)} }} }} }}"
        nodes = (await self._ask(page))[list_of(model)]["nodes"]
        if not nodes:
            return None
        node = nodes[-1]
        asked = [f"a: node(id: {json.dumps(node['id'])}) {{ ... on {model.class_name} {{ id {named(shown)} }} }}"]
        keys = [it for it in self._shown(model) if it.name in model.natural_keys and self._kind(it).given is not None]
        one = f"{model.class_name[0].lower()}{model.class_name[1:]}"
        rows = await self._read(model, "true", order.sql, len(nodes), 0, raw=True)
        for number, key in enumerate(keys):
            given = self._given(key, rows[-1][0][key.name])
            asked.append(f"k{number}: {one}({key.graphql_name}: {given}) {{ id {named(shown)} }}")
        where = f"where: {{ id: {{ in: [{json.dumps(node['id'])}] }} }}"
        asked.append(f"f: {list_of(model)}({where}) {{ nodes {{ id {named(shown)} }} }}")
        document = f"{{ {' '.join(asked)} }}"
        found = await self._ask(document)
        answered = [it["nodes"][0] if "nodes" in it else it for it in found.values()]
        return compared(document, answered, [node] * len(asked))

    # What is related to a row

    def _below(self, model: PlannedModel, depth: int) -> "_Below":
        shown = self._dice.sample(fields := self._told_apart(model), min(len(fields), 3))
        below = _Below(self, shown)
        relations = list(model.relations) if depth else []
        for relation in self._dice.sample(relations, min(len(relations), 2)):
            target = self._models[relation.target]
            inner = self._below(target, depth - 1)
            if relation.many:
                where, condition = self._filter(target, "r", 0)
                order = self._order(target, "r")
                below.related.append(_Page(self, model, relation, target, inner, where, condition, order, self._size()))
            else:
                below.related.append(_One(self, model, relation, target, inner))
        return below

    def _size(self) -> int:
        return self._dice.randint(1, 4)

    async def children(
        self,
        model: PlannedModel,
        relation: PlannedRelation,
        target: PlannedModel,
        held: Held,
        rest: tuple[str, Order, int],
    ) -> tuple[int, list[tuple[Mapping[str, Said], Held]]]:
        """How many rows a relation leads to from one row, and the first of them."""
        condition, order, size = rest
        joined = self._joined(model, relation, target, held, "r")
        both = f"{joined} AND ({condition})"
        number = await self._number(f"FROM {table_of(target)} AS r WHERE {both}")
        return number, await self._read(target, both, order.sql, size, 0)

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
        shown = self._shown(model)
        if not shown:
            return "{}", "true"
        attribute = self._dice.choice(shown)
        asked, sql = self._asked(attribute, alias)
        return f"{{ {attribute.graphql_name}: {{ {asked} }} }}", sql

    def _asked(self, attribute: PlannedAttribute, alias: str) -> tuple[str, str]:
        kind, column = self._kind(attribute), f"{alias}.{quoted(attribute.column.name)}"
        known = self._known(attribute)
        if not known or self._dice.random() < 0.15:
            null = self._dice.random() < 0.5
            nothing = self._database.nothing(attribute, column)
            return f"isNull: {str(null).lower()}", nothing if null else f"NOT {nothing}"
        value, sql = self._dice.choice(known), self._database.compared(attribute, column)
        if kind.is_text and self._dice.random() < 0.5:
            return self._asked_of_text(value, column)
        given, literal = self._given(attribute, value), self._database.literal(attribute, value)
        some = self._dice.sample(known, min(len(known), 3))
        many = ", ".join(self._given(attribute, it) for it in some)
        listed = ", ".join(self._database.literal(attribute, it) for it in some)
        found = [
            (f"ne: {given}", f"({sql} <> {literal} OR {column} IS NULL)"),
            (f"in: [{many}]", f"{sql} IN ({listed})"),
            (f"notIn: [{many}]", f"({sql} NOT IN ({listed}) OR {column} IS NULL)"),
        ]
        ordered = COMPARED if attribute.annotation is not bool and self._is_compared(attribute) else {"eq": "="}
        found += [(f"{name}: {given}", f"{sql} {sign} {literal}") for name, sign in ordered.items()]
        return self._dice.choice(found)

    def _is_compared(self, attribute: PlannedAttribute) -> bool:
        """Whether values are compared by their order: words of an enumeration are not."""
        return not hasattr(attribute.annotation, "members")

    def _asked_of_text(self, value: str, column: str) -> tuple[str, str]:
        start = self._dice.randint(0, max(0, len(value) - 1))
        part = value[start : start + self._dice.randint(1, 3)]
        name = self._dice.choice(["contains", "startsWith", "endsWith", "eq"])
        part = (
            value if name == "eq" else value[:2] if name == "startsWith" else value[-2:] if name == "endsWith" else part
        )
        fold = name == "eq" or self._dice.random() < 0.5
        if fold:
            part = self._dice.choice([part, part.upper(), part.lower()])
        text, wanted = (f"CAST({column} AS text)", text_of(part))
        text, wanted = (self._database.folded(column), self._database.folded(wanted)) if fold else (text, wanted)
        sql = {
            "contains": f"replace({text}, {wanted}, '') <> {text}" if part else f"{column} IS NOT NULL",
            "startsWith": f"substr({text}, 1, length({wanted})) = {wanted}",
            "endsWith": f"(length({text}) >= length({wanted})"
            f" AND substr({text}, length({text}) - length({wanted}) + 1) = {wanted})",
            "eq": f"{text} = {wanted}",
        }[name]
        given = json.dumps(part, ensure_ascii=False)
        return f"{name}{'IgnoreCase' if fold else ''}: {given}", sql

    def _either(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        name = self._dice.choice(["and", "or"])
        (one, one_sql), (other, other_sql) = (self._filter(model, alias, depth - 1) for _ in range(2))
        if "{}" in (one, other):
            return one, one_sql
        return f"{{ {name}: [{one}, {other}] }}", f"(({one_sql}) {name.upper()} ({other_sql}))"

    def _negated(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        asked, sql = self._filter(model, alias, depth - 1)
        return (asked, sql) if asked == "{}" else (f"{{ not: {asked} }}", f"(({sql}) IS NOT TRUE)")

    def _related(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        relation = self._dice.choice(list(model.relations))
        target = self._models[relation.target]
        other = self._alias()
        asked, sql = self._filter(target, other, depth - 1)
        joined = self._joined(model, relation, target, self._columns(model, alias), other)
        exists = f"EXISTS (SELECT 1 FROM {table_of(target)} AS {other} WHERE {joined} AND ({sql}))"
        if not relation.many:
            return f"{{ {relation.graphql_name}: {asked} }}", exists
        return self._quantified(relation, asked, sql, exists, f"{table_of(target)} AS {other} WHERE {joined}")

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
        self, model: PlannedModel, relation: PlannedRelation, target: PlannedModel, here: Held, other: str
    ) -> str:
        """The join of a relation, by the foreign keys of the catalog."""
        key, far, between, there = (
            relation.foreign_key,
            relation.far_key,
            relation.secondary,
            self._columns(target, other),
        )
        if between is not None and far is not None:
            alias = self._alias()
            middle = {name: f"{alias}.{quoted(name)}" for name in (*key.columns, *far.columns)}
            both = f"{_pairs(middle, key.columns, here, key.target_columns)} AND " + _pairs(
                middle, far.columns, there, far.target_columns
            )
            table = ".".join(quoted(part) for part in between.name if part is not None)
            return f"EXISTS (SELECT 1 FROM {table} AS {alias} WHERE {both})"
        if self._leads_forward(model, relation, target):
            return _pairs(here, key.columns, there, key.target_columns)
        return _pairs(there, key.columns, here, key.target_columns)

    def _leads_forward(self, model: PlannedModel, relation: PlannedRelation, target: PlannedModel) -> bool:
        key = relation.foreign_key
        if relation.many or key.target != target.table.name or key not in model.table.foreign_keys:
            return False
        same = [it for it in model.relations if it.foreign_key == key and not it.many]
        return target is not model or same[0] is relation

    # Orders

    def _order(self, model: PlannedModel, alias: str) -> Order:
        """One or two terms; behind them the key, or all values where there is none."""
        terms = [term for _ in range(self._dice.randint(1, 2)) if (term := self._term(model, alias, 1)) is not None]
        if model.table.key is None:
            terms += [self._by_value(it, alias, "ASC") for it in self._told_apart(model)]
        sql = [f"{value} {DIRECTIONS[direction]}" for _, direction, value in terms]
        last = "DESC" if terms and terms[-1][1].startswith("DESC") else "ASC"
        sql += [f"{value} {last}" for value in self._key_values(model, alias)]
        return Order(f"[{', '.join(asked for asked, _, _ in terms)}]", ", ".join(sql) or "1")

    def _term(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str, str] | None:
        """A term, its direction, and what it orders by in SQL."""
        values = [it for it in self._shown(model) if self._kind(it).is_ordered]
        relations = list(model.relations) if depth else []
        direction = self._dice.choice(list(DIRECTIONS))
        if relations and self._dice.random() < 0.3:
            return self._term_over(model, self._dice.choice(relations), alias, direction)
        return self._by_value(self._dice.choice(values), alias, direction) if values else None

    def _by_value(self, attribute: PlannedAttribute, alias: str, direction: str) -> tuple[str, str, str]:
        value = self._database.compared(attribute, f"{alias}.{quoted(attribute.column.name)}")
        return f"{{ {attribute.graphql_name}: {direction} }}", direction, value

    def _term_over(
        self, model: PlannedModel, relation: PlannedRelation, alias: str, direction: str
    ) -> tuple[str, str, str] | None:
        target, other = self._models[relation.target], self._alias()
        joined = self._joined(model, relation, target, self._columns(model, alias), other)
        rows = f"FROM {table_of(target)} AS {other} WHERE {joined}"
        if relation.many:
            return f"{{ {relation.graphql_name}: {{ count: {direction} }} }}", direction, f"(SELECT count(*) {rows})"
        inner = self._term(target, other, 0)
        if inner is None:
            return None
        asked, direction, value = inner
        return f"{{ {relation.graphql_name}: {asked} }}", direction, f"(SELECT {value} {rows})"

    def _key_values(self, model: PlannedModel, alias: str) -> Iterable[str]:
        for name in () if model.table.key is None else model.table.key.columns:
            (attribute,) = [it for it in model.attributes if it.column.name == name]
            yield self._database.compared(attribute, f"{alias}.{quoted(name)}")

    # Measures

    def _measures(self, model: PlannedModel) -> "_Measures":
        return _Measures(self, self._measured(model))

    def _measured(self, model: PlannedModel) -> list[tuple[str, PlannedAttribute]]:
        found: dict[str, PlannedAttribute] = {}
        for attribute in self._dice.sample(shown := self._shown(model), len(shown)):
            kind = self._kind(attribute)
            if kind.has_extremes:
                found.setdefault(self._dice.choice(["min", "max"]), attribute)
            if kind.is_summed:
                found.setdefault(self._dice.choice(["sum", "avg"]), attribute)
        return list(found.items())

    def measure(self, name: str, attribute: PlannedAttribute) -> str:
        """The SQL of an aggregate function."""
        column = self._database.compared(attribute, f"r.{quoted(attribute.column.name)}")
        if name in ("min", "max"):
            return self._text(attribute, f"{name}({column})")
        wide = {"money": "CAST({} AS numeric)", "real": "CAST({} AS double precision)"}
        value = wide.get(attribute.column.written, "{}").format(column)
        if name == "avg" and attribute.annotation is float:  # as is told of averages, and does not overflow
            return f"CAST(sum({value}) / count({value}) AS text)"
        return f"CAST({name}({value}) AS text)"

    def said_measure(self, name: str, attribute: PlannedAttribute, value: Said) -> Said:
        """Its result, in the one form that both sides are compared by."""
        kind = self._kind(attribute)
        if value is None:
            return None
        return (kind.averaged or kind.plain)(value) if name == "avg" else kind.plain(value)

    # Values

    async def _number(self, rows: str) -> int:
        ((found,),) = await self._database.rows(f"SELECT count(*) {rows}")
        return int(found)

    async def _read(
        self,
        model: PlannedModel,
        condition: str,
        order: str,
        size: int,
        offset: int,
        chosen: Sequence[PlannedAttribute] | None = None,
        *,
        raw: bool = False,
    ) -> list[tuple[Any, Held]]:
        """Rows: what both sides are compared by, and their values in SQL."""
        shown = self._shown(model) if chosen is None else chosen
        columns = [self._text(it, f"r.{quoted(it.column.name)}") for it in shown]
        held = [self._database.in_sql(it, f"r.{quoted(it.column.name)}") for it in model.attributes]
        sql = (
            f"SELECT {', '.join([*columns, *held])} FROM {table_of(model)} AS r WHERE {condition} ORDER BY {order}"
            f" LIMIT {size} OFFSET {offset}"
        )
        found: list[tuple[Any, Held]] = []
        for row in await self._database.rows(sql):
            values: Any = dict(zip((it.name for it in shown), row, strict=False)) if raw else self._plain(shown, row)
            names = (it.column.name for it in model.attributes)
            found.append((values, dict(zip(names, row[len(shown) :], strict=True))))
        return found

    def _text(self, attribute: PlannedAttribute, column: str) -> str:
        return self._kind(attribute).text.format(column)

    def _plain(self, shown: Sequence[PlannedAttribute], row: Sequence[Any]) -> Mapping[str, Said]:
        return {it.name: self._one(it, value) for it, value in zip(shown, row, strict=False)}

    def _said(self, shown: Sequence[PlannedAttribute], node: Mapping[str, Said]) -> Mapping[str, Said]:
        return {it.name: self._one(it, node[it.graphql_name]) for it in shown}

    def _one(self, attribute: PlannedAttribute, value: Said) -> Said:
        return None if value is None else self._kind(attribute).plain(value)

    def _kind(self, attribute: PlannedAttribute) -> Kind:
        return self._database.kind(attribute)

    def _known(self, attribute: PlannedAttribute) -> Sequence[str]:
        name = next(model.class_name for model in self._plan.models if any(it is attribute for it in model.attributes))
        return self._samples.get((name, attribute.name), ())

    def _given(self, attribute: PlannedAttribute, value: str) -> str:
        given = self._kind(attribute).given
        assert given is not None
        return str(given(value))

    def _shown(self, model: PlannedModel) -> list[PlannedAttribute]:
        """The attributes that are fields: `id` of a row with a key is its global id."""
        keyed = model.table.key is not None
        return [it for it in model.attributes if not it.hidden and not (keyed and it.name == "id")]

    def _told_apart(self, model: PlannedModel) -> list[PlannedAttribute]:
        """All values of rows with a key; of others those that an order tells apart, as many as it takes."""
        shown = self._shown(model)
        return shown if model.table.key is not None else [it for it in shown if self._kind(it).is_ordered][:8]

    def _columns(self, model: PlannedModel, alias: str) -> Held:
        return {it.name: f"{alias}.{quoted(it.name)}" for it in model.table.columns}

    def _alias(self) -> str:
        self._aliases += 1
        return f"x{self._aliases}"

    # For what is related

    def said(self, shown: Sequence[PlannedAttribute], node: Mapping[str, Said]) -> dict[str, Said]:
        """The values of a node, as both sides are compared by."""
        return dict(self._said(shown, node))


class _Measures:
    """What is computed over rows, as a document and as SQL ask for it."""

    def __init__(self, asker: Asker, chosen: Sequence[tuple[str, PlannedAttribute]]) -> None:
        self._asker = asker
        self._chosen = chosen
        self.asked = " ".join(["count", *(f"{name} {{ {it.graphql_name} }}" for name, it in chosen)])
        self.sql = ", ".join(["count(*)", *(asker.measure(name, it) for name, it in chosen)])

    def said(self, found: Said) -> Said:
        """What the API says."""
        return self.held([found["count"], *(found[name][it.graphql_name] for name, it in self._chosen)])

    def held(self, row: Sequence[Any]) -> Said:
        """What SQL says."""
        values = zip(self._chosen, row[1:], strict=True)
        return [row[0], *(self._asker.said_measure(name, it, value) for (name, it), value in values)]


class _Below:
    """What is selected of a row."""

    def __init__(self, asker: Asker, shown: Sequence[PlannedAttribute]) -> None:
        self._asker = asker
        self._shown = shown
        self.related: list[_One | _Page] = []

    @property
    def asked(self) -> str:
        return " ".join([named(self._shown), *(it.asked for it in self.related)]).strip() or "__typename"

    def said(self, node: Mapping[str, Said]) -> Said:
        values = self._asker.said(self._shown, node)
        return values | {it.name: it.said(node[it.name]) for it in self.related}

    async def expected(self, row: tuple[Mapping[str, Said], Held]) -> Said:
        values, held = row
        found = {it.name: values[it.name] for it in self._shown}
        return found | {it.name: await it.expected(held) for it in self.related}


class _One:
    """The row that a relation leads to."""

    def __init__(
        self, asker: Asker, model: PlannedModel, relation: PlannedRelation, target: PlannedModel, below: _Below
    ) -> None:
        self._asker, self._model, self._relation, self._target, self._below = asker, model, relation, target, below
        self.name = relation.graphql_name
        self.asked = f"{self.name} {{ {below.asked} }}"

    def said(self, node: Said) -> Said:
        return None if node is None else self._below.said(node)

    async def expected(self, held: Held) -> Said:
        rest = ("true", Order("", "1"), 1)
        _, rows = await self._asker.children(self._model, self._relation, self._target, held, rest)
        return await self._below.expected(rows[0]) if rows else None


class _Page:
    """The first of the rows that a relation leads to."""

    def __init__(
        self,
        asker: Asker,
        model: PlannedModel,
        relation: PlannedRelation,
        target: PlannedModel,
        below: _Below,
        where: str,
        condition: str,
        order: Order,
        size: int,
    ) -> None:
        self._asker, self._model, self._relation, self._target, self._below = asker, model, relation, target, below
        self._rest = (condition, order, size)
        self.name = relation.graphql_name
        page = f"{'first' if target.table.key is not None else 'limit'}: {size}"
        self.asked = (
            f"{self.name}({page}, where: {where}, orderBy: {order.asked}) {{ totalCount nodes {{ {below.asked} }} }}"
        )

    def said(self, node: Said) -> Said:
        return [node["totalCount"], [self._below.said(it) for it in node["nodes"]]]

    async def expected(self, held: Held) -> Said:
        number, rows = await self._asker.children(self._model, self._relation, self._target, held, self._rest)
        return [number, [await self._below.expected(row) for row in rows]]


def _pairs(one: Held, columns: Sequence[str], other: Held, targets: Sequence[str]) -> str:
    pairs = zip(columns, targets, strict=True)
    return " AND ".join(f"{one[a]} = {other[b]}" for a, b in pairs)


def list_of(model: PlannedModel) -> str:
    """The list of a model's rows at the root."""
    return to_camel_case(model.plural)


def named(shown: Sequence[PlannedAttribute]) -> str:
    """The fields of attributes."""
    return " ".join(f"{it.graphql_name} {{ __typename }}" if is_object(it) else it.graphql_name for it in shown)


def constant(name: str) -> str:
    """A name of an attribute as a word of an enumeration."""
    return "".join(f"_{c}" if c.isupper() and place else c for place, c in enumerate(name)).upper()
