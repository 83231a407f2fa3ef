"""What an application tells `trellis` of its first rows: tables, and the command that fills them."""

from collections.abc import Sequence
from typing import NamedTuple


class FirstRows(NamedTuple):
    """`FIRST_ROWS` of the package of an application's own commands."""

    tables: Sequence[str]
    """A database in which all of these are empty has no rows yet."""
    command: str
    """What fills them."""
