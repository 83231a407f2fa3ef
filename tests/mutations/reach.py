"""Which user errors a function may answer with, as far as its code names them.

A function enters, classes of errors leave. Names are looked up among the globals of the function's module, then among
the attributes of what it has at hand: its own object, the change, and the objects and modules that it names. Nothing is
run. More may be found than ever happens, for a name may stand for several things.
"""

from collections.abc import Callable, Iterator
from inspect import getattr_static, unwrap
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from graph.writing import Change, UserError

OURS = ("graph.files", "graph.mutations", "graph.identity", "graph.writing")


def reached(function: Callable[..., Any]) -> set[type[UserError]]:
    """The errors that a function names, and those of all that it calls."""
    found: set[type[UserError]] = set()
    left: list[tuple[Any, tuple[Any, ...]]] = [(function, ())]
    seen: set[Any] = set()
    while left:
        thing, at_hand = left.pop()
        if isinstance(thing, MethodType):
            at_hand = (thing.__self__,)
        called: Any = unwrap(getattr(thing, "__func__", None) or getattr(thing, "fget", None) or thing)
        if not isinstance(called, FunctionType) or called in seen or not called.__module__.startswith(OURS):
            continue
        seen.add(called)
        for named, holder in _things(called, at_hand):
            if isinstance(named, type) and issubclass(named, UserError) and named is not UserError:
                found.add(named)
            elif isinstance(named, FunctionType | MethodType | property):
                left.append((named, holder))
    return found


def _things(function: FunctionType, at_hand: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """What a function names, each with the object whose attribute it is."""
    names = set(_names(function.__code__))
    known = {name: function.__globals__[name] for name in names if name in function.__globals__}
    yield from ((thing, ()) for thing in known.values())
    holders = [Change, *known.values(), *(part for holder in at_hand for part in _parts(holder)), *at_hand]
    for holder in holders:
        if isinstance(holder, type | ModuleType) or type(holder).__module__.startswith(OURS):
            for name in names - known.keys():
                yield getattr_static(holder, name, None), (holder,)


def _parts(holder: Any) -> Iterator[Any]:
    """The objects that an object of ours holds, alone, in lists or by names."""
    for value in getattr(holder, "__dict__", {}).values():
        if isinstance(value, dict):
            yield from value.values()
        else:
            yield from value if isinstance(value, list) else [value]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
