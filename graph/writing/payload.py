"""What a mutation answers: its result, and `errors`.

Rows leave as requests, so that the plan reads them back with what is selected of them, after the change is kept.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args, get_origin

from sqlalchemy import inspect

from graph.entity.fields import ValueField, object_type
from graph.entity.registry import Entity, entity_of, entity_of_model, key_of, list_of, optional
from graph.execute.reference import RowReference
from graph.prepare.fields import CostRule
from graph.writing.errors import UserError

MAX_LISTED = 1_000
"""How many rows a list in a payload may hold."""


class Member(NamedTuple):
    """One field of a payload besides `errors`."""

    annotation: Any
    """The class of an entity, a list of one, or the type of a plain value."""
    description: str


class Payload:
    """The type of a mutation's answer, and how an answer is made of what the work returned."""

    def __init__(self, name: str, members: Mapping[str, Member]) -> None:
        self.members = members
        fields = [_field(member_name, member) for member_name, member in members.items()]
        self.type = object_type(name, "What was done, or why not.", *fields, _Errors())

    def answer(self, result: Any) -> dict[str, Any]:
        """The answer for a result: the one member's value, or a dict with the value of each."""
        values = result if isinstance(result, dict) else dict.fromkeys(self.members, result)
        answer: dict[str, Any] = {name: _shown(values.get(name)) for name in self.members}
        return answer | {"errors": values.get("errors", [])}

    def refusal(self, errors: Iterable[Any]) -> dict[str, Any]:
        """The answer when nothing was done."""
        empty: dict[str, Any] = {
            name: [] if get_origin(member.annotation) is list else None for name, member in self.members.items()
        }
        return empty | {"errors": list(errors)}


class _Errors(ValueField):
    """Why it was not done."""

    def __init__(self) -> None:
        description = "Why it was not done; empty when it was."
        super().__init__("errors", list_of(UserError), description, lambda answer: answer["errors"])


class _PayloadField(ValueField):
    """A member of a payload; rows in it cost what they cost elsewhere."""

    def __init__(self, name: str, annotation: Any, description: str, cost: CostRule) -> None:
        super().__init__(name, annotation, description, lambda answer: answer[name])
        self.cost = cost

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """As many rows as one change may make."""
        return MAX_LISTED


def _field(name: str, member: Member) -> ValueField:
    if get_origin(member.annotation) is list:
        (inner,) = get_args(member.annotation)
        cost = CostRule.LIST if _entity(inner) else CostRule.NOTHING
        return _PayloadField(name, list_of(inner), member.description, cost)
    cost = CostRule.ROW if _entity(member.annotation) else CostRule.NOTHING
    return _PayloadField(name, optional(member.annotation), member.description, cost)


def _entity(annotation: Any) -> Entity | None:
    return entity_of(annotation) if isinstance(annotation, type) and "__entity__" in vars(annotation) else None


def _shown(value: Any) -> Any:
    """A mapped row as a request for itself, and lists of them; anything else as it is."""
    if value is None or isinstance(value, RowReference | str):
        return value
    if isinstance(value, list):
        return [_shown(item) for item in value]
    state = inspect(value, raiseerr=False)
    mapper = getattr(state, "mapper", None)
    if mapper is None or not hasattr(state, "identity"):
        return value
    return RowReference(entity_of_model(mapper), key_of(value))
