"""Directions: how rows are put in order by a value, and where nulls stand.

Attributes enter. The enumeration leaves that every order of the schema is made of, and which values have an order.
"""

from enum import Enum

from graph.entity.fields import described_enum
from graph.entity.registry import Attribute
from graph.entity.types import TYPES


class Direction(Enum):
    """How rows are ordered by a value."""

    ASC = "asc"
    DESC = "desc"
    ASC_NULLS_FIRST = "asc_nulls_first"
    ASC_NULLS_LAST = "asc_nulls_last"
    DESC_NULLS_FIRST = "desc_nulls_first"
    DESC_NULLS_LAST = "desc_nulls_last"

    @property
    def descending(self) -> bool:
        """Large values first."""
        return self.value.startswith("desc")

    @property
    def nulls_first(self) -> bool:
        """Nulls before all values; otherwise behind them."""
        return self.value.endswith("nulls_first")


_DIRECTIONS = {
    Direction.ASC: "Small values first, nulls last.",
    Direction.DESC: "Large values first, nulls last.",
    Direction.ASC_NULLS_FIRST: "Nulls first, then small values.",
    Direction.ASC_NULLS_LAST: "Small values first, nulls last.",
    Direction.DESC_NULLS_FIRST: "Nulls first, then large values.",
    Direction.DESC_NULLS_LAST: "Large values first, nulls last.",
}

described_enum(
    Direction,
    "How rows are ordered by a value.",
    {direction.name: description for direction, description in _DIRECTIONS.items()},
    name="SortDirection",
)


def is_ordered(attribute: Attribute) -> bool:
    """Whether values of this type can be put in order."""
    type_ = TYPES.of(attribute.type)
    return type_ is not None and type_.is_ordered
