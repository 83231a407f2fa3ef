"""Types of PostgreSQL that SQLAlchemy has no class for, by the names that the database has for them.

Models name them as they name SQLAlchemy's own: `mapped_column(LTREE)`; reflection finds them in `NAMED`. All of them
travel as text (`db.dialects.postgresql_as_text`), so that no connection has to be told about a type or an extension.
Sources: https://www.postgresql.org/docs/current/datatype.html, https://www.postgresql.org/docs/current/ltree.html
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import CHAR, BigInteger, Dialect, Numeric, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.operators import OperatorClass
from sqlalchemy.types import TypeEngine, UserDefinedType

from db import geometry
from db.dialects.postgresql_as_text import Through
from db.kinds import (
    Bits,
    DatabaseText,
    InternetAddress,
    KeyValues,
    LabelPath,
    LogPosition,
    MacAddress,
    NetworkAddress,
    SearchVector,
    TransactionNumber,
    Xml,
)
from db.relations import tell_type

DOUBLE = '"'


class Named(Through, UserDefinedType[Any]):
    """A type that is known by its name alone."""

    cache_ok = True
    type_name: ClassVar[str]

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        return self.type_name


class XML(Named):
    """A document, or a part of one."""

    cache_ok = True
    type_name = "XML"


class LTREE(Named):
    """A place in a tree (extension `ltree`)."""

    cache_ok = True
    type_name = "LTREE"


class Shape(Named):
    """A shape of the plane."""

    @staticmethod
    def read_words(words: str, /) -> Any:
        """From the database's words."""
        raise NotImplementedError

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To the database's words."""
        return lambda value: None if value is None else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """From the database's words."""
        read = self.read_words
        return lambda words: None if words is None else read(words)


class POINT(Shape):
    """A point of the plane."""

    cache_ok = True
    type_name = "POINT"

    read_words = staticmethod(geometry.point)


class LINE(Shape):
    """A line without ends."""

    cache_ok = True
    type_name = "LINE"

    read_words = staticmethod(geometry.line)


class LSEG(Shape):
    """A line from a point to another."""

    cache_ok = True
    type_name = "LSEG"

    read_words = staticmethod(geometry.segment)


class BOX(Shape):
    """A rectangle along the axes."""

    cache_ok = True
    type_name = "BOX"

    read_words = staticmethod(geometry.box)


class PATH(Shape):
    """Points in a row, open or closed."""

    cache_ok = True
    type_name = "PATH"

    read_words = staticmethod(geometry.path)


class POLYGON(Shape):
    """The corners of an area."""

    cache_ok = True
    type_name = "POLYGON"

    read_words = staticmethod(geometry.polygon)


class CIRCLE(Shape):
    """A centre and a radius."""

    cache_ok = True
    type_name = "CIRCLE"

    read_words = staticmethod(geometry.circle)


class XID(Named):
    """The number of a transaction."""

    cache_ok = True
    type_name = "XID"


class XID8(Named):
    """The number of a transaction, of 64 bits."""

    cache_ok = True
    type_name = "XID8"


class ONE_BYTE(Named):  # noqa: N801 - as SQL has it
    """One character of ASCII, as catalogs have them: the type `"char"`, which is not CHAR."""

    cache_ok = True
    type_name = '"char"'


class OTHER(Through, UserDefinedType[Any]):
    """A type that no class is known for: of an extension, or of somebody's own. The database writes and reads it.

    `OTHER("cube")`, `OTHER("semver", schema="tools")`.
    """

    cache_ok = True

    def __init__(self, name: str, schema: str | None = None) -> None:
        self.name = name
        self.schema = schema

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        return quoted(self.schema, self.name)


def quoted(*names: str | None) -> str:
    """A name in SQL, with those before it that it has."""
    return ".".join(f'"{name.replace(DOUBLE, DOUBLE * 2)}"' for name in names if name is not None)


class BPCHAR(UserDefinedType[str], CHAR):
    """A text without a length of its own, of which blanks at the end are no part: `bpchar`. CHAR has one character."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        return "BPCHAR"


class PG_LSN(Named):  # noqa: N801 - as SQL has it
    """A place in the log of changes."""

    cache_ok = True
    type_name = "PG_LSN"


SHAPES: tuple[type[Shape], ...] = (POINT, LINE, LSEG, BOX, PATH, POLYGON, CIRCLE)

_ALL: tuple[type[Named], ...] = (XML, LTREE, *SHAPES, XID, XID8, ONE_BYTE, PG_LSN)

NAMED: Mapping[str, type[TypeEngine[Any]]] = {"bpchar": BPCHAR} | {cls.type_name.lower(): cls for cls in _ALL}
"""The types of this module by their names in the database."""

for _type, _python in (
    (postgresql.INET, InternetAddress),
    (postgresql.CIDR, NetworkAddress),
    (postgresql.MACADDR, MacAddress),
    (postgresql.MACADDR8, MacAddress),
    (postgresql.BIT, Bits),
    (postgresql.HSTORE, KeyValues),
    (postgresql.TSVECTOR, SearchVector),
    (XML, Xml),
    (LTREE, LabelPath),
    (ONE_BYTE, str),
    (PG_LSN, LogPosition),
    (XID8, TransactionNumber),
    (CIRCLE, geometry.Circle),
    (POLYGON, geometry.Polygon),
    (PATH, geometry.PlanePath),
    (BOX, geometry.Box),
    (LSEG, geometry.Segment),
    (LINE, geometry.Line),
    (POINT, geometry.Point),
):
    tell_type(_type, _python)

# Of these, some have no operators in the database, and some read texts that other databases have not: names of tables.
for _as_text in (OTHER, XID, postgresql.TSQUERY, postgresql.REGCLASS, postgresql.REGCONFIG):
    tell_type(_as_text, DatabaseText, compared_as=Text())

# In their own type, a number would be rounded, or refused, before it is compared.
tell_type(postgresql.MONEY, Decimal, compared_as=Numeric())
tell_type(postgresql.OID, int, compared_as=BigInteger())

# SQLAlchemy 2.1 wants each type to say which operators it has, and has forgotten these two of its own.
# https://docs.sqlalchemy.org/en/21/core/type_api.html#sqlalchemy.types.TypeEngine.operator_classes
postgresql.DOMAIN.operator_classes = postgresql.MONEY.operator_classes = OperatorClass.ANY
