"""Rights: who may do something, as far as the viewer's roles tell, and whose a row is.

A viewer enters, a user error or nothing leaves. Which roles there are is not known here, and no role stands for
another: a right names all roles that it allows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from pydantic import Field
from sqlalchemy import tuple_
from strawberry.utils.str_converters import to_camel_case

from db.relations import fitted, is_same, link_of, python_type
from db.statements import Key
from graph.entity.registry import Entity, entity_of_model
from graph.errors import DeclarationError
from graph.viewer import Viewer
from graph.writing.change import Change
from graph.writing.errors import ErrorClass, Forbidden, InvalidInput, NotSignedIn, Place, Rejected, UserError, no_such
from graph.writing.inputs import Annotation, Input, id_of

May: TypeAlias = Callable[[Viewer, Any], bool]
"""Whether a viewer may change a row that they see."""


class Right:
    """Everybody who has one of these roles; without roles, everybody who has signed in, or everybody."""

    def __init__(self, *roles: str, signed_in: bool = True) -> None:
        self.roles = roles
        self.signed_in = signed_in
        self.who = _listed(roles) or ("those who have signed in" if signed_in else "everybody")
        """Those who have the right, in a sentence: `admins and editors`."""

    @property
    def errors(self) -> tuple[ErrorClass, ...]:
        """What those who have not the right are answered."""
        return (Forbidden, NotSignedIn) if self.signed_in else (Forbidden,)

    def __call__(self, viewer: Viewer, place: Place = ()) -> UserError | None:
        """Why the viewer may not do it, at this place of the input; None if nothing stands against it."""
        if viewer.read_only:
            return Forbidden("This key may only read; use another one to change something.", place)
        if self.signed_in and not viewer.is_known:
            return NotSignedIn("Sign in first: signIn gives a token for the header `Authorization: Bearer …`.", place)
        if self.roles and not viewer.has(*self.roles):
            return Forbidden(f"Only {self.who} may do this.", place)
        return None

    def __str__(self) -> str:
        return f"For {self.who}."


def _listed(roles: Iterable[str]) -> str:
    """`admins, authors and editors`; nothing for no roles."""
    *others, last = [f"{role}s" for role in sorted(set(roles))] or [""]
    return f"{', '.join(others)} and {last}" if others else last


ANYBODY = Right(signed_in=False)
SIGNED_IN = Right()


@dataclass(frozen=True)
class OverRows:
    """A `May` that knows who may change every row, so that nobody has to look at them one by one."""

    right: Right
    owner: str | None = None
    """The attribute of a row that holds the key of somebody who may change that one, too."""

    def __call__(self, viewer: Viewer, row: Any) -> bool:
        """Whether a viewer may change a row."""
        return self.over_all(viewer) or (self.owner is not None and is_same(viewer.id, getattr(row, self.owner)))

    def over_all(self, viewer: Viewer) -> bool:
        """Whether a viewer may change every row that they see."""
        return self.right(viewer) is None


def with_right(right: Right) -> May:
    """Those who have this right may change every row."""
    return OverRows(right)


def owner_or(right: Right, *, owner: str) -> May:
    """Those whose key a row has in the attribute `owner` may change it, and those who have this right."""
    return OverRows(right, owner)


class Ownership:
    """The to-one relationship of an entity to the user whom a row belongs to: the viewer, unless another is given."""

    def __init__(self, entity: Entity, name: str, right: Right | None) -> None:
        if right is None:
            raise DeclarationError(f"{entity.name}.{name} has no owner_right; say who may give a row to others.")
        self._relationship = entity.mapper.relationships[name]
        self._right = right
        self.field = f"{name}_id"
        """The field of inputs that names the owner."""

    @cached_property
    def attribute(self) -> str:
        """The attribute of a row that holds its owner's key."""
        (attribute,) = link_of(self._relationship).key
        return attribute

    def key_of(self, viewer: Viewer) -> object:
        """The viewer as such a row names them; None for whoever has no id of that kind."""
        (key,) = self._relationship.mapper.primary_key
        return fitted(viewer.id, python_type(key.type))

    @property
    def who(self) -> str:
        """Those who give rows to others, in a sentence."""
        return self._right.who

    def may_choose(self, viewer: Viewer) -> bool:
        """Whether a viewer may give a row to somebody else."""
        return self._right(viewer) is None

    def input_field(self) -> Annotation:
        """The field, as Pydantic's `create_model` takes it."""
        text = f"{self._relationship.doc} Only {self._right.who} give it; it is the viewer if left out."
        return (id_of(entity_of_model(self._relationship.mapper).cls) | None, Field(None, description=text))

    def of(self, values: Input, viewer: Viewer, place: Place) -> object:
        """The key of a new row's owner. Raises `Rejected` for one whom the viewer may not choose."""
        given: Key | None = getattr(values, self.field)
        own = self.key_of(viewer)
        if given is None and own is None:
            message = "This key acts for nobody; say whom the new row belongs to."
            raise Rejected(InvalidInput(message, (*place, to_camel_case(self.field))))
        if given is None or given == (own,):
            return own
        if not self.may_choose(viewer):
            message = f"Only {self.who} make this for others; leave it out."
            raise Rejected(Forbidden(message, (*place, to_camel_case(self.field))))
        return given[0]

    async def missing(self, owners: Mapping[Place, object], change: Change) -> dict[Place, UserError]:
        """`NotFound` for each place of the input with an owner whom the viewer does not see. One statement for all."""
        mapper = self._relationship.mapper
        key, field = mapper.primary_key, to_camel_case(self.field)
        wanted = tuple_(*key).in_([(owner,) for owner in owners.values()])
        statement = change.visible(mapper.class_).with_only_columns(*key).where(wanted)
        seen = {owner for (owner,) in await change.session.execute(statement, change.bound)}
        one = entity_of_model(mapper).one
        return {place: no_such(one, (*place, field)) for place, owner in owners.items() if owner not in seen}
