"""The text of a Python module: names that are used enter, imports and lines leave.

A class may have an attribute with the name of a type or of a function that its lines use: a column `date`, a model
`MetaData`. What is imported then has another name in the module. Ruff puts imports and lines into their order.
"""

import inspect
import keyword
import re
from collections import defaultdict
from collections.abc import Iterable
from textwrap import wrap
from types import NoneType

MAX_LINE = 120
MAX_LITERAL = 90
INDENT = "    "


class Module:
    """A module that is being written. `taken` are the names that its classes and their attributes have."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._own: frozenset[tuple[str, str]] = frozenset()
        self._imports: dict[str, dict[str, str]] = defaultdict(dict)
        self._places: dict[str, str] = {}
        self._checked: dict[str, dict[str, str]] = defaultdict(dict)

    def use(self, module: str, name: str) -> str:
        """Import a name of a module; the name that it has here."""
        if (module, name) in self._own:
            return name
        local = name
        while local in self._taken or self._places.setdefault(local, module) != module:
            local += "_"  # the type of a column, and that of its values: UUID
        if module != "builtins" or local != name:
            self._imports[module][name] = local
        return local

    def define(self, names: Iterable[tuple[str, str]]) -> None:
        """Tell names that are this module's own, by the module that it is: they are used, and not imported."""
        self._own |= frozenset(names)

    def check(self, module: str, name: str) -> str:
        """Import a class for type checking alone; the name that it has here."""
        local = name
        while local in self._taken or self._places.setdefault(local, module) != module:
            local += "_"
        self._checked[module][name] = local
        return local

    def type(self, annotation: object) -> str:
        """The text of a class, or of what stands for one: `int`, `JSON`, `None`."""
        if annotation is NoneType:
            return "None"
        name = getattr(annotation, "__name__", None)
        if name is None:
            return self.use("typing", "Any")
        return self.use(annotation.__module__, name)

    def text(self, doc: str, body: str, *, future: bool = False) -> str:
        """The whole module."""
        parts = [docstring(doc), "from __future__ import annotations" if future else "", *_lines(self._imports)]
        if self._checked:
            parts.append("from typing import TYPE_CHECKING")
            parts += ["", "if TYPE_CHECKING:", *(f"{INDENT}{line}" for line in _lines(self._checked))]
        return "\n".join([*parts, "", "", body])


def _lines(imports: dict[str, dict[str, str]]) -> Iterable[str]:
    for module, names in sorted(imports.items()):
        listed = ", ".join(name if name == local else f"{name} as {local}" for name, local in sorted(names.items()))
        yield f"from {module} import {listed}"


def docstring(text: str, indent: str = "", *, instead: str = "As it is in the database.") -> str:
    """A text as a docstring. Where its beginning is no line, another sentence goes first."""
    said = inspect.cleandoc(text).replace("\\", "\\\\").replace('"""', "'''").strip().rstrip('"')
    paragraphs = [" ".join(part.split()) for part in said.split("\n\n") if part.strip()]
    room = MAX_LINE - len(indent) - len('""""""')
    if not paragraphs or len(paragraphs[0]) >= room:
        paragraphs = [instead, *paragraphs]
    if not paragraphs[0].endswith((".", "?", "!")):
        paragraphs[0] += "."
    if len(paragraphs) == 1:
        return f'{indent}"""{paragraphs[0]}"""'
    lines = [line for part in paragraphs[1:] for line in ("", *wrap(part, MAX_LINE - len(indent)))]
    return "\n".join(
        [f'{indent}"""{paragraphs[0]}', *(f"{indent}{line}" if line else "" for line in lines), f'{indent}"""']
    )


def literal(text: str) -> str:
    """A text as code, in pieces that fit into a line."""
    if len(text) <= MAX_LITERAL:
        return repr(text)
    pieces = re.findall(rf".{{1,{MAX_LITERAL}}}(?:\s|$)|.{{1,{MAX_LITERAL}}}", text, re.S)
    return f"({' '.join(map(repr, pieces))})"


def is_name(text: str) -> bool:
    """Whether a text can be a name in Python."""
    return text.isidentifier() and not keyword.iskeyword(text) and not text.startswith("__")
