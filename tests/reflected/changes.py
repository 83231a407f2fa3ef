"""Random changes of any database by its API, each tried before by SQL of another hand, and taken back.

What SQL refuses, the API refuses; what the API does, is as SQL has done it; what it refuses, with errors for people,
has changed nothing. A plan, dice and a database enter; what went otherwise leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from db.reflection.catalog import Kind as TableKind
from db.reflection.plan import MappingPlan, PlannedAttribute, PlannedModel
from tests.reflected.answers import Database, Refusal, Said, is_object, quoted, samples, table_of
from tests.reflected.questions import Ask, list_of

TRIED = ("create", "create", "update", "delete")


@dataclass(frozen=True)
class Change:
    """A change, and what became of it."""

    document: str
    answered: Said
    expected: Said


class Changer:
    """Changes the rows of one plan."""

    def __init__(self, plan: MappingPlan, database: Database, dice: Random, ask: Ask) -> None:
        self._models = [it for it in plan.models if it.table.kind is TableKind.TABLE and it.table.key is not None]
        self._database = database
        self._dice = dice
        self._ask = ask
        self._samples: Mapping[tuple[str, str], Sequence[str]] = {}

    async def change(self) -> Change | None:
        """Make a change of any table; what went otherwise than SQL has it."""
        self._samples = self._samples or await samples(self._database, self._models)
        model, name = self._dice.choice(self._models), self._dice.choice(TRIED)
        values = {} if name == "delete" else self._values(model, some=name == "update")
        if name == "create":
            needed = [it for it in model.attributes if it not in values and _needs_value(it)]
            return None if needed else await self._try(model, name, values, None)
        row = await self._any_row(model)
        if row is None or (name == "update" and not values):
            return None
        return await self._try(model, name, values, row)

    def _values(self, model: PlannedModel, *, some: bool) -> dict[PlannedAttribute, str | None]:
        """Values for attributes: such as rows have, or null."""
        found: dict[PlannedAttribute, str | None] = {}
        for attribute in model.attributes:
            known = self._samples.get((model.class_name, attribute.name), ())
            if not any(attribute.column.name in key.columns for key in model.table.foreign_keys):
                known = [it for it in known if not isinstance(it, str) or it == it.strip()]  # else inputs are stripped
            if (
                attribute.hidden
                or not attribute.writable
                or attribute.name == "id"
                or is_object(attribute)
                or not known
            ):
                continue
            if not some or self._dice.random() < 0.3:
                null = attribute.column.nullable and self._dice.random() < 0.2
                found[attribute] = None if null else self._dice.choice(known)
        return found

    async def _any_row(self, model: PlannedModel) -> tuple[str, str] | None:
        """The id of a row, and a condition that is true of that row alone."""
        assert model.table.key is not None
        key = [it for name in model.table.key.columns for it in model.attributes if it.column.name == name]
        page = f"{{ nodes: {list_of(model)}(first: 30) {{ nodes {{ id }} }} }}"
        nodes = (await self._ask(page))["nodes"]["nodes"]
        if not nodes:
            return None
        place = self._dice.randrange(len(nodes))
        order = ", ".join(self._database.compared(it, quoted(it.column.name)) for it in key)
        held = ", ".join(self._database.in_sql(it, quoted(it.column.name)) for it in key)
        rows = await self._database.rows(
            f"SELECT {held} FROM {table_of(model)} ORDER BY {order} LIMIT 1 OFFSET {place}"
        )
        values = zip(key, rows[0], strict=True)
        return nodes[place]["id"], " AND ".join(f"{quoted(it.column.name)} = {value}" for it, value in values)

    async def _try(
        self, model: PlannedModel, name: str, values: Mapping[PlannedAttribute, str | None], row: tuple[str, str] | None
    ) -> Change | None:
        shown = [] if name == "delete" else [it for it in values if self._database.kind(it).given is not None]
        refused, expected = await self._by_sql(model, name, values, row, shown)
        document = self._document(model, name, values, row, shown)
        before = await self._count(model)
        payload = (await self._ask(document))["done"]
        errors = [error["__typename"] for error in payload["errors"]]
        after = await self._count(model)
        if errors:
            return None if after == before else Change(document, errors, "nothing is changed")
        if refused is not None:
            return Change(document, payload, str(refused))
        wanted = before + {"create": 1, "update": 0, "delete": -1}[name]
        kinds = [self._database.kind(it) for it in shown]
        made = payload["row"] if shown else {}
        said = [_plain(kind, made[it.graphql_name]) for kind, it in zip(kinds, shown, strict=True)]
        held = [_plain(kind, value) for kind, value in zip(kinds, expected, strict=True)]
        return None if (said, after) == (held, wanted) else Change(document, (said, after), (held, wanted))

    async def _by_sql(
        self,
        model: PlannedModel,
        name: str,
        values: Mapping[PlannedAttribute, str | None],
        row: tuple[str, str] | None,
        shown: Sequence[PlannedAttribute],
    ) -> tuple[Refusal | None, Sequence[Any]]:
        """What SQL says of the same change: why not, or the row that it would have made."""
        given = {quoted(it.column.name): self._in_sql(it, value) for it, value in values.items()}
        texts = [self._database.kind(it).text.format(quoted(it.column.name)) for it in shown]
        returning = f" RETURNING {', '.join(texts) or '1'}"
        condition = f" WHERE {row[1]}" if row is not None else ""
        sql = {
            "create": f"INSERT INTO {table_of(model)} ({', '.join(given)}) VALUES ({', '.join(given.values())})",
            "update": f"UPDATE {table_of(model)} SET {', '.join(f'{a} = {b}' for a, b in given.items())}{condition}",
            "delete": f"DELETE FROM {table_of(model)}{condition}",
        }[name]
        if name == "create" and not given:
            sql = f"INSERT INTO {table_of(model)} DEFAULT VALUES"
        found = await self._database.tried(sql + returning)
        return (found, ()) if isinstance(found, Refusal) else (None, found[0] if texts else ())

    def _in_sql(self, attribute: PlannedAttribute, value: str | None) -> str:
        return "NULL" if value is None else self._database.literal(attribute, value)

    def _document(
        self,
        model: PlannedModel,
        name: str,
        values: Mapping[PlannedAttribute, str | None],
        row: tuple[str, str] | None,
        shown: Sequence[PlannedAttribute],
    ) -> str:
        given = [f"{it.graphql_name}: {self._given(it, value)}" for it, value in values.items()]
        given = [f'id: "{row[0]}"', *given] if row is not None else given
        one = f"{model.class_name[0].lower()}{model.class_name[1:]}"
        fields = " ".join(it.graphql_name for it in shown)
        made = f"row: {one} {{ {fields} }} " if shown else ""
        call = f"{name}{model.class_name}(input: {{ {', '.join(given)} }})"
        return f"mutation {{ done: {call} {{ {made}errors {{ __typename ... on UserError {{ message }} }} }} }}"

    def _given(self, attribute: PlannedAttribute, value: str | None) -> str:
        given = self._database.kind(attribute).given
        return "null" if value is None or given is None else given(value)

    async def _count(self, model: PlannedModel) -> int:
        ((found,),) = await self._database.rows(f"SELECT count(*) FROM {table_of(model)}")
        return int(found)


def _needs_value(attribute: PlannedAttribute) -> bool:
    column = attribute.column
    return not column.nullable and column.default is None and column.generated is None


def _plain(kind: Any, value: Said) -> Said:
    return None if value is None else kind.plain(value)
