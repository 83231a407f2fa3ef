"""Types of the extensions pgvector and PostGIS, which travel as text and as GeoJSON.

Models name them: `mapped_column(VECTOR(3))`, `mapped_column(GEOGRAPHY("Point", 4326))`; reflection finds them where the
extension is there. Distances between values are functions here. Sources: https://github.com/pgvector/pgvector,
https://postgis.net/docs/ST_AsGeoJSON.html, https://www.rfc-editor.org/rfc/rfc7946#section-4
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlalchemy import Dialect, Float, Text, cast, func
from sqlalchemy.types import UserDefinedType

from db import exact_json
from db.dialects.postgresql_as_text import Through
from db.kinds import Geography, Geometry, SparseVector, Vector
from db.relations import Expression, tell_type

WORLD = 4326
"""The number of the coordinates that GeoJSON has: longitude and latitude."""
DIGITS = 15


class _Numbers(Through, UserDefinedType[Any]):
    """Numbers in a row, which are compared by their distances."""

    cache_ok = True
    type_name: ClassVar[str]

    def __init__(self, dimensions: int | None = None) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        return self.type_name if self.dimensions is None else f"{self.type_name}({self.dimensions})"

    @property
    def cast_as(self) -> str:  # type: ignore[override]  # a type of one number of dimensions compares with no other
        """Without the number of dimensions."""
        return self.type_name


class _Dense(_Numbers):
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To the words of the database."""
        return lambda value: None if value is None else f"[{','.join(map(repr, map(float, value)))}]"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """From the words of the database, which are JSON."""
        return lambda words: None if words is None else [float(number) for number in exact_json.loads(words)]


class VECTOR(_Dense):
    """Numbers in single precision."""

    cache_ok = True
    type_name = "VECTOR"


class HALFVEC(_Dense):
    """Numbers in half precision."""

    cache_ok = True
    type_name = "HALFVEC"


class SPARSEVEC(_Numbers):
    """Numbers most of which are zero, in the database's words: `{1:0.5,7:2}/9`."""

    cache_ok = True
    type_name = "SPARSEVEC"


class GEOMETRY(Through, UserDefinedType[Any]):
    """A place or a shape, in coordinates of the plane. Of those of the world where `srid` is 4326."""

    cache_ok = True
    type_name: ClassVar[str] = "GEOMETRY"

    def __init__(self, geometry_type: str | None = None, srid: int | str | None = None) -> None:
        self.geometry_type = geometry_type
        self.srid = None if srid is None else int(srid)

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        given = [str(part) for part in (self.geometry_type, self.srid) if part is not None]
        return f"{self.type_name}({','.join(given)})" if given else self.type_name

    def read_as(self, column: Expression) -> Expression:
        """As GeoJSON, in coordinates of the world where those of the column are known."""
        known = self.srid not in (None, 0, WORLD)
        return func.ST_AsGeoJSON(func.ST_Transform(column, WORLD) if known else column, DIGITS)

    def elements_expression(self, column: Expression) -> Expression:
        """An array, as JSON of the elements' own."""
        return cast(func.to_json(column), Text)

    def array_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """From such JSON."""
        return lambda text: None if text is None else exact_json.loads(text)

    def sent(self, sql: str) -> str:
        """The SQL of a parameter, which holds GeoJSON."""
        made = f"ST_GeomFromGeoJSON({sql}::TEXT)"
        if self.srid in (None, WORLD):
            return made
        return f"ST_SetSRID({made}, 0)" if self.srid == 0 else f"ST_Transform({made}, {self.srid})"

    def in_its_coordinates(self, shape: Expression) -> Expression:
        """A shape of the world in the coordinates of the column."""
        if self.srid in (None, WORLD):
            return shape
        return func.ST_SetSRID(shape, 0) if self.srid == 0 else func.ST_Transform(shape, self.srid)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To GeoJSON."""
        return lambda value: None if value is None else exact_json.dumps(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """From GeoJSON."""
        return lambda text: None if text is None else exact_json.loads(text)


class GEOGRAPHY(GEOMETRY):
    """A place or a shape on the globe, whose distances are in metres."""

    cache_ok = True
    type_name = "GEOGRAPHY"

    def sent(self, sql: str) -> str:
        """The SQL of a parameter, which holds GeoJSON."""
        return f"ST_GeomFromGeoJSON({sql}::TEXT)::GEOGRAPHY"

    def in_its_coordinates(self, shape: Expression) -> Expression:
        """A shape of the world, on the globe."""
        return func.geography(shape)


EXTENSIONS: dict[str, type[UserDefinedType[Any]]] = {
    cls.type_name.lower(): cls for cls in (VECTOR, HALFVEC, SPARSEVEC, GEOMETRY, GEOGRAPHY)
}
"""By their names in the database."""

EXTENSION_OF: dict[type[Any], str] = {
    **dict.fromkeys((VECTOR, HALFVEC, SPARSEVEC), "vector"),
    **dict.fromkeys((GEOMETRY, GEOGRAPHY), "postgis"),
}
"""The extension that has a type, by the name that CREATE EXTENSION takes."""

for _type, _python in (
    (VECTOR, Vector),
    (HALFVEC, Vector),
    (SPARSEVEC, SparseVector),
    (GEOGRAPHY, Geography),
    (GEOMETRY, Geometry),
):
    tell_type(_type, _python)


def by_operator(operator: str) -> Callable[[Expression, Any], Expression]:
    """A distance that an operator computes, which an index serves: `<->`, `<=>`, `<#>`."""
    return lambda column, value: column.op(operator, return_type=Float())(value)


def between_places(column: Expression, value: Any) -> Expression:
    """The distance of two places: in metres on the globe, in the units of the coordinates on the plane."""
    return func.ST_Distance(column, value, type_=Float())
