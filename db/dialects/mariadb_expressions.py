"""Expressions in the words of MariaDB and MySQL that mean what they mean elsewhere: lengths, sums, quotients.

Expressions enter, SQL leaves. Sources: https://mariadb.com/kb/en/char_length/, https://mariadb.com/kb/en/sum/,
https://mariadb.com/kb/en/server-system-variables/#div_precision_increment
"""

from typing import Any

from sqlalchemy import Function, LargeBinary
from sqlalchemy.dialects.mysql.base import MySQLCompiler

from db.relations import undecorated


class MariaDBExpressions(MySQLCompiler):
    """Expressions."""

    def visit_length_func(self, function: Function[Any], **kw: Any) -> str:
        """Characters of a text, and bytes of bytes: LENGTH counts bytes of both."""
        (value,) = function.clauses
        name = "LENGTH" if isinstance(undecorated(value.type), LargeBinary) else "CHAR_LENGTH"
        return f"{name}{self.function_argspec(function, **kw)}"
