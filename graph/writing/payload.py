"""The payload of a mutation: its result, and `errors`.

What work returned enters, a dict with a value for each field leaves. Rows leave as references, so that the plan reads
them back with the columns that are selected, after the change is committed. An error that the mutation does not declare
is no part of its payload: `Undeclared` is raised instead, so that it is never lost. Nothing is read here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias, get_args, get_origin

import strawberry
from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState

from graph.entity.fields import ValueField, object_type
from graph.entity.registry import Entity, entity_of, entity_of_model, key_of, list_of, optional
from graph.errors import Undeclared
from graph.execute.reference import RowReference
from graph.prepare.fields import CostRule
from graph.writing.error_types import ErrorTypes
from graph.writing.errors import ErrorClass, UserError

MAX_LISTED = 1_000
"""How many rows a list in a payload may hold."""

Answer: TypeAlias = Mapping[str, object]
"""The value of each field of a payload, by its Python name."""

ERRORS = "errors"

_PLAIN = (str, int, bool, strawberry.ID)


class Member:
    """One field of a payload besides `errors`."""

    def __init__(self, annotation: object, description: str) -> None:
        self.description = description
        self.is_list = get_origin(annotation) is list
        self.type: Any = get_args(annotation)[0] if self.is_list else annotation
        """The class of an entity, or the type of a plain value; of a list, that of its items."""

    @cached_property
    def entity(self) -> Entity | None:
        """The entity whose rows it holds; None for plain values."""
        return entity_of(self.type) if isinstance(self.type, type) and "__entity__" in vars(self.type) else None

    @property
    def is_kept(self) -> bool:
        """Whether its values can be kept as JSON, with ids for rows."""
        return self.entity is not None or self.type in _PLAIN


class Payload:
    """The type of a mutation's answer, and how an answer is made of what the work returned."""

    def __init__(
        self, mutation: str, members: Mapping[str, Member], errors: Collection[ErrorClass], types: ErrorTypes
    ) -> None:
        """Make it for a mutation's name in the schema, its members, and all that it may answer instead."""
        self.members = members
        self._mutation = mutation
        self._errors = {cls.__name__: cls for cls in errors}
        name = f"{mutation[0].upper()}{mutation[1:]}"
        union = types.union(f"{name}Error", f"Why `{mutation}` was not done.", errors)
        fields = [_MemberField(member_name, member) for member_name, member in members.items()]
        described = f"What `{mutation}` did, or why it was not done."
        self.type = object_type(f"{name}Payload", described, *fields, _ErrorsField(union))

    def values(self, result: object) -> Answer:
        """The value of each member as work returned it: of the one member, or in a dict by the members' names."""
        return result if isinstance(result, dict) else dict.fromkeys(self.members, result)

    def answer(self, result: object) -> Answer:
        """The answer for a result. A member that is not in it is null."""
        values = self.values(result)
        answer: dict[str, object] = {ERRORS: self.errors_in(result)}
        for name in self.members:
            answer[name] = _shown(values.get(name))
        return answer

    def rejection(self, errors: Iterable[UserError]) -> Answer:
        """The answer when nothing was done."""
        answer: dict[str, object] = {name: [] if member.is_list else None for name, member in self.members.items()}
        return answer | {ERRORS: self.declared(errors)}

    def errors_in(self, result: object) -> list[UserError]:
        """The errors beside a result: of bad rows among good ones. Raises `Undeclared`."""
        given: Any = self.values(result).get(ERRORS, ())
        return self.declared(given)

    def declared(self, errors: Iterable[UserError]) -> list[UserError]:
        """The errors, where the mutation declares all of them. Raises `Undeclared`."""
        found = list(errors)
        for error in found:
            if self.error_named(type(error).__name__) is not type(error):
                message = " ".join(one.message for one in found)  # no payload has a place for the others now
                raise self.undeclared(type(error).__name__, error.code, message, error.path)
        return found

    def error_named(self, name: str) -> ErrorClass | None:
        """The error of this name that the mutation declares, if there is one."""
        return self._errors.get(name)

    def undeclared(self, error: str, code: str, message: str, place: Sequence[str]) -> Undeclared:
        """What is raised instead of an error that the mutation does not declare."""
        return Undeclared(self._mutation, error, code, message, place)


def error_codes(answer: Answer) -> Sequence[str]:
    """The codes of the errors in an answer."""
    errors: Any = answer[ERRORS]
    return [error.code for error in errors]


class _ErrorsField(ValueField):
    """Why it was not done."""

    def __init__(self, union: Any) -> None:
        description = "Why it was not done; empty when it was."
        super().__init__(ERRORS, list_of(union), description, itemgetter(ERRORS))


class _MemberField(ValueField):
    """A member of a payload; rows in it cost what they cost elsewhere."""

    def __init__(self, name: str, member: Member) -> None:
        annotation = list_of(member.type) if member.is_list else optional(member.type)
        super().__init__(name, annotation, member.description, itemgetter(name))
        if member.entity is not None:
            self.cost = CostRule.LIST if member.is_list else CostRule.ROW

    def limit(self, arguments: Mapping[str, object], max_page: int) -> int:
        """As many rows as one change may make."""
        return MAX_LISTED


def _shown(value: object) -> object:
    """A mapped row as a reference to itself, and lists of them; anything else as it is."""
    if value is None or isinstance(value, RowReference | str):
        return value
    if isinstance(value, list):
        return [_shown(item) for item in value]
    state = inspect(value, raiseerr=False)
    return RowReference(entity_of_model(state.mapper), key_of(value)) if isinstance(state, InstanceState) else value
