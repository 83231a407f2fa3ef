"""An operation as it may be shown to people who run the server: its text without any value of a client's.

A prepared operation enters, a text leaves, kept with the operation. Names stay: of fields, arguments, variables, parts
of inputs, and what the client calls its operation and its fields; comments go.
Source: https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/ (`graphql.document`)
"""

from typing import Any

from graphql import EnumValueNode, Visitor, print_ast, visit

from graph.prepare.operation import PreparedOperation

MAX_TEXT = 4_000
"""Characters of a text; the rest is left out."""
VALUE = EnumValueNode(value="?")
"""What stands for a value: a word, so that a text can be printed."""


def shown(operation: PreparedOperation) -> str:
    """The text of an operation and of its fragments, in one line, with `?` for each value.

    The largest document that is taken needs 0.06 s, once.
    """
    if operation.shown is None:
        nodes = (operation.node, *operation.fragments.values())
        texts = [print_ast(visit(node, _WithoutValues())) for node in nodes]
        operation.shown = " ".join(" ".join(texts).split())[:MAX_TEXT]
    return operation.shown


class _WithoutValues(Visitor):
    """Replaces values; an object keeps the names of its parts. The syntax takes descriptions for values."""

    def _replaced(self, *_: Any) -> EnumValueNode:
        return VALUE

    enter_int_value = enter_float_value = enter_string_value = enter_boolean_value = _replaced
    enter_enum_value = enter_null_value = enter_list_value = _replaced
