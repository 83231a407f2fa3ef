"""Where values stand in an answer, and how nulls rise in it.

While an answer grows, nothing but the answer itself says where its objects stand: errors are rare, and bookkeeping for
each object is not. When an error needs its path, the answer is walked once beside its plan. An object that several
parents share has several paths. Source: https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from graphql import GraphQLList, GraphQLNonNull, GraphQLOutputType, is_leaf_type
from graphql.pyutils import Path

from graph.prepare.plan import FieldPlan, Selection

Container: TypeAlias = dict[str, Any] | list[Any]


class ResponsePosition(NamedTuple):
    """A place in an answer that holds one value."""

    container: Any
    key: str | int
    type: GraphQLOutputType
    """What the schema says of a value there."""
    field: FieldPlan
    """The field that it belongs to; elements of lists belong to the field of the list."""


Chain: TypeAlias = tuple[ResponsePosition, ...]
"""A place and those around it, from the inside to the root."""


class ResponseTree:
    """An answer as far as it has grown: a root object and what hangs on it."""

    def __init__(self, root: dict[str, Any], selection: Selection, found: Mapping[int, Selection]) -> None:
        self._root = root
        self._around: dict[int, list[ResponsePosition]] = {}
        """By the identity of each object and list: the places that hold it."""
        self._found = found
        self._walk(root, selection)

    def chains(self, slot: ResponsePosition) -> Iterator[Chain]:
        """Every way from a place to the root; none for what no longer belongs to the answer."""
        left: list[Chain] = [(slot,)]
        while left:
            chain = left.pop()
            container = chain[-1].container
            if container is self._root:
                yield chain
            else:
                around = self._around.get(id(container), ())
                left += [(*chain, outer) for outer in reversed(around)]

    def _walk(self, root: dict[str, Any], selection: Selection) -> None:
        left: list[tuple[dict[str, Any], Selection]] = [(root, selection)]
        while left:
            container, selection = left.pop()
            for field in selection.fields:
                value = container.get(field.key)
                if type(value) in (dict, list):
                    self._note(ResponsePosition(container, field.key, field.type, field), value, left)

    def _note(self, slot: ResponsePosition, value: Any, left: list[tuple[dict[str, Any], Selection]]) -> None:
        type_ = slot.type.of_type if isinstance(slot.type, GraphQLNonNull) else slot.type
        if is_leaf_type(type_):
            return
        seen = self._around.setdefault(id(value), [])
        seen.append(slot)
        if len(seen) > 1:
            return
        if isinstance(type_, GraphQLList):
            for index, item in enumerate(value):
                if type(item) in (dict, list):
                    self._note(ResponsePosition(value, index, type_.of_type, slot.field), item, left)
        elif id(value) in self._found:
            left.append((value, self._found[id(value)]))


def path_of(chain: Chain) -> list[str | int]:
    """The path of the innermost place."""
    return [slot.key for slot in reversed(chain)]


def order_of(chain: Chain) -> tuple[int, ...]:
    """Where the innermost place stands in the answer, for sorting."""
    return tuple(
        slot.key if isinstance(slot.key, int) else list(slot.container).index(slot.key) for slot in reversed(chain)
    )


class Place:
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
        return self.path == (other.path if isinstance(other, Place) else other)

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return repr(self.path)


def as_path(chain: Chain) -> Path:
    """graphql-core's form of a path."""
    path: Path | None = None
    for slot in reversed(chain):
        path = Path(path, slot.key, None if isinstance(slot.key, int) else slot.field.parent.name)
    assert path is not None
    return path
