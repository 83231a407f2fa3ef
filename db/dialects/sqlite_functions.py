"""Our functions, aggregates and collations, given to a connection of SQLite.

Source: https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.create_function
"""

import sqlite3
from typing import Any

from db.dialects import exact_numbers
from db.dialects.python_aggregates import AGGREGATES
from db.dialects.python_functions import FUNCTIONS


def register_functions(connection: Any) -> None:
    """Teach a connection our functions, in its driver's thread if it has one."""
    if hasattr(connection, "run_async"):
        connection.run_async(lambda driver: driver._execute(_register, driver._conn))  # noqa: SLF001 - the driver can make functions, but neither aggregates nor collations
    else:
        _register(connection)


def _register(connection: sqlite3.Connection) -> None:
    for name, (arguments, function) in {**FUNCTIONS, **exact_numbers.FUNCTIONS}.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, (arguments, aggregate) in exact_numbers.AGGREGATES.items():
        connection.create_window_function(name, arguments, aggregate)  # type: ignore[arg-type]  # their `step` takes what SQL gives
    for name, first in AGGREGATES.items():
        connection.create_aggregate(name, -1, first)  # type: ignore[arg-type]  # its `step` takes what SQL gives
    connection.create_collation(exact_numbers.COLLATION, exact_numbers.compare)
