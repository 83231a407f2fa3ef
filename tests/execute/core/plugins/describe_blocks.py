"""Collects tests as pytest-describe does, which graphql-core's tests need and our lock does not have.

A function whose name begins with `describe` enters, the functions inside it leave as tests. Behaviours that blocks
share (`behaves_like`) are left out: graphql-core has none.

Source: https://github.com/pytest-dev/pytest-describe#readme.
"""

import sys
from types import FrameType, FunctionType, ModuleType
from typing import Any, Self

import pytest

PREFIX = "describe"


class DescribeBlock(pytest.Module):
    """A function that is collected like a module: what it defines is what the module holds."""

    described: ModuleType

    @classmethod
    def holding(cls, parent: pytest.Module, function: FunctionType) -> Self:
        """A block below a module or another block."""
        name = function.__name__
        block: Self = cls.from_parent(parent, path=parent.path, name=name, nodeid=f"{parent.nodeid}::{name}")
        block.described = ModuleType(name)
        vars(block.described).update(definitions(function), pytestmark=getattr(function, "pytestmark", []))
        return block

    def _getobj(self) -> ModuleType:
        return self.described

    def funcnamefilter(self, name: str) -> bool:
        """Every function is a test, unless it is private."""
        return not name.startswith("_")

    def classnamefilter(self, name: str) -> bool:
        """No class is a test."""
        return False


def definitions(function: FunctionType) -> dict[str, Any]:
    """Call a function and return its local names as they are at its end."""
    found: dict[str, Any] = {}

    def note_end(frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and frame.f_code is function.__code__:
            found.update(frame.f_locals)

    outer = sys.getprofile()
    sys.setprofile(note_end)
    try:
        function()
    finally:
        sys.setprofile(outer)
    return found


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Collector | None:
    """Take the functions that describe; leave everything else to pytest."""
    if isinstance(collector, pytest.Module) and isinstance(obj, FunctionType) and name.startswith(PREFIX):
        return DescribeBlock.holding(collector, obj)
    return None
