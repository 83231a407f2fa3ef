"""The words that code is made of: names and texts. Docstrings and comments are left out: they may show an example.

The text of a module enters, words in small letters leave: `_order_lineOf` is order, line and of.
"""

import ast
import re
from collections.abc import Iterator

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def words_of(text: str) -> set[str]:
    """Every word of a module's names and texts."""
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        word.lower()
        for node in ast.walk(tree)
        if id(node) not in prose
        for part in _parts(node)
        for word in WORD.findall(part)
    }


def _parts(node: ast.AST) -> Iterator[str]:
    """What a node itself says."""
    for field in ("name", "id", "attr", "arg", "asname", "module", "value"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value
