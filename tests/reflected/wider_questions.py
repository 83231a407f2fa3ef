"""More random questions: measures of related rows, the first of each, pages by number or around a row, groups of parts.

As `questions`, of which this is a part: each document has a way to its answer that is SQL of another hand.
"""

import json
from collections.abc import Sequence
from decimal import Decimal

from db.reflection.plan import PlannedAttribute, PlannedModel, PlannedRelation
from graph.entity.scalars import BigInt
from tests.reflected.answers import PostgreSQL, Said, quoted, table_of
from tests.reflected.questions import (
    DIRECTIONS,
    ROWS,
    Asker,
    Difference,
    Order,
    compared,
    constant,
    list_of,
    named,
)

SIGNS = {"EQ": "=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
UNITS = ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


class WiderAsker(Asker):
    """Asks in all words that there are."""

    async def question(self) -> Difference | None:
        """Ask a question about any of the models; the difference, if there is one."""
        model = self._dice.choice([model for model in self._plan.models if model.table.key is not None])
        if not self._samples or self._dice.random() < 0.3:
            return await super().question()
        kinds = [self._numbered, self._around, self._first_of_each, self._ordered_groups, self._parts, self._listed]
        return await self._dice.choice(kinds)(model)

    # Questions

    async def _listed(self, model: PlannedModel) -> Difference | None:
        """Rows that fit a filter, in an order: whatever these may say."""
        return await self._rows(model)

    async def _numbered(self, model: PlannedModel) -> Difference | None:
        """A page by its number."""
        where, condition = self._filter(model, "r", 1)
        order, shown = self._order(model, "r"), self._shown(model)
        size, offset = self._dice.randint(1, 6), self._dice.randint(0, 12)
        document = (
            f"{{ {list_of(model)}(first: {size}, offset: {offset}, where: {where}, orderBy: {order.asked})"
            " { totalCount pageInfo { pageCount startPosition hasNextPage hasPreviousPage }"
            f" nodes {{ {named(shown)} }} }} }}"
        )
        found = (await self._ask(document))[list_of(model)]
        page = found["pageInfo"]
        answered = [
            found["totalCount"],
            [page["pageCount"], page["startPosition"], page["hasNextPage"], page["hasPreviousPage"]],
            [self._said(shown, node) for node in found["nodes"]],
        ]
        total = await self._number(f"FROM {table_of(model)} AS r WHERE {condition}")
        rows = await self._read(model, condition, order.sql, size, offset)
        about = [-(-total // size), min(offset, total), offset + size < total, offset > 0 and total > 0]
        if offset >= total:  # nothing is there, and where nothing stands may be said in several ways
            answered[1], about = answered[1][:1], about[:1]
        return compared(document, answered, [total, about, [values for values, _ in rows]])

    async def _around(self, model: PlannedModel) -> Difference | None:
        """A page around a row, and the row's own place."""
        where, condition = self._filter(model, "r", 1)
        order, shown = self._order(model, "r"), self._shown(model)
        rows = [values for values, _ in await self._read(model, condition, order.sql, ROWS, 0)]
        if not rows:
            return None
        place, half = self._dice.randrange(min(len(rows), 60)), self._dice.randint(0, 3)
        list_ = f"{list_of(model)}(first: 1, offset: {place}, where: {where}, orderBy: {order.asked})"
        asked = await self._ask(f"{{ {list_} {{ pageInfo {{ endCursor }} }} }}")
        cursor = json.dumps(asked[list_of(model)]["pageInfo"]["endCursor"])
        document = (
            f"{{ {list_of(model)}(first: {2 * half + 1}, around: {cursor}, where: {where}, orderBy: {order.asked})"
            f" {{ pageInfo {{ startPosition }} nodes {{ {named(shown)} }} }} }}"
        )
        found = (await self._ask(document))[list_of(model)]
        start = max(0, place - half)
        answered = [found["pageInfo"]["startPosition"], [self._said(shown, node) for node in found["nodes"]]]
        return compared(document, answered, [start, rows[start : place + half + 1]])

    async def _first_of_each(self, model: PlannedModel) -> Difference | None:
        """The first row of each value, in three pages."""
        by = self._grouped_by(model, 2)
        if not by:
            return None
        where, condition = self._filter(model, "r", 1)
        order, shown = self._order(model, "r"), self._shown(model)
        size, behind, document, found = self._dice.randint(1, 5), "", "", list[Said]()
        for _ in range(3):
            document = (
                f"{{ {list_of(model)}(distinctBy: [{', '.join(constant(it.graphql_name) for it in by)}], first: {size}"
                f"{behind}, where: {where}, orderBy: {order.asked}) {{ totalCount pageInfo {{ endCursor hasNextPage }}"
                f" nodes {{ {named(shown)} }} }} }}"
            )
            page = (await self._ask(document))[list_of(model)]
            found += [self._said(shown, node) for node in page["nodes"]]
            behind = f", after: {json.dumps(page['pageInfo']['endCursor'])}"
            if not page["pageInfo"]["hasNextPage"]:
                break
        firsts = self._firsts(model, by, condition, order)
        rows = [values for values, _ in await self._read(model, firsts, order.sql, ROWS, 0)]
        return compared(document, [page["totalCount"], found], [len(rows), rows[: 3 * size]])

    def _firsts(self, model: PlannedModel, by: Sequence[PlannedAttribute], condition: str, order: Order) -> str:
        assert model.table.key is not None
        key = model.table.key.columns
        shared = ", ".join(self._database.compared(it, f"r.{quoted(it.column.name)}") for it in by)
        inner = (
            f"SELECT {', '.join(f'r.{quoted(name)}' for name in key)},"
            f" row_number() OVER (PARTITION BY {shared} ORDER BY {order.sql}) AS place"
            f" FROM {table_of(model)} AS r WHERE {condition}"
        )
        named_ = ", ".join(map(quoted, key))
        own = ", ".join(f"r.{quoted(name)}" for name in key)
        return f"({own}) IN (SELECT {named_} FROM ({inner}) AS q WHERE place = 1)"

    async def _ordered_groups(self, model: PlannedModel) -> Difference | None:
        """Groups in the order of a measure, in pages; the order of those that are equal is not known here."""
        by = self._grouped_by(model, 2)
        if not by:
            return None
        where, condition = self._filter(model, "r", 1)
        size, (order, measure, direction) = self._dice.randint(1, 4), self._order_of_groups(model)
        having, kept = self._having(model)
        constants = ", ".join(f"{{ value: {constant(it.graphql_name)} }}" for it in by)
        found, behind, document, total = list[Said](), "", "", 0
        for _ in range(30):
            document = (
                f"{{ {list_of(model)}Aggregate(where: {where}) {{ groupBy(by: [{constants}], first: {size}{behind},"
                f" orderBy: [{order}], having: {having}) {{ totalCount pageInfo {{ endCursor hasNextPage }}"
                f" nodes {{ count key {{ {named(by)} }} }} }} }} }}"
            )
            page = (await self._ask(document))[f"{list_of(model)}Aggregate"]["groupBy"]
            found += [[group["count"], self._said(by, group["key"])] for group in page["nodes"]]
            total, behind = page["totalCount"], f", after: {json.dumps(page['pageInfo']['endCursor'])}"
            if not page["pageInfo"]["hasNextPage"]:
                break
        shared = [self._database.compared(it, f"r.{quoted(it.column.name)}") for it in by]
        keys = ", ".join(self._text(it, sql) for it, sql in zip(by, shared, strict=True))
        places = f"dense_rank() OVER (ORDER BY {measure} {DIRECTIONS[direction]})"
        sql = (
            f"SELECT {keys}, count(*), {places} FROM {table_of(model)} AS r WHERE {condition}"
            f" GROUP BY {', '.join(shared)} HAVING {kept} ORDER BY {measure} {DIRECTIONS[direction]}"
        )
        rows = await self._database.rows(sql)
        expected = {repr([int(row[-2]), self._plain(by, row[:-2])]): int(row[-1]) for row in rows}
        told = [repr(it) for it in found]  # the places of those that were read, and no group twice
        answered = [total, [expected.get(it) for it in told], len(set(told))]
        return compared(document, answered, [len(expected), list(expected.values())[: len(told)], len(told)])

    def _order_of_groups(self, model: PlannedModel) -> tuple[str, str, str]:
        """An order of groups, its SQL and direction: by a number of rows, a measure, or a value of the first row."""
        direction, (where, condition) = self._dice.choice(list(DIRECTIONS)), self._filter(model, "r", 0)
        measured = self._measured_of(model, "r")
        values = [it for it in self._shown(model) if self._kind(it).is_ordered]
        kinds = [
            "count",
            *(["measure"] if measured else []),
            *(["first"] if isinstance(self._database, PostgreSQL) else []),
        ]
        kind = self._dice.choice(kinds)
        if kind == "first" and model.table.key is not None:
            by, order = self._dice.choice(values), self._order_of_values(model, "r")
            value = self._database.compared(by, f"r.{quoted(by.column.name)}")
            asked = f"orderBy: {order.asked}, first: {{ {by.graphql_name}: {direction} }}"
            first = f"(array_agg({value} ORDER BY {order.sql}) FILTER (WHERE {condition}))[1]"
            return f"{{ where: {where}, {asked} }}", first, direction
        if kind == "measure" and measured is not None:
            function, attribute, value = measured
            asked = f"{function}: {{ {attribute.graphql_name}: {direction} }}"
            return f"{{ where: {where}, {asked} }}", f"{function}({value}) FILTER (WHERE {condition})", direction
        return f"{{ where: {where}, count: {direction} }}", f"count(*) FILTER (WHERE {condition})", direction

    def _having(self, model: PlannedModel) -> tuple[str, str]:
        """What is asked of groups, and its SQL."""
        (where, condition), (inner, other) = self._filter(model, "r", 0), self._filter(model, "r", 1)
        least, quantifier = self._dice.randint(0, 3), self._dice.choice(["some", "every", "none"])
        fits = f"count(*) FILTER (WHERE ({condition}) AND ({other}))"
        looked_at = f"count(*) FILTER (WHERE {condition})"
        holds = {"some": f"{fits} > 0", "every": f"{fits} = {looked_at}", "none": f"{fits} = 0"}[quantifier]
        asked = f"{{ where: {where}, {quantifier}: {inner}, count: {{ gte: {least} }} }}"
        return asked, f"{looked_at} >= {least} AND {holds}"

    async def _parts(self, model: PlannedModel) -> Difference | None:
        """Groups by parts of moments and of whole numbers."""
        part = self._part(model)
        if part is None:
            return await self._first_of_each(model)
        attribute, asked, shared = part
        where, condition = self._filter(model, "r", 1)
        document = (
            f"{{ {list_of(model)}Aggregate(where: {where}) {{ groupBy(by: [{{ {attribute.graphql_name}: {asked} }}],"
            f" first: 1000) {{ nodes {{ count key {{ {attribute.graphql_name} }} }} }} }} }}"
        )
        found = (await self._ask(document))[f"{list_of(model)}Aggregate"]["groupBy"]["nodes"]
        sql = (
            f"SELECT {self._text(attribute, shared)}, count(*) FROM {table_of(model)} AS r WHERE {condition}"
            f" GROUP BY {shared}"
        )
        rows = await self._database.rows(sql)
        expected = [[self._one(attribute, row[0]), int(row[1])] for row in rows]
        answered = [[self._one(attribute, it["key"][attribute.graphql_name]), it["count"]] for it in found]
        return compared(document, sorted(answered, key=repr), sorted(expected, key=repr))

    def _part(self, model: PlannedModel) -> tuple[PlannedAttribute, str, str] | None:
        """What is grouped by, how that is asked, and its SQL."""
        found: list[tuple[PlannedAttribute, str, str]] = []
        is_postgresql = isinstance(self._database, PostgreSQL)
        for it in self._shown(model):
            column = f"r.{quoted(it.column.name)}"
            if it.annotation in (int, BigInt):
                size = self._dice.choice([1, 7, 10, 250])
                exact = f"CAST(round(CAST({column} AS numeric) / {size}) * {size} AS bigint)"
                nearest = f"sign({column}) * ((abs({column}) + {size // 2}) / {size}) * {size}"  # of whole numbers
                found.append((it, f'{{ roundTo: "{size}" }}', exact if is_postgresql else f"({nearest})"))
            if it.column.written in ("timestamp with time zone", "timestamp without time zone"):
                unit = self._dice.choice(UNITS)
                zoned = f"({column} AT TIME ZONE 'UTC')" if "with time" in it.column.written else column
                back = " AT TIME ZONE 'UTC'" if "with time" in it.column.written else ""
                found.append((it, f"{{ unit: {unit} }}", f"(date_trunc('{unit.lower()}', {zoned}){back})"))
        return self._dice.choice(found) if found else None

    def _grouped_by(self, model: PlannedModel, most: int) -> Sequence[PlannedAttribute]:
        values = [it for it in self._shown(model) if self._kind(it).is_ordered]
        return self._dice.sample(values, min(len(values), self._dice.randint(1, most)))

    # Conditions

    def _asked(self, attribute: PlannedAttribute, alias: str) -> tuple[str, str]:
        known = self._known(attribute)
        is_ordered = self._kind(attribute).is_ordered and self._is_compared(attribute)
        if known and is_ordered and attribute.annotation is not bool and self._dice.random() < 0.2:
            ends = [self._dice.choice(known) for _ in range(2)]
            given = ", ".join(self._given(attribute, it) for it in ends)
            low, high = (self._database.literal(attribute, it) for it in ends)
            sql = self._database.compared(attribute, f"{alias}.{quoted(attribute.column.name)}")
            return f"between: [{given}]", f"({sql} >= {low} AND {sql} <= {high})"
        return super()._asked(attribute, alias)

    def _compared(self, model: PlannedModel, alias: str, depth: int) -> tuple[str, str]:
        pair = self._pair(model) if self._dice.random() < 0.2 else None
        if pair is None:
            return super()._compared(model, alias, depth)
        one, other = pair
        left, right = (self._database.compared(it, f"{alias}.{quoted(it.column.name)}") for it in pair)
        names = f"column: {constant(one.graphql_name)}, to: {constant(other.graphql_name)}"
        if self._dice.random() < 0.2:
            return f"{{ compareColumns: [{{ {names}, is: NE }}] }}", f"(({left} = {right}) IS NOT TRUE)"
        name, sign = self._dice.choice(list(SIGNS.items()))
        return f"{{ compareColumns: [{{ {names}, is: {name} }}] }}", f"({left} {sign} {right})"

    def _pair(self, model: PlannedModel) -> tuple[PlannedAttribute, PlannedAttribute] | None:
        """Two columns of one type."""
        shown = [it for it in self._shown(model) if self._kind(it).is_ordered and self._is_compared(it)]
        alike = [
            (one, other)
            for one in shown
            for other in shown
            if one is not other and (one.annotation, one.column.written) == (other.annotation, other.column.written)
        ]
        return self._dice.choice(alike) if alike else None

    def _quantified(
        self, relation: PlannedRelation, asked: str, sql: str, exists: str, children: str
    ) -> tuple[str, str]:
        if self._dice.random() < 0.4:
            return super()._quantified(relation, asked, sql, exists, children)
        target, other = self._models[relation.target], children.split(" AS ")[1].split(" ")[0]
        where, rows = (f"where: {asked}, ", f"{children} AND ({sql})") if asked != "{}" else ("", children)
        measured = self._measured_of(target, other)
        if measured is None or self._dice.random() < 0.3:
            number = self._dice.randint(0, 3)
            found = f"(SELECT count(*) FROM {rows}) >= {number}"
            return f"{{ {relation.graphql_name}: {{ {where}count: {{ gte: {number} }} }} }}", found
        function, attribute, column = measured
        measure = f"(SELECT {function}({column}) FROM {rows})"
        known = self._known(attribute)
        if not known or self._dice.random() < 0.2:
            told, found = "isNull: true", f"{measure} IS NULL"
        else:
            value = self._dice.choice(known)
            name, sign = self._dice.choice([("gt", ">"), ("lte", "<="), ("eq", "=")])
            told = f"{name}: {self._given(attribute, value)}"
            found = f"{measure} {sign} {self._database.literal(attribute, value)}"
        told_of = f"{function}: {{ {attribute.graphql_name}: {{ {told} }} }}"
        return f"{{ {relation.graphql_name}: {{ {where}{told_of} }} }}", found

    def _measured_of(self, model: PlannedModel, alias: str) -> tuple[str, PlannedAttribute, str] | None:
        """A function, what it is of, and the SQL of that: such whose results both sides compute exactly."""
        exact = {int, BigInt} | ({Decimal} if isinstance(self._database, PostgreSQL) else set())
        found = [("sum", it) for it in self._shown(model) if it.annotation in exact and it.column.written != "money"]
        found += [
            (self._dice.choice(["min", "max"]), it)
            for it in self._shown(model)
            if self._kind(it).has_extremes and self._is_compared(it) and it.annotation in exact
        ]
        if not found:
            return None
        function, attribute = self._dice.choice(found)
        return function, attribute, self._database.compared(attribute, f"{alias}.{quoted(attribute.column.name)}")

    # Orders

    def _term_over(
        self, model: PlannedModel, relation: PlannedRelation, alias: str, direction: str
    ) -> tuple[str, str, str] | None:
        target = self._models[relation.target]
        if not relation.many or target.table.key is None or self._dice.random() < 0.3:
            return super()._term_over(model, relation, alias, direction)
        other = self._alias()
        rows = f"FROM {table_of(target)} AS {other} WHERE " + self._joined(
            model, relation, target, self._columns(model, alias), other
        )
        kinds = [self._by_first, self._by_measure, self._by_filtered]
        asked, value = self._dice.choice(kinds)(target, other, rows, direction)
        return f"{{ {relation.graphql_name}: {asked} }}", direction, value

    def _by_first(self, target: PlannedModel, other: str, rows: str, direction: str) -> tuple[str, str]:
        values = [it for it in self._shown(target) if self._kind(it).is_ordered]
        if not values:
            return f"{{ count: {direction} }}", f"(SELECT count(*) {rows})"
        order, by = self._order_of_values(target, other), self._dice.choice(values)
        asked = f"{{ orderBy: {order.asked}, first: {{ {by.graphql_name}: {direction} }} }}"
        value = self._database.compared(by, f"{other}.{quoted(by.column.name)}")
        return asked, f"(SELECT {value} {rows} ORDER BY {order.sql} LIMIT 1)"

    def _order_of_values(self, target: PlannedModel, other: str) -> Order:
        """An order by a value, and the key."""
        by = self._dice.choice([it for it in self._shown(target) if self._kind(it).is_ordered])
        asked, direction, value = self._by_value(by, other, self._dice.choice(list(DIRECTIONS)))
        last = "DESC" if direction.startswith("DESC") else "ASC"
        keys = [f"{key} {last}" for key in self._key_values(target, other)]
        return Order(f"[{asked}]", ", ".join([f"{value} {DIRECTIONS[direction]}", *keys]))

    def _by_measure(self, target: PlannedModel, other: str, rows: str, direction: str) -> tuple[str, str]:
        measured = self._measured_of(target, other)
        if measured is None:
            return f"{{ count: {direction} }}", f"(SELECT count(*) {rows})"
        function, attribute, value = measured
        asked = f"{{ {function}: {{ {attribute.graphql_name}: {direction} }} }}"
        return asked, f"(SELECT {function}({value}) {rows})"

    def _by_filtered(self, target: PlannedModel, other: str, rows: str, direction: str) -> tuple[str, str]:
        where, condition = self._filter(target, other, 0)
        if where == "{}":
            return self._by_measure(target, other, rows, direction)
        by, value = self._by_measure(target, other, f"{rows} AND ({condition})", direction)
        return f"{{ where: {where}, {by[1:]}", value
