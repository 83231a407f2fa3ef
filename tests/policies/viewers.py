"""Who asks, in tests of what may be seen: people of the demo, machines, and nobody."""

from collections.abc import Mapping

from graph.viewer import NOBODY, Viewer


def _person(number: int, *roles: str) -> Viewer:
    return Viewer(number, frozenset(roles))


def _machine(number: int, *roles: str) -> Viewer:
    return Viewer(None, frozenset(roles), key_id=number)


VIEWERS: Mapping[str, Viewer] = {
    "nobody": NOBODY,
    "a member": _person(13, "member"),
    "another member": _person(15, "member"),
    "an author": _person(5, "author", "member"),
    "another author": _person(7, "author", "member"),
    "an editor": _person(3, "editor", "author", "member"),
    "an admin": _person(1, "admin", "author", "member"),
    "a machine of an author": _machine(1, "author"),
    "a machine of an editor": _machine(2, "editor"),
    "a machine of an admin": _machine(3, "admin"),
}
"""One of every kind, and two of each kind that owns something."""

LIMITED: Mapping[str, Viewer] = {name: viewer for name, viewer in VIEWERS.items() if "admin" not in viewer.roles}
"""Those who do not see everything."""
