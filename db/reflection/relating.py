"""The relations of a plan: what each foreign key leads to, what leads back, and what they are called.

A catalog and the names of its classes and attributes enter, the relations of each table leave. Which column stands for
which relation is in docs/names.md. Every name is a guess, and is told as one.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from db.reflection.catalog import Catalog, FoundForeignKey, FoundTable, Kind, Name
from db.reflection.classes import ClassName
from db.reflection.naming import ID, RESERVED_ATTRIBUTES, Names, words
from db.reflection.plan import Guess, PlannedRelation
from db.reflection.plurals import plural, singular

ENDINGS = ("id", "fk", "uuid", "key", "code", "no", "nr", "num", "number")
"""What a column has behind the name of that which it leads to: `author_id`."""
BEGINNINGS = ("id", "fk")
PARENT, CHILDREN = "parent", "children"


class Reference(NamedTuple):
    """A foreign key of a table."""

    table: FoundTable
    foreign_key: FoundForeignKey


def is_association(table: FoundTable, catalog: Catalog) -> bool:
    """Whether a table only says which rows of two others belong together: two foreign keys, which are its key."""
    if table.kind is not Kind.TABLE or table.called or table.key is None or len(table.foreign_keys) != 2:
        return False
    columns = [column for foreign_key in table.foreign_keys for column in foreign_key.columns]
    is_whole = sorted(columns) == sorted(table.key.columns) == sorted(column.name for column in table.columns)
    return is_whole and not any(each.target == table.name for other in catalog.tables for each in other.foreign_keys)


class Relating:
    """The relations of every table, with the guesses that their names are."""

    def __init__(
        self,
        catalog: Catalog,
        named: Mapping[Name, ClassName],
        names: Mapping[Name, Names],
        associations: Collection[Name],
    ) -> None:
        self.relations: defaultdict[Name, list[PlannedRelation]] = defaultdict(list)
        self.guesses: list[Guess] = []
        self._tables = {table.name: table for table in catalog.tables}
        self._named = named
        self._names = names
        references = [Reference(table, each) for table in catalog.tables for each in table.foreign_keys]
        self._references = [each for each in references if each.table.name not in associations]
        self._between = [self._tables[name] for name in sorted(associations, key=str)]
        self._relate()

    def _relate(self) -> None:
        # What a table says of itself is named before what others say of it: `author` of posts keeps its name.
        forward = [self._name_forward(each) for each in self._references]
        back = [self._name_back(each) for each in self._references]
        for reference, there, again in zip(self._references, forward, back, strict=True):
            self._add(reference, there, again)
        for table in self._between:
            self._add_many_to_many(table)

    def _name_forward(self, reference: Reference) -> str:
        wanted, target = self._forward(reference), self._named[reference.foreign_key.target].plain
        return self._give(reference.table.name, wanted, f"{wanted}_row" if wanted == target else f"{wanted}_{target}")

    def _forward(self, reference: Reference) -> str:
        """What a relation to one row would be called, were every name free."""
        table, foreign_key = reference
        one = self._named[foreign_key.target].plain
        if foreign_key.called is not None and words(foreign_key.called):
            return "_".join(words(foreign_key.called))
        column = _telling_column(foreign_key)
        is_key = table.key is not None and set(table.key.columns) == set(foreign_key.columns)
        # A column that is called like the key of the target says no more than which table is meant.
        if is_key or column is None or column in foreign_key.target_columns:
            return one
        base = _without_ending(column, foreign_key)
        return one if base in ("", ID) else base

    def _name_back(self, reference: Reference) -> str:
        return self._give(reference.foreign_key.target, *self._back(reference))

    def _back(self, reference: Reference) -> Sequence[str]:
        table, foreign_key = reference
        forward = self._forward(reference)
        named = self._named[table.name]
        many = named.plain if is_one_to_one(reference) else named.plain_many
        apart = f"{many}_by_{forward}"
        if foreign_key.called_back is not None and words(foreign_key.called_back):
            return ["_".join(words(foreign_key.called_back)), apart]
        if table.name == foreign_key.target:
            return [CHILDREN if forward == PARENT and many == named.plain_many else apart]
        alike = [
            each for each in self._references if each.table is table and each.foreign_key.target == foreign_key.target
        ]
        return [many, apart] if len(alike) == 1 else [apart]

    def _give(self, table: Name, *wanted: str) -> str:
        made = [f"{name}_" if name in RESERVED_ATTRIBUTES or not name else name for name in wanted]
        return self._names[table].give(*(f"to_{name}" if name[0].isdigit() else name for name in made))

    def _add(self, reference: Reference, there: str, again: str) -> None:
        table, foreign_key = reference
        nullable = {column.name for column in table.columns if column.nullable}
        to_one = PlannedRelation(
            name=there,
            graphql_name=self._names[table.name].spelt(there, foreign_key.called),
            target=self._named[foreign_key.target].class_name,
            many=False,
            nullable=not foreign_key.certain or not nullable.isdisjoint(foreign_key.columns),
            foreign_key=foreign_key,
            back_populates=again,
        )
        self.relations[table.name].append(to_one)
        self._guess(table.name, to_one, foreign_key, f"({', '.join(foreign_key.columns)}) leads to one row")
        is_one = is_one_to_one(reference)
        back = PlannedRelation(
            name=again,
            graphql_name=self._names[foreign_key.target].spelt(again, foreign_key.called_back),
            target=self._named[table.name].class_name,
            many=not is_one,
            nullable=True,
            foreign_key=foreign_key,
            back_populates=there,
        )
        self.relations[foreign_key.target].append(back)
        number = "is unique, so that at most one row leads back" if is_one else "leads back from many rows"
        self._guess(foreign_key.target, back, foreign_key, f"{table.name} ({', '.join(foreign_key.columns)}) {number}")

    def _add_many_to_many(self, table: FoundTable) -> None:
        first, second = table.foreign_keys
        near, far = self._name_many(table, first, second), self._name_many(table, second, first)
        for name, again, own, other in ((near, far, first, second), (far, near, second, first)):
            relation = PlannedRelation(
                name=name,
                graphql_name=self._names[own.target].spelt(name, own.called_back),
                target=self._named[other.target].class_name,
                many=True,
                nullable=False,
                foreign_key=own,
                secondary=table,
                far_key=other,
                back_populates=again,
            )
            self.relations[own.target].append(relation)
            self._guess(
                own.target, relation, own, f"{table.name} has two foreign keys and nothing else, and is not shown"
            )

    def _name_many(self, table: FoundTable, near: FoundForeignKey, far: FoundForeignKey) -> str:
        many = self._named[far.target].plain_many
        apart = f"{many}_by_{'_'.join(words(table.name.name)) or 'table'}"
        if near.called_back is not None and words(near.called_back):
            return self._give(near.target, "_".join(words(near.called_back)), apart)
        if near.target == far.target:
            column = _telling_column(far)
            return self._give(near.target, plural(_without_ending(column, far)) if column else many, apart)
        pairs = Counter(frozenset(each.target for each in other.foreign_keys) for other in self._between)
        is_only = pairs[frozenset((near.target, far.target))] == 1
        return self._give(near.target, *([many, apart] if is_only else [apart]))

    def _guess(self, table: Name, relation: PlannedRelation, foreign_key: FoundForeignKey, why: str) -> None:
        constraint = f"constraint {foreign_key.name}" if foreign_key.name else "foreign key"
        directive = "@name" if foreign_key in self._tables[table].foreign_keys and not relation.many else "@back"
        self.guesses.append(
            Guess(
                f"relation {table}.{relation.name}",
                f"{relation.graphql_name} leads to {relation.target}: {why}.",
                f"`{directive} …` in the comment of the {constraint}, or the relationship {relation.name}.",
            )
        )


def is_one_to_one(reference: Reference) -> bool:
    """Whether no two rows of a table lead to one row."""
    table, foreign_key = reference
    keys = [key for key in (table.key, *table.unique, *table.nullable_unique) if key is not None]
    return any(set(key.columns) <= set(foreign_key.columns) for key in keys)


def _telling_column(foreign_key: FoundForeignKey) -> str | None:
    """The one column that says which row is meant: of several, the one that the target calls otherwise."""
    if len(foreign_key.columns) == 1:
        return foreign_key.columns[0]
    pairs = zip(foreign_key.columns, foreign_key.target_columns, strict=True)
    others = [column for column, of_target in pairs if column != of_target]
    return others[0] if len(others) == 1 else None


def _without_ending(column: str, foreign_key: FoundForeignKey) -> str:
    """`author_id` → `author`, `BillingCityId` → `billing_city`, `id_cliente` → `cliente`, `productid` → `product`.

    A column that is called like the relation keeps its name: its relation is named after the target, too.
    """
    parts = words(column)
    if len(parts) > 1 and parts[-1] in (*ENDINGS, *words(foreign_key.target_columns[-1])[-1:]):
        return "_".join(parts[:-1])
    if len(parts) > 1 and parts[0] in BEGINNINGS:
        return "_".join(parts[1:])
    whole = "_".join(parts)
    target = words(foreign_key.target.name)[-1:]
    stem = whole.removesuffix("id")
    if not target or not stem or stem == whole:
        return whole
    called = (target[0], singular(target[0]))
    # Where ids are `productid`, `componentid` is the id of a component. What is left of `paid` is no word.
    is_usual = "_".join(words(foreign_key.target_columns[-1])) in {f"{one}id" for one in called} and len(stem) > 2
    return stem if is_usual or stem.endswith(called) else whole
