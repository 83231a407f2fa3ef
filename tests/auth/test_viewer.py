"""A viewer has the roles that are named, and no others."""

import pytest

from graph.auth.visibilities import Kind
from graph.viewer import NOBODY, Viewer


@pytest.mark.parametrize(
    ("roles", "asked", "has"),
    [
        ({"pilot"}, ("pilot",), True),
        ({"pilot"}, ("cook", "pilot"), True),
        ({"pilot"}, ("cook",), False),
        ({"admin"}, ("cook",), False),
        ({"pilot"}, (), False),
        (set(), ("pilot",), False),
    ],
)
def test_a_role_is_exactly_itself(roles: set[str], asked: tuple[str, ...], has: bool) -> None:
    assert Viewer(1, frozenset(roles)).has(*asked) is has
    assert Kind(True, frozenset(roles)).has(*asked) is has


def test_the_name_says_who_acts() -> None:
    assert [NOBODY.name, Viewer(42).name, Viewer(42, key_id=7).name] == ["nobody", "user:42", "key:7"]
    many = [Viewer(roles=frozenset(f"role-{number}" for number in range(last))) for last in (200, 201)]
    assert [len(viewer.name) for viewer in many] == [70, 70]
    assert many[0].name != many[1].name
