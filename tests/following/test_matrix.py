"""Changes of hidden rows are told to nobody: every kind of viewer, every noun, every column, live queries as well.

Who may see which row is said by `tests.policies.seen`, and not by the policies. A change that is seen ends each stream:
whatever had been told of hidden rows would have come before it.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, Table, UniqueConstraint, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from db.base import Base
from db.session.engines import Engines
from graph.entity.ids import encode_id
from graph.entity.registry import Entity
from graph.following import FollowingField
from graph.schema import Subscription
from graph.viewer import Viewer
from tests.following.conftest import Follow
from tests.live_queries.conftest import Shown, Watch, Write
from tests.policies.paths import leaves
from tests.policies.seen import Row, Rows, may_see
from tests.policies.viewers import LIMITED
from tests.policies.worlds import table_of

pytestmark = pytest.mark.nouns

NUMBERS = {"hidden": 900_001, "seen": 900_002}
"""Of the rows that a test makes."""
OWNERS = {"posts": "author_id", "documents": "owner_id", "orders": "customer_id", "accounts": "owner_id"}
"""What makes a row one's own."""


def followed() -> Iterator[Entity]:
    """Every noun that the schema lets follow by a list: one that is added later is among them."""
    for field in Subscription.__strawberry_definition__.fields:  # type: ignore[attr-defined]  # Strawberry's
        if isinstance(field, FollowingField) and any(each.python_name == "after" for each in field.arguments):
            yield field.rows.entity


NOUNS = {table_of(entity): entity for entity in followed()}


async def all_rows(engines: Engines) -> Rows:
    """Everything that there is."""
    async with engines.primary.connect() as connection:
        return {
            name: [dict(row) for row in (await connection.execute(select(table))).mappings()]
            for name, table in Base.metadata.tables.items()
        }


class Noun:
    """The rows of one noun for one viewer: one that is hidden, and one that is seen, neither of them there yet."""

    def __init__(self, entity: Entity, viewer: Viewer, rows: Rows) -> None:
        self.entity = entity
        self.viewer = viewer
        self.rows = rows
        self.name = table_of(entity)
        self.table: Table = Base.metadata.tables[self.name]
        self.others = [row for row in rows[self.name] if not self.sees(row)]
        self.hidden = self._new("hidden", self.others[0]) if self.others else None
        self.seen = self._seen()

    def sees(self, row: Row) -> bool:
        """Whether the viewer may see a row."""
        return may_see(self.viewer, self.name, row, self.rows)

    def id_of(self, row: Row) -> str:
        """Its global id."""
        return encode_id(self.entity, tuple(row[column.name] for column in self.table.primary_key))

    def same(self, row: Row) -> Any:
        """The condition that a row is this one."""
        return and_(*(column == row[column.name] for column in self.table.primary_key))

    def _new(self, kind: str, like: Row) -> dict[str, Any]:
        (key,) = self.table.primary_key
        number = NUMBERS[kind]
        changed = {key.name: UUID(int=number) if key.type.python_type is UUID else number}
        return {**like, **changed, **{name: f"{kind}-{like[name]}" for name in self._unique_texts(like)}}

    def _unique_texts(self, row: Row) -> Iterator[str]:
        """Columns whose text another row may not have, as far as it hangs on them alone."""
        wholes = [set(each.columns) for each in self.table.constraints if isinstance(each, UniqueConstraint)]
        names = {column.name for each in wholes if not each & set(self.table.primary_key) for column in each}
        return (name for name in sorted(names) if isinstance(row[name], str))

    def _seen(self) -> dict[str, Any] | None:
        some = [row for row in self.rows[self.name] if self.sees(row)]
        if some:
            return self._new("seen", some[0])
        own = {**self.others[0], OWNERS.get(self.name, ""): self.viewer.id}
        return self._new("seen", own) if self.name in OWNERS and self.sees(own) else None

    def hidden_changes(self) -> Iterator[tuple[str, Executable]]:
        """A hidden row comes, gets another value in each column, one after the other, and goes; it stays hidden."""
        assert self.hidden is not None
        row = dict(self.hidden)
        yield "", insert(self.table).values(row)
        for column in self.table.columns:
            for value in () if column.primary_key else self._other_values(column.name, row):
                changed = {**row, column.name: value}
                if not self.sees(changed):
                    yield column.name, update(self.table).where(self.same(row)).values({column.name: value})
                    row = changed
        yield "", delete(self.table).where(self.same(row))

    def _other_values(self, name: str, row: Mapping[str, Any]) -> list[Any]:
        if name in self._unique_texts(row):
            return [f"other-{row[name]}"]
        different = {repr(other[name]): other[name] for other in self.rows[self.name] if other[name] != row[name]}
        return list(different.values())[:3]


@pytest.mark.parametrize("who", LIMITED)
async def test_changes_of_hidden_rows_are_told_to_nobody(
    shown: Shown, follow: Follow, watch: Watch, write: Write, engines: Engines, who: str
) -> None:
    rows = await all_rows(engines)
    nouns = [Noun(entity, LIMITED[who], rows) for entity in NOUNS.values()]
    assert sum(noun.hidden is not None for noun in nouns) >= len(nouns) - 2  # users are everybody's; posts an editor's
    streams, witnesses, queries = {}, {}, {}
    for noun in nouns:
        plural, fields = noun.entity.plural, leaves(noun.entity.name)
        text = f"subscription {{ {plural}Changed {{ kind id node {{ {fields} }} position }} }}"
        streams[noun.name], witnesses[noun.name] = await follow(shown, who), await follow(shown, "an admin")
        await streams[noun.name].begin(shown, text)
        await witnesses[noun.name].begin(shown, text)
        listed = f"query @live {{ {plural}(first: 100) {{ totalCount edges {{ cursor node {{ {fields} }} }} }} }}"
        queries[noun.name] = listed, await watch(shown, who)
        await queries[noun.name][1].begin("a", listed)

    for noun in nouns:
        if noun.hidden is None:
            continue
        tried = set()
        for column, change in noun.hidden_changes():
            try:
                await write(change)
                tried.add(column)
            except IntegrityError:  # columns that hang together
                assert column, noun.name  # but the row is there
                continue
            await witnesses[noun.name].event()
        assert len(tried) > 1, noun.name

    seen = [noun for noun in nouns if noun.seen is not None]
    assert len(seen) >= 2
    await write(*(insert(noun.table).values(noun.seen or {}) for noun in seen))
    for noun in nouns:
        stream, (listed, watcher) = streams[noun.name], queries[noun.name]
        if noun.seen is not None:
            event = await stream.event()
            assert (event["kind"], event["id"]) == ("CREATED", noun.id_of(noun.seen)), noun.name
            await watcher.becomes("a", await shown.answer(listed, who))
        for client in (stream.client, watcher.client):
            await client.send(type="ping")
            assert await client.next() == {"type": "pong"}, noun.name
        assert watcher.newest["a"] == await shown.answer(listed, who)
        assert watcher.told["a"] == (1 if noun.seen is None else 2), noun.name
