"""What policies must say: about every model, at one place, and of values that there are."""

from collections.abc import Mapping

import pytest
from sqlalchemy import false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.base import Base as ModelBase
from graph.auth.visibilities import Kind, RowPolicy, check
from graph.errors import InvalidPolicy
from graph.policies import ROWS, VALUES, visibility
from graph.viewer import NOBODY, Viewer


class Base(DeclarativeBase):
    pass


class Animal(Base):
    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    chip: Mapped[str]


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012 - as above


def everybody(_kind: Kind) -> None:
    return None


def nobody(_kind: Kind) -> object:
    return lambda _row: false()


def test_every_model_of_ours_has_a_policy() -> None:
    assert {mapper.class_ for mapper in ModelBase.registry.mappers} == ROWS.keys()
    check(ModelBase.registry.mappers, ROWS, VALUES)


@pytest.mark.parametrize(
    ("rows", "values", "message"),
    [
        (
            {Animal: everybody, Dog: nobody},
            {},
            "The rows of Dog are rows of Animal too; say there who may see them.",
        ),
        (
            {Animal: everybody},
            {(Animal, "chips"): nobody},
            "Animal has no column 'chips' to hide; it has id, kind, chip.",
        ),
        ({Animal: everybody}, {(Dog, "chip"): nobody}, "Dog.chip is inherited; say at its base who may see it."),
    ],
)
def test_a_policy_that_says_too_little_is_found_before_anything_is_served(
    rows: Mapping[type[Animal], RowPolicy], values: Mapping[tuple[type[Animal], str], RowPolicy], message: str
) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        check(Base.registry.mappers, rows, values)
    assert str(refused.value) == message


def test_viewers_of_one_kind_share_a_visibility() -> None:
    members = [Viewer(number, frozenset(roles)) for number, roles in ((1, ["member"]), (2, ["author"]), (3, []))]
    assert len({visibility(viewer) for viewer in members}) == 1
    different = [NOBODY, members[0], Viewer(1, frozenset({"editor"})), Viewer(1, frozenset({"admin"}))]
    assert len({visibility(viewer) for viewer in different}) == len(different)


def test_a_machine_that_acts_for_no_user_sees_what_nobody_sees() -> None:
    assert visibility(Viewer(None, frozenset({"member"}), key_id=1)) is visibility(NOBODY)


def test_what_no_policy_names_is_shown_to_admins_only() -> None:
    for viewer in (NOBODY, Viewer(1, frozenset({"editor"}))):
        predicate = visibility(viewer)(Animal.__mapper__)
        assert predicate is not None
        assert str(predicate(Animal)) == "false"
    assert visibility(Viewer(1, frozenset({"admin"})))(Animal.__mapper__) is None
