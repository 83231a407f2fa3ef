"""The functions of `db.functions` in SQL of MariaDB and MySQL.

Functions enter as names, templates of SQL leave; `{0}` and `{1}` are the arguments. Nothing is executed here.
Sources: https://mariadb.com/kb/en/built-in-functions/, https://dev.mysql.com/doc/refman/8.4/en/functions.html
"""

from collections.abc import Mapping
from typing import ClassVar

from db.dialects.interface import DatabaseDialect, FunctionName

FUNCTIONS: Mapping[FunctionName, str] = {}
"""SQL by function."""


class MariaDBFunctions(DatabaseDialect):
    """How the functions of `db.functions` are called."""

    functions: ClassVar[Mapping[FunctionName, str]] = {**DatabaseDialect.functions, **FUNCTIONS}
