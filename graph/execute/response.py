"""The response while it grows: its objects, the positions of its values, and what went wrong in them.

While a response grows, nothing but the response itself says where its objects stand: errors are rare, and bookkeeping
for each object is not. When an error needs its path, the response is walked once beside its plan. An object that
several parents share has several paths. Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from graphql import GraphQLLeafType, GraphQLList, GraphQLNonNull, GraphQLOutputType, is_leaf_type
from graphql.execution import Executor
from graphql.pyutils import Path

from db.unreadable import Unreadable
from graph import errors
from graph.errors import Withheld
from graph.prepare.fields import FieldPlan, Selection

ResponseObject: TypeAlias = dict[str, Any]


class ResponsePosition(NamedTuple):
    """A position in a response that holds one value."""

    container: Any
    """The object or the list that holds it."""
    key: str | int
    type: GraphQLOutputType
    """What the schema says of a value there."""
    field: FieldPlan
    """The field that it belongs to; elements of lists belong to the field of the list."""


Chain: TypeAlias = tuple[ResponsePosition, ...]
"""A position and those around it, from the inside to the root."""


class ResponseTree:
    """A response as far as it has grown: a root object and what hangs on it."""

    def __init__(self, root: ResponseObject, selection: Selection, found: Mapping[int, Selection]) -> None:
        self._root = root
        self._around: dict[int, list[ResponsePosition]] = {}
        """By the identity of each object and list: the positions that hold it."""
        self._found = found
        self._walk(root, selection)

    def chains(self, position: ResponsePosition) -> Iterator[Chain]:
        """Every way from a position to the root; none for what no longer belongs to the response."""
        left: list[Chain] = [(position,)]
        while left:
            chain = left.pop()
            container = chain[-1].container
            if container is self._root:
                yield chain
            else:
                around = self._around.get(id(container), ())
                left += [(*chain, outer) for outer in reversed(around)]

    def _walk(self, root: ResponseObject, selection: Selection) -> None:
        left: list[tuple[ResponseObject, Selection]] = [(root, selection)]
        while left:
            container, selection = left.pop()
            for field in selection.fields:
                value = container.get(field.key)
                if type(value) in (dict, list):
                    self._note(ResponsePosition(container, field.key, field.type, field), value, left)

    def _note(self, position: ResponsePosition, value: Any, left: list[tuple[ResponseObject, Selection]]) -> None:
        type_ = position.type.of_type if isinstance(position.type, GraphQLNonNull) else position.type
        if is_leaf_type(type_):
            return
        seen = self._around.setdefault(id(value), [])
        seen.append(position)
        if len(seen) > 1:
            return
        if isinstance(type_, GraphQLList):
            for index, item in enumerate(value):
                if type(item) in (dict, list):
                    self._note(ResponsePosition(value, index, type_.of_type, position.field), item, left)
        elif id(value) in self._found:
            left.append((value, self._found[id(value)]))


def null_in(position: ResponsePosition) -> Exception:
    """Said when a position is empty that may not be: a policy withholds its value, or it is a mistake of ours."""
    field = position.field
    if field.planned is not None and field.planned.never_null:
        return Withheld(field.parent.name, field.name)
    return TypeError(f"Cannot return null for non-nullable field {field.parent}.{field.name}.")


def is_key(values: Iterable[Any]) -> bool:
    """Whether rows can be looked for by these values: the database reads all of them again."""
    return all(type(value) is not Unreadable or value.words is not None for value in values)


def completed(type_: GraphQLLeafType, value: Any, *, is_stored: bool) -> Any:
    """A value as the response has it. Raises `UnreadableField` for what the database holds and the type refuses."""
    try:
        return Executor.complete_leaf_value(type_, value)
    except Exception as error:  # whatever the type raises
        if is_stored or type(value) is Unreadable:
            raise errors.UnreadableField from error
        raise


def path_of(chain: Chain) -> list[str | int]:
    """The path of the innermost position."""
    return [position.key for position in reversed(chain)]


def order_of(chain: Chain) -> tuple[int, ...]:
    """Where the innermost position stands in the response, for sorting."""
    return tuple(
        position.key if isinstance(position.key, int) else list(position.container).index(position.key)
        for position in reversed(chain)
    )


def as_path(chain: Chain) -> Path:
    """graphql-core's form of a path."""
    path: Path | None = None
    for position in reversed(chain):
        path = Path(path, position.key, None if isinstance(position.key, int) else position.field.parent.name)
    assert path is not None
    return path


class LazyPath:
    """The path of a field, for resolvers that ask for it: worked out when it is read.

    It behaves as graphql-core's `Path` does.
    """

    __slots__ = ("_find", "_path")

    def __init__(self, find: Callable[[], Path]) -> None:
        self._find = find
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The path itself."""
        if self._path is None:
            self._path = self._find()
        return self._path

    def __getattr__(self, name: str) -> Any:
        return getattr(self.path, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.path)

    def __getitem__(self, index: int) -> Any:
        return self.path[index]

    def __eq__(self, other: object) -> bool:
        return self.path == (other.path if isinstance(other, LazyPath) else other)

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return repr(self.path)
