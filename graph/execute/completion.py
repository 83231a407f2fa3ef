"""Values of resolvers become parts of the response, as the specification completes them.

A value and its position enter; the value is put there, or an exception is raised. Lists get a position for each
element; objects wait for their fields on the next level; a reference to a row asks a loader for it.
Source: https://spec.graphql.org/September2025/#sec-Value-Completion
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, cast

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

from graph.execute.pending import Waiting
from graph.execute.reference import RowReference
from graph.execute.response import ResponsePosition, completed, null_in
from graph.execute.size import COMMA, NULL, written
from graph.execute.work import Load, Work


def put(work: Work, position: ResponsePosition, info: Any, value: Any) -> bool:
    """Complete a value in its position, or leave that empty; whether it went well."""
    try:
        complete(work, position, info, value)
    except Exception as error:
        work.fail(position, error)
        return False
    return True


def complete(work: Work, position: ResponsePosition, info: Any, value: Any) -> None:
    """Complete a value in its position; `info` is made where it is needed and not given. Raises what is wrong."""
    if isinstance(value, Exception):
        raise value
    type_ = position.type
    if isinstance(type_, GraphQLNonNull):
        if value is None or value is Undefined:
            raise null_in(position)
        type_ = type_.of_type
    if value is None or value is Undefined:
        work.size.add(NULL)
        position.container[position.key] = None
    elif is_leaf_type(type_):
        planned = position.field.planned
        is_stored = planned is not None and planned.read is not None
        shown = completed(type_, value, is_stored=is_stored)
        work.size.add(written([shown]))
        position.container[position.key] = shown
    elif isinstance(type_, GraphQLList):
        _complete_list(work, position, type_, info, value)
    elif is_abstract_type(type_):
        _complete_abstract(work, position, type_, info or work.info(position), value)
    else:
        _complete_object(work, position, cast(GraphQLObjectType, type_), info, value)


def waiting(work: Work, awaitable: Any, position: ResponsePosition, info: Any) -> Waiting:
    """A value that is still to come, for a position."""

    def take(value: Any) -> None:
        put(work, position, info, value)

    return Waiting(awaitable, take, position)


def _complete_list(work: Work, position: ResponsePosition, type_: GraphQLList[Any], info: Any, value: Any) -> None:
    items: list[Any] = []
    if type(value) is not list and work.executor.is_async_iterable(value):
        position.container[position.key] = items
        inside = ResponsePosition(items, 0, type_, position.field)  # gone as soon as the list is
        work.later(inside, _collected(work, position, type_.of_type, items, info, value), lambda _: None)
        return
    if type(value) is not list and not is_iterable(value):
        field = position.field
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent}.{field.name}'.")
    position.container[position.key] = items
    iterator = iter(value)
    left: list[Waiting] = []
    try:
        whole = _complete_elements(work, position, type_.of_type, items, info, iterator, left)
    except Exception:
        _settle(work, left, iterator)
        raise
    if not whole:
        _settle(work, left, iterator)
    elif left:
        work.expect(left)


def _complete_elements(
    work: Work,
    position: ResponsePosition,
    type_: Any,
    items: list[Any],
    info: Any,
    iterator: Iterator[Any],
    left: list[Waiting],
) -> bool:
    """Complete the elements of a list; False when one has emptied the list. Those still to come are put into `left`."""
    is_awaitable = work.is_awaitable
    for item in iterator:
        work.size.add(COMMA)
        items.append(None)
        place = ResponsePosition(items, len(items) - 1, type_, position.field)
        if is_awaitable(item):
            left.append(waiting(work, item, place, info))
        elif not put(work, place, info, item) and (work.is_hopeless or work.must_rise(type_)):
            return False
    return True


def _settle(work: Work, left: list[Waiting], iterator: Iterator[Any]) -> None:
    """Let what a list would have delivered come to its end, though nobody waits for it."""
    awaitables = [one.awaitable for one in left]
    if not work.size.is_over:  # else the list may have no end
        awaitables += collect_iterator_awaitables(iterator, work.is_awaitable)
    if awaitables:
        work.executor.settle_in_background(awaitables)


async def _collected(
    work: Work, position: ResponsePosition, type_: Any, items: list[Any], info: Any, value: AsyncIterable[Any]
) -> None:
    """Take elements as they come; one that fails and may not be null ends the list."""
    iterator = aiter(value)
    left: list[Waiting] = []
    try:
        async for item in iterator:
            if not _complete_elements(work, position, type_, items, info, iter([item]), left):
                await _close(iterator)
                _settle(work, left, iter(()))
                return
    except Exception as error:
        work.fail(position, error)
        return
    if left:
        work.expect(left)


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()


def _complete_abstract(work: Work, position: ResponsePosition, type_: Any, info: Any, value: Any) -> None:
    executor = work.executor

    def go_on(name: Any) -> None:
        found = executor.ensure_valid_runtime_type(name, type_, position.field.details, info, value)
        _complete_object(work, position, found, info, value)

    if isinstance(value, RowReference):
        go_on(value.type_name)
        return
    name = (type_.resolve_type or executor.type_resolver)(value, info, type_)
    if work.is_awaitable(name):
        work.later(position, name, go_on)
    else:
        go_on(name)


def _complete_object(work: Work, position: ResponsePosition, type_: GraphQLObjectType, info: Any, value: Any) -> None:
    selection = work.below(position.field, type_)
    if isinstance(value, RowReference):
        if value.type_name != type_.name:
            raise invalid_return_type_error(type_, value, position.field.details)
        _read_row(work, position, selection, value)
        return

    def go_on(fits: Any) -> None:
        if not fits:
            raise invalid_return_type_error(type_, value, position.field.details)
        position.container[position.key] = work.take(selection, value)

    fits = type_.is_type_of(value, info or work.info(position)) if type_.is_type_of is not None else True
    if fits is not True and work.is_awaitable(fits):
        work.later(position, fits, go_on)
    else:
        go_on(fits)


def _read_row(work: Work, position: ResponsePosition, selection: Any, reference: RowReference) -> None:
    """Ask for the row of a reference, with all others of this level."""

    def then(found: list[Any]) -> None:
        if found[0] is None:
            put(work, position, None, None)
        else:
            rows = reference.rows(found, selection.needs)
            (position.container[position.key],) = work.rows(selection, rows)

    loader = reference.loader(work.context.loaders, selection.needs)
    asked = Load([reference.key], then, lambda error: work.fail(position, error), position.field)
    work.loads.setdefault(loader, []).append(asked)
