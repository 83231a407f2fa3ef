"""Elements of two schemas, paired by name: what is in both, what went, what came.

An element that went and one that came may be the same under another name: asked, never assumed.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from graph.contract.changes import Change, line_of
from graph.contract.elements import Element, deprecation_of, node_of
from graph.contract.kinds import Kind

E = TypeVar("E", bound=Element)


@dataclass(frozen=True)
class Both(Generic[E]):
    """An element that both schemas have, and its coordinate."""

    at: str
    old: E
    new: E

    def change(self, kind: Kind, old: str = "", new: str = "") -> Change:
        """A change of this element."""
        lines = line_of(node_of(self.old)), line_of(node_of(self.new))
        return Change(kind, self.at, old, new, old_line=lines[0], new_line=lines[1])


@dataclass(frozen=True)
class Paired(Generic[E]):
    """The elements of two mappings by name. `coordinate` has `{}` in the place of a name."""

    old: Mapping[str, E]
    new: Mapping[str, E]
    coordinate: str
    likeness: Callable[[E], Hashable]
    """What an element keeps when it is renamed."""
    owner_line: int | None = None
    """Where in the new text they belong, for what is not there any more."""

    def both(self) -> Iterator[Both[E]]:
        """What is in both."""
        for name, old in self.old.items():
            if name in self.new:
                yield Both(self.coordinate.format(name), old, self.new[name])

    def removed(self, kind: Kind) -> Iterator[Change]:
        """What went."""
        gone = _missing(self.old, self.new)
        renamed = self._renamed(gone) if gone else {}
        for name, element in gone.items():
            yield Change(
                kind,
                self.coordinate.format(name),
                deprecated=deprecation_of(element),
                renamed=renamed.get(name),
                old_line=line_of(node_of(element)),
                new_line=self.owner_line,
            )

    def added(self, kind_of: Callable[[E], Kind]) -> Iterator[Change]:
        """What came."""
        for name, element in _missing(self.new, self.old).items():
            yield Change(kind_of(element), self.coordinate.format(name), new_line=line_of(node_of(element)))

    def _renamed(self, gone: Mapping[str, E]) -> Mapping[str, str]:
        """The new coordinate of each element that alone among those that went is like one alone that came."""
        came = self._alone(_missing(self.new, self.old))
        return {
            name: self.coordinate.format(came[likeness])
            for likeness, name in self._alone(gone).items()
            if likeness in came
        }

    def _alone(self, elements: Mapping[str, E]) -> Mapping[Hashable, str]:
        likenesses = {name: self.likeness(element) for name, element in elements.items()}
        times = Counter(likenesses.values())
        return {likeness: name for name, likeness in likenesses.items() if times[likeness] == 1}


def texts_removed(both: Both[E], kind: Kind, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """A change for each text that is only in the old list."""
    kept = {*new}
    return (both.change(kind, old=text) for text in dict.fromkeys(old) if text not in kept)


def texts_added(both: Both[E], kind: Kind, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """A change for each text that is only in the new list."""
    known = {*old}
    return (both.change(kind, new=text) for text in dict.fromkeys(new) if text not in known)


def _missing(elements: Mapping[str, E], others: Mapping[str, E]) -> Mapping[str, E]:
    return {name: element for name, element in elements.items() if name not in others}
