"""What GraphiQL opens with over a database that was there before: a page of rows, and an aggregate.

Entity classes enter, tabs leave. Each is an operation of the schema that is answered as it stands.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from graph.domain import Tab
from graph.entity.directions import is_ordered
from graph.entity.group_values import group_fields
from graph.entity.registry import Entity, entity_of

FIELDS = 4
"""How many values of a row are shown."""
RELATED = 2


def tabs_of(types: Iterable[type[Any]]) -> Sequence[Tab]:
    """The tabs over the table that most is to be seen of; none without tables."""
    entities = sorted(map(entity_of, types), key=_richness, reverse=True)
    return [Tab(_page(entities[0])), Tab(_aggregate(entities[0]))] if entities else []


def _richness(entity: Entity) -> tuple[bool, int, int]:
    """What is written most has foreign keys to the rest: orders, payments, visits."""
    to_one = [relation for relation in entity.relations.values() if not relation.link.to_many]
    return bool(entity.key), len(to_one) + min(1, len(entity.relations) - len(to_one)), len(entity.attributes)


def _page(entity: Entity) -> str:
    values, (filtered, *_) = _values(entity), [*_values(entity), ""]
    keyed = bool(entity.key)
    related = [_related(name, entity) for name in [*entity.relations][:RELATED]]
    arguments = ["first: 5" if keyed else "limit: 5"]
    if filtered:
        arguments.append(f"where: {{ {filtered}: {{ isNull: false }} }}")
    if filtered or keyed:
        arguments.append(f"orderBy: [{{ {'id' if keyed else filtered}: DESC }}]")
    fields = [*(["id"] if keyed else []), *values, *related] or ["__typename"]
    page = ["pageInfo { endCursor hasNextPage }"] if keyed else []
    return _operation(
        f"# {_sentence(entity.many)}: filtered, in order, in pages. Each relation costs one\n"
        "# statement, however many rows. Press the triangle, or Ctrl-Enter.\n",
        f"{entity.name}Page",
        f"{entity.plural}({', '.join(arguments)})",
        ["totalCount", _block("nodes", fields), *page],
    )


def _related(name: str, entity: Entity) -> str:
    relation = entity.relations[name]
    target = relation.target()
    fields = [*(["id"] if target.key else []), *_values(target)[:RELATED]] or ["__typename"]
    if not relation.link.to_many:
        return _block(name, fields)
    size = "first: 3" if target.key else "limit: 3"
    return _block(f"{name}({size})", ["totalCount", _block("nodes", fields)])


def _aggregate(entity: Entity) -> str:
    values = _values(entity)[:RELATED]
    measured = [_block("max", values)] if values else []
    groups = [(constant, field.graphql_name) for constant, field in group_fields(entity).items()]
    plain = [group for group in groups if group[1] in entity.attributes]
    grouped = [
        _block(f"groupBy(by: [{{ value: {constant} }}])", [_block("nodes", [_block("key", [name]), "count"])])
        for constant, name in plain[-1:]
    ]
    return _operation(
        "# The database counts and groups, in one statement for each list.\n",
        f"{entity.name}Aggregates",
        f"{entity.plural}Aggregate",
        ["count", *measured, *grouped],
    )


def _values(entity: Entity) -> Sequence[str]:
    """Values that are shown without a selection of their own: those that have an order."""
    found = [name for name, attribute in entity.attributes.items() if is_ordered(attribute)]
    return found[:FIELDS]


def _operation(comment: str, name: str, field: str, selected: Sequence[str]) -> str:
    return f"{comment}\nquery {name} {{\n{_indented(_block(field, selected))}\n}}\n"


def _block(field: str, selected: Iterable[str]) -> str:
    inside = "\n".join(map(_indented, selected))
    return f"{field} {{\n{inside}\n}}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
