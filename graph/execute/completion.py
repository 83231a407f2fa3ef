"""Values become answers, as the specification completes them.

A resolver's value and its place enter; the value is put there, or an exception is raised. Lists get a place for each
element; objects join a batch of the next level.
Source: https://spec.graphql.org/September2025/#sec-Value-Completion
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.executor import collect_iterator_awaitables, invalid_return_type_error
from graphql.pyutils import is_iterable

from graph.errors import Withheld
from graph.execute.pending import Waiting
from graph.execute.reference import Request
from graph.execute.response import ResponsePosition

if TYPE_CHECKING:
    from graph.execute.scheduler import Run


class Completion:
    """Completes the values of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._executor = run.executor

    def value(self, slot: ResponsePosition, info: Any, value: Any) -> None:
        """Complete a value in its place. Raises what is wrong with it."""
        if isinstance(value, Exception):
            raise value
        type_ = slot.type
        if isinstance(type_, GraphQLNonNull):
            if value is None or value is Undefined:
                raise null_in(slot)
            type_ = type_.of_type
        if value is None or value is Undefined:
            slot.container[slot.key] = None
        elif is_leaf_type(type_):
            slot.container[slot.key] = self._executor.complete_leaf_value(type_, value)
        elif isinstance(type_, GraphQLList):
            self._list(slot, type_, info, value)
        elif is_abstract_type(type_):
            self._abstract(slot, type_, info, value)
        else:
            self._object(slot, cast(GraphQLObjectType, type_), info, value)

    def _list(self, slot: ResponsePosition, type_: GraphQLList[Any], info: Any, value: Any) -> None:
        items: list[Any] = []
        if self._executor.is_async_iterable(value):
            slot.container[slot.key] = items
            inside = ResponsePosition(items, 0, type_, slot.field)  # gone as soon as the list is
            self._run.later(inside, self._collected(slot, type_.of_type, items, info, value), lambda _: None)
            return
        if not is_iterable(value):
            raise GraphQLError(
                f"Expected Iterable, but did not find one for field '{info.parent_type}.{info.field_name}'."
            )
        slot.container[slot.key] = items
        iterator = iter(value)
        waiting: list[Waiting] = []
        try:
            whole = self._elements(slot, type_.of_type, items, info, iterator, waiting)
        except Exception:
            self._settle(waiting, iterator)
            raise
        if not whole:
            self._settle(waiting, iterator)
        elif waiting:
            self._run.wait_for(waiting)

    def _elements(
        self,
        slot: ResponsePosition,
        type_: Any,
        items: list[Any],
        info: Any,
        iterator: Iterator[Any],
        waiting: list[Waiting],
    ) -> bool:
        """Complete the elements of a list; False when one has emptied the list."""
        for item in iterator:
            items.append(None)
            place = ResponsePosition(items, len(items) - 1, type_, slot.field)
            if self._executor.is_awaitable(item):
                waiting.append(self._run.waiting(item, place, info))
            elif not self._run.put(place, info, item) and self._executor.must_rise(type_):
                return False
        return True

    def _settle(self, waiting: list[Waiting], iterator: Iterator[Any]) -> None:
        """Let what a list would have delivered come to its end, though nobody waits for it."""
        left = [one.awaitable for one in waiting]
        left += collect_iterator_awaitables(iterator, self._executor.is_awaitable)
        if left:
            self._executor.settle_in_background(left)

    async def _collected(
        self, slot: ResponsePosition, type_: Any, items: list[Any], info: Any, value: AsyncIterable[Any]
    ) -> None:
        """Take elements as they come; one that fails and may not be null ends the list."""
        iterator = aiter(value)
        waiting: list[Waiting] = []
        try:
            async for item in iterator:
                if not self._elements(slot, type_, items, info, iter([item]), waiting):
                    await _close(iterator)
                    self._settle(waiting, iter(()))
                    return
        except Exception as error:
            self._run.fail(slot, error)
            return
        if waiting:
            self._run.wait_for(waiting)

    def _abstract(self, slot: ResponsePosition, type_: Any, info: Any, value: Any) -> None:
        if isinstance(value, Request):
            found = self._executor.ensure_valid_runtime_type(value.type_name, type_, slot.field.details, info, value)
            self._object(slot, found, info, value)
            return
        resolve_type = type_.resolve_type or self._executor.type_resolver
        name = resolve_type(value, info, type_)

        def go_on(name: Any) -> None:
            found = self._executor.ensure_valid_runtime_type(name, type_, slot.field.details, info, value)
            self._object(slot, found, info, value)

        if self._executor.is_awaitable(name):
            self._run.later(slot, name, go_on)
        else:
            go_on(name)

    def _object(self, slot: ResponsePosition, type_: GraphQLObjectType, info: Any, value: Any) -> None:
        selection = self._run.below(slot.field, type_)
        if isinstance(value, Request):
            if value.type_name != type_.name:
                raise invalid_return_type_error(type_, value, slot.field.details)
            value.begin(self._run, selection, slot)
            return

        def go_on(fits: Any) -> None:
            if not fits:
                raise invalid_return_type_error(type_, value, slot.field.details)
            slot.container[slot.key] = self._run.take(selection, value)

        fits = type_.is_type_of(value, info) if type_.is_type_of else True
        if self._executor.is_awaitable(fits):
            self._run.later(slot, fits, go_on)
        else:
            go_on(fits)


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()


def null_in(slot: ResponsePosition) -> Exception:
    """Said when a place is empty that may not be: a policy withholds its value, or it is a mistake of ours."""
    planned = slot.field.planned
    if planned is not None and planned.never_null:
        return Withheld(slot.field.parent.name, slot.field.name)
    return TypeError(f"Cannot return null for non-nullable field {slot.field.parent}.{slot.field.name}.")
