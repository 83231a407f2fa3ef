"""Rights: whom they allow, how they are told, and what a declaration must say about them."""

import pytest

from graph.errors import DeclarationError
from graph.types.document import Document
from graph.types.post import Post
from graph.viewer import NOBODY, Viewer
from graph.writing import ANYBODY, SIGNED_IN, Crud, RelationshipInput, Right, owner_or, with_right
from graph.writing.errors import Forbidden, NotSignedIn

BAKERS = Right("miller", "baker")
ADA = Viewer(1)
BAKER = Viewer(2, frozenset({"baker"}))


class Loaf:
    """A row that belongs to Ada."""

    owner_id = ADA.id


@pytest.mark.parametrize(
    ("right", "told"),
    [
        (ANYBODY, "For everybody."),
        (SIGNED_IN, "For those who have signed in."),
        (Right("baker"), "For bakers."),
        (Right("miller", "baker"), "For bakers and millers."),
        (Right("miller", "baker", "eater", "baker"), "For bakers, eaters and millers."),
    ],
)
def test_a_right_tells_whom_it_allows(right: Right, told: str) -> None:
    assert str(right) == told


def test_a_right_says_what_stands_against_a_viewer_at_the_place_that_is_asked_for() -> None:
    assert BAKERS(BAKER) is None
    assert SIGNED_IN(ADA) is None
    assert ANYBODY(NOBODY) is None
    forbidden, unknown = BAKERS(ADA, ("input", 0)), BAKERS(NOBODY)
    assert isinstance(forbidden, Forbidden)
    assert (forbidden.message, forbidden.path) == ("Only bakers and millers may do this.", ["input", "0"])
    assert isinstance(unknown, NotSignedIn)
    assert isinstance(ANYBODY(Viewer(1, read_only=True)), Forbidden)


def test_rows_are_changed_by_those_with_the_right_and_by_their_owner() -> None:
    may, only_bakers = owner_or(BAKERS, owner="owner_id"), with_right(BAKERS)
    assert [may(viewer, Loaf()) for viewer in (ADA, BAKER, Viewer(3), NOBODY)] == [True, True, False, False]
    assert [only_bakers(viewer, Loaf()) for viewer in (ADA, BAKER)] == [False, True]


def test_an_owner_that_may_be_given_needs_a_right_to_give_it() -> None:
    with pytest.raises(DeclarationError, match="owner has no owner_right"):
        Crud(Document, ["title"], may=with_right(SIGNED_IN), owner="owner")


def test_rows_that_may_be_made_along_need_a_right_to_make_them() -> None:
    tags = RelationshipInput("tags", create=("name", "slug"))
    with pytest.raises(DeclarationError, match="tags has no create_right"):
        Crud(Post, ["title"], may=with_right(SIGNED_IN), links=[tags])
