"""Kinds of values that Python has no class for: what declarations and models write for columns that hold them.

Each is the name of a kind alone: the values are those of the class below. How columns hold them: `db.dialects`.
"""

from datetime import time
from typing import Any, NewType

InternetAddress = NewType("InternetAddress", str)
"""An address of a host, with or without the length of its network: `192.0.2.1`, `2001:db8::/32`."""

NetworkAddress = NewType("NetworkAddress", str)
"""A network, with the length of its prefix: `192.0.2.0/24`."""

MacAddress = NewType("MacAddress", str)
"""The address of a network card, of 48 or 64 bits: `08:00:2b:01:02:03`."""

Bits = NewType("Bits", str)
"""Zeros and ones: `1010`."""

Xml = NewType("Xml", str)
"""A document, or a part of one."""

LabelPath = NewType("LabelPath", str)
"""A place in a tree, as labels with points between them: `Top.Science.Astronomy`."""

SearchVector = NewType("SearchVector", str)
"""The words of a text with their places, for full-text search."""

KeyValues = NewType("KeyValues", dict[str, str | None])
"""Texts by their keys."""

LogPosition = NewType("LogPosition", str)
"""A place in the log of changes: `16/B374D848`."""

TransactionNumber = NewType("TransactionNumber", str)
"""The number of a transaction, of 64 bits without a sign, in digits."""

DatabaseText = NewType("DatabaseText", str)
"""A value of a type that has no form of its own, as the database writes it."""

Vector = NewType("Vector", list[float])
"""Numbers in a row, which are compared by their distances."""

SparseVector = NewType("SparseVector", str)
"""Numbers most of which are zero, as pgvector writes them: `{1:0.5,7:2}/9`."""

Geometry = NewType("Geometry", dict[str, Any])
"""A place or a shape in coordinates of the plane, as GeoJSON."""

Geography = NewType("Geography", dict[str, Any])
"""A place or a shape on the globe, as GeoJSON."""

OffsetTime = NewType("OffsetTime", time)
"""A time of day with the offset of its time zone."""
