"""What tables and enumerations are called: classes, their modules, and the lists at the root of the schema.

Tables enter, a `ClassName` leaves for each. No two are called alike, nor like a type that every schema has, or that a
module of models imports. The rules are in docs/names.md.
"""

import keyword
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from db.reflection.catalog import FoundEnum, FoundTable, Name
from db.reflection.naming import (
    OF_MUTATIONS,
    OF_VALUES,
    RESERVED_CLASSES,
    RESERVED_ROOTS,
    camel,
    member,
    numbered,
    pascal,
    snake,
    words,
)
from db.reflection.plan import EnumPlan, Guess
from db.reflection.plurals import plural, singular

AGGREGATE = "_aggregate"
"""What the root field of aggregates has behind the list's name."""


class ClassName(NamedTuple):
    """What one table is called."""

    one: str
    """A row, as a name in Python: `order_line`."""
    many: str
    """All rows, at the root: `order_lines`."""
    plain: str
    """A row, where it is clear of which schema: in a relation."""
    plain_many: str
    """Several rows, in a relation."""

    @property
    def class_name(self) -> str:
        """The class: `OrderLine`."""
        return pascal(self.one)

    @property
    def module(self) -> str:
        """The module of the class."""
        return f"{self.one}_" if keyword.iskeyword(self.one) else self.one


class Classes:
    """The classes of a plan, each name given once."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set(values)
        """Of what is taken, what is made for values: enumerations, and composite types, which were named before."""
        self._taken: set[str] = set(self._values)
        self.guesses: list[Guess] = []

    def tables(self, tables: Sequence[FoundTable]) -> Mapping[Name, ClassName]:
        """What each table is called."""
        plain, wanted = _wanted(tables)
        given: dict[Name, str] = {}
        # Names that a comment gives go first, then the shorter ones.
        for table in sorted(tables, key=lambda each: _turn(each, wanted[each.name])):
            one = wanted[table.name]
            what = f"class of {table.kind} {table.name}"
            given[table.name] = self._give(what, self._is_free, one, f"{one}_row")
        return {
            table.name: ClassName(given[table.name], many, plain[table.name], _many(table, plain[table.name]))
            for table, many in self._lists(tables, given)
        }

    def enums(self, enums: Iterable[FoundEnum]) -> Mapping[Name, EnumPlan]:
        """The enumerations, whose classes are named after those of tables."""
        found: dict[Name, EnumPlan] = {}
        for place, enum in enumerate(enums, 1):
            wanted = snake(words(enum.name.name), "type", place)
            others = (_with_schema(enum.name, wanted), f"{wanted}_type")
            one = self._give(f"type {enum.name}", self._is_free_for_values, wanted, *others)
            self._values.add(pascal(one))
            members = self._members(enum)
            found[enum.name] = EnumPlan(
                class_name=pascal(one), type_name=enum.name.name, schema=enum.name.schema, members=members
            )
        return found

    def _give(self, what: str, is_free: Callable[[str], bool], wanted: str, *others: str) -> str:
        name = next(filter(is_free, (wanted, *others)), None) or numbered(wanted, is_free)
        self._taken.add(pascal(name))
        if name != wanted:
            decision = f"It is called {pascal(name)}: {pascal(wanted)} is taken, or a type that the schema has."
            self.guesses.append(
                Guess(what, decision, f"`@name …` in its comment, or the name of the class {pascal(name)}.")
            )
        return name

    def _is_free(self, name: str) -> bool:
        class_name = pascal(name)
        if class_name in self._taken or class_name in RESERVED_CLASSES or OF_MUTATIONS.fullmatch(class_name):
            return False
        stems = {class_name.removesuffix(suffix) for suffix in OF_VALUES if class_name.endswith(suffix)}
        return stems.isdisjoint(RESERVED_CLASSES | self._values)

    def _is_free_for_values(self, name: str) -> bool:
        """Whether an enumeration may have a name: no class is called as what is made of it."""
        return self._is_free(name) and self._taken.isdisjoint(f"{pascal(name)}{suffix}" for suffix in OF_VALUES)

    def _lists(self, tables: Sequence[FoundTable], given: Mapping[Name, str]) -> Iterable[tuple[FoundTable, str]]:
        """The list of each table at the root, which no look-up and no other list is called like."""
        roots = {*RESERVED_ROOTS, *map(camel, given.values())}

        def is_free(name: str) -> bool:
            return roots.isdisjoint((camel(name), camel(name + AGGREGATE)))

        for table in sorted(tables, key=lambda each: (len(each.called) < 2, len(given[each.name]), each.name.name)):
            wanted = _many(table, given[table.name])
            many = next(filter(is_free, (wanted, f"all_{wanted}")), None) or numbered(wanted, is_free)
            roots |= {camel(many), camel(many + AGGREGATE)}
            if many != wanted:
                decision = f"All of them are called {camel(many)}: {camel(wanted)} is one of them, or another field."
                cure = (
                    f"`@name {pascal(given[table.name])} …` with the plural in its comment, or `plural=` of the type."
                )
                self.guesses.append(Guess(f"list of {table.kind} {table.name}", decision, cure))
            yield table, many

    def _members(self, enum: FoundEnum) -> Sequence[tuple[str, str]]:
        """Each member and its word. Words that differ in their signs alone are numbered."""
        names: dict[str, str] = {}
        for word in sorted(enum.words, key=lambda each: (member(each) != each, enum.words.index(each))):
            wanted = member(word)
            is_free: Callable[[str], bool] = lambda name: name not in names.values()  # noqa: E731 - said where it is used
            names[word] = wanted if is_free(wanted) else numbered(wanted, is_free)
            if names[word] != wanted:
                decision = f"{word!r} is called {names[word]}: another word is called {wanted}."
                self.guesses.append(Guess(f"type {enum.name}", decision, "The name of the member in the enumeration."))
        return tuple((names[word], word) for word in enum.words)


def plain_names(tables: Sequence[FoundTable]) -> Collection[str]:
    """The names of classes that tables would have, if nothing else had them."""
    return {pascal(name) for name in _wanted(tables)[1].values()}


def _turn(table: FoundTable, wanted: str) -> tuple[bool, int, bool, str, str]:
    """Who is named first. Of two that would be called alike, the one that people have written so."""
    is_other = "_".join(words(table.name.name)) != table.name.name
    return not table.called, len(wanted), is_other, table.name.name, table.name.schema or ""


def _wanted(tables: Sequence[FoundTable]) -> tuple[Mapping[Name, str], Mapping[Name, str]]:
    """What a row of each table would be called: as it is, and with its schema where others are called alike."""
    in_order = sorted(tables, key=lambda each: (each.name.schema or "", each.name.name))
    plain = {table.name: _one(table, place) for place, table in enumerate(in_order, 1)}
    alike: defaultdict[str, list[FoundTable]] = defaultdict(list)
    for table in tables:
        alike[plain[table.name]].append(table)
    return plain, {
        table.name: _with_schema(table.name, one) if _needs_schema(table, alike[one]) else one
        for one, group in alike.items()
        for table in group
    }


def _needs_schema(table: FoundTable, alike: Sequence[FoundTable]) -> bool:
    return table.name.schema is not None and not table.called and len({each.name.schema for each in alike}) > 1


def _with_schema(name: Name, one: str) -> str:
    parts = words(name.schema or "")
    return "_".join([*parts, one]) if parts and not parts[0][0].isdigit() else one


def _one(table: FoundTable, place: int) -> str:
    if table.called:
        return snake(words(table.called[0]), "table", place)
    *before, last = words(table.name.name) or [""]
    return snake([*before, singular(last)] if last else [], "table", place)


def _many(table: FoundTable, one: str) -> str:
    """The name of the table itself where that is a plural of the class's name."""
    if len(table.called) > 1:
        return snake(words(table.called[1]), one, 2)
    *before, last = one.split("_")
    own = words(table.name.name)
    is_own = own and own[-1] != last and singular(own[-1]) == last
    return "_".join([*before, own[-1] if is_own else plural(last)])
