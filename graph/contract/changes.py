"""A change between two schemas: what, where, what was there and what is there now."""

from dataclasses import dataclass

from graphql import Node

from graph.contract.kinds import Kind


@dataclass(frozen=True, slots=True)
class Change:
    """One change at one coordinate."""

    kind: Kind
    at: str
    """The coordinate; `schema` for the schema itself, which has none.

    Source: https://spec.graphql.org/September2025/#sec-Schema-Coordinates
    """
    old: str = ""
    new: str = ""
    deprecated: str | None = None
    """Of what was removed: the reason of its deprecation."""
    renamed: str | None = None
    """Of what was removed: the coordinate of what may be the same under another name."""
    old_line: int | None = None
    """Where it stood in the old text, counted from 1; None without a text."""
    new_line: int | None = None
    """Where it stands in the new text, or what it belonged to."""

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        return self.kind.sentence.format(at=self.at, old=self.old, new=self.new)


def line_of(node: Node | None) -> int | None:
    """The line of a definition in its text."""
    return node.loc.start_token.line if node is not None and node.loc is not None else None
