"""Fields of the root that a function of the database answers: a value, values, a row, or a list of rows.

    function_field("add_numbers", int, Called("add_numbers", {"a": Integer(), "b": Integer()}),
                   takes={"a": int, "b": int}, gives=Integer())
    function_field("search_books", Connection[Book], Called("search_books", {"words": Text()}), takes={"words": str})

A function and annotations enter, a field leaves. Rows are of a table, under its policies, and take filters, orders,
pages and relations as those of every list; values are under no policy but the field's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Mapper

from db.relations import ColumnType, Predicate, Row
from db.row_functions import Called
from db.session import RequestSession
from db.statements import Key
from graph.entity.connections import DEFAULT_PAGE, ConnectionField, page_size
from graph.entity.fields import begin_rows
from graph.entity.ids import Node
from graph.entity.ids import Row as KeylessRow
from graph.entity.lists import element_of
from graph.entity.offset_lists import MAX_OFFSET, OffsetListField
from graph.entity.page_info import check_size
from graph.entity.registry import Connection, Entity, entity_of, list_of, optional
from graph.entity.scalar_type import ScalarType
from graph.entity.types import TYPES
from graph.errors import DeclarationError, InvalidFilter
from graph.loading.level_loader import LevelLoader
from graph.loading.queries import ListQuery
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, argument
from graph.prepare.work import SCAN
from graph.viewer import Viewer

NO_ARGUMENTS: Mapping[str, object] = {}
LIMIT, OFFSET = "limit", "offset"


def function_field(
    name: str,
    result: Any,
    called: Called,
    *,
    takes: Mapping[str, object] = NO_ARGUMENTS,
    gives: ColumnType | None = None,
    many: bool = False,
    description: str = "",
    seen_by: Callable[[Viewer], bool] | None = None,
) -> PlannedField:
    """A field of the query type that calls a function of the database.

    `result` is `Connection[Book]`, `Book`, or the annotation of a value, whose type in the database is `gives`; `many`:
    of as many values as the function gives. `takes` are the arguments by their names in Python, in the order of those
    of `called`; one that may be None may be left out, and is null then or what the function says. Viewers whom
    `seen_by` does not let see the values get null. Raises `DeclarationError` where these do not fit.
    """
    if len(takes) != len(called.arguments):
        raise DeclarationError(
            f"{name} takes {len(takes)} arguments, and the function {called.name} {len(called.arguments)}; give each"
            " argument of `Called` a type in `takes`."
        )
    arguments = _Arguments(called, takes)
    description = description or f"What the function {called.name} gives."
    field: PlannedField
    if get_origin(result) is Connection:
        field = _rows_field(name, description, entity_of(get_args(result)[0]), arguments)
    elif isinstance(result, type) and issubclass(result, Node | KeylessRow):
        field = _RowField(name, description, entity_of(result), arguments)
    elif gives is None:
        raise DeclarationError(f"{name} gives a value; say of which type of the database: gives=…")
    else:
        field = _ValuesField(name, description, arguments, result, gives, many=many)
    field.seen_by = seen_by
    return field


class _Arguments:
    """The arguments of a field, for those of a function."""

    def __init__(self, called: Called, takes: Mapping[str, object]) -> None:
        self.called = called
        self.taken = tuple(
            argument(name, _taken(annotation), f"The argument {there} of the function.")
            for (name, annotation), there in zip(takes.items(), called.arguments, strict=True)
        )
        self._read = [
            (str(field.graphql_name), there, _reader(annotation))
            for field, (annotation, there) in zip(
                self.taken, zip(takes.values(), called.arguments, strict=True), strict=True
            )
        ]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a client has given, by the names of the function. Raises `InvalidFilter` for what makes no call."""
        try:
            found = {there: read(given[name]) for name, there, read in self._read if name in given}
            self.called.call(found)
        except ValueError as error:
            raise InvalidFilter(self.called.name, f"{error}.") from None
        return found


def _bare(annotation: object) -> tuple[ScalarType[Any], bool]:
    """The entry of an argument's type, and whether the argument may be null."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    is_optional = type(None) in get_args(annotation) and len(parts) == 1
    return TYPES.known(parts[0] if is_optional else annotation), is_optional


def _taken(annotation: object) -> Any:
    entry, is_optional = _bare(annotation)
    return optional(entry.taken) if is_optional else entry.taken


def _reader(annotation: object) -> Callable[[Any], Any]:
    """From what graphql-core has coerced to a value of the database."""
    entry, _ = _bare(annotation)
    is_list = get_origin(entry.annotation) is list
    read = TYPES.known(element_of(entry.annotation)).read if is_list else entry.read
    if read is None:
        return lambda value: value
    if is_list:
        return lambda values: None if values is None else [None if it is None else read(it) for it in values]
    return lambda value: None if value is None else read(value)


# Rows


def _rows_field(name: str, description: str, entity: Entity, arguments: _Arguments) -> ConnectionField:
    make = ConnectionField if entity.key else OffsetListField
    field = make(
        name,
        description,
        lambda: entity,
        lambda given: _listing(entity, arguments, given),
        arguments=arguments.taken,
    )
    field.scan = SCAN
    return field


def _listing(entity: Entity, arguments: _Arguments, given: Mapping[str, Any]) -> ListQuery:
    values = arguments.values(given)
    source = arguments.called.rows(entity.mapper, values)
    # Two calls with equal values are one list. No statement of theirs is kept: which arguments are given decides.
    return ListQuery(entity.mapper, lambda: source, (arguments.called, repr(values)), form=None)


class _RowField(LevelField):
    """The one row that a function gives, or none."""

    cost = CostRule.ROW
    scan = SCAN

    def __init__(self, name: str, description: str, entity: Entity, arguments: _Arguments) -> None:
        super().__init__(name, optional(entity.cls), description, arguments.taken)
        self._entity = entity
        self._function = arguments

    def begin(self, level: Level) -> None:
        """Read the row."""
        entity, loaders = self._entity, level.context.loaders
        found = _listing(entity, self._function, level.arguments)
        listing = ListQuery(entity.mapper, found.source, found.identity, (_is_there(entity.mapper),), form=None)
        keys: list[Key] = [()] * len(level.sources)
        begin_rows(level, entity, keys, lambda columns: loaders.first(listing, columns))


def _is_there(mapper: Mapper[Any]) -> Predicate:
    """A function that finds no row gives one of nulls."""
    names = [attribute.key for attribute in mapper.column_attrs]

    def condition(row: Row) -> Any:
        return or_(*(getattr(row, name).is_not(None) for name in names))

    return condition


# Values


class _ValuesField(LevelField):
    """A value that a function gives, or as many as there are."""

    scan = SCAN

    def __init__(
        self, name: str, description: str, arguments: _Arguments, result: Any, gives: ColumnType, *, many: bool
    ) -> None:
        shown = optional(TYPES.known(result).shown)
        paged = (page_size(LIMIT), argument(OFFSET, optional(int), "How many to leave out in front.")) if many else ()
        super().__init__(name, list_of(shown) if many else shown, description, (*arguments.taken, *paged))
        self.cost = CostRule.LIST if many else CostRule.ROW
        self.sizes = (LIMIT,) if many else ()
        self._function = arguments
        self._gives = gives
        self._many = many

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """How many values it gives at most."""
        asked = arguments.get(LIMIT)
        return min(asked if isinstance(asked, int) and asked >= 0 else DEFAULT_PAGE, max_page) if self._many else 1

    def begin(self, level: Level) -> None:
        """Call the function, once for all."""
        context, values = level.context, self._function.values(level.arguments)
        call = self._function.called.call(values, self._gives)
        statement = select(call)
        if self._many:
            limit, offset = level.arguments.get(LIMIT), level.arguments.get(OFFSET)
            check_size(LIMIT, limit, context.bounds.max_page)
            check_size(OFFSET, offset, MAX_OFFSET)
            size = min(DEFAULT_PAGE, context.bounds.max_page) if limit is None else limit
            statement = select(call.column_valued("value")).limit(bindparam(None, size)).offset(offset)

        def then(found: list[Sequence[Any]]) -> None:
            level.complete([list(found[0]) if self._many else found[0][0]] * len(level.sources))

        level.load(_Call(context.session, self._function.called.name, statement), [()], then)


class _Call(LevelLoader[Sequence[Any]]):
    """One call of a function, for the objects of one level."""

    def __init__(self, session: RequestSession, name: str, statement: Any) -> None:
        async def fetch(keys: list[Key]) -> dict[Key, Sequence[Any]]:
            found = await session.rows(statement)
            values = tuple(row[0] for row in found)
            return dict.fromkeys(keys, values)

        super().__init__(fetch, None)  # type: ignore[arg-type]  # of no model
        self._called = name

    @property
    def name(self) -> str:
        """What it loads: what the function gives."""
        return self._called
