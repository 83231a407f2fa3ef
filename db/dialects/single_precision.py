"""Numbers in single precision: the nearest one, and the shortest digits that mean one.

Doubles enter and leave; drivers know no other floats. Source: https://www.postgresql.org/docs/current/datatype-numeric.html
"""

import struct

MOST_DIGITS = 9
"""So many digits tell any two numbers of single precision apart."""

_SINGLE = struct.Struct("f")


def nearest(value: float) -> float:
    """The nearest number in single precision; a number beyond all of them as it is."""
    try:
        (found,) = _SINGLE.unpack(_SINGLE.pack(value))
    except OverflowError:
        return value
    return float(found)


def shortest(value: float) -> float:
    """The double with the fewest digits whose nearest number in single precision this is."""
    for digits in range(1, MOST_DIGITS + 1):
        found = float(f"{value:.{digits}g}")
        if nearest(found) == value:
            return found
    return value
