"""Types of the extensions pgvector and PostGIS: vectors, and places as GeoJSON.

Entries are registered here. What a database would answer with an error of its own making is refused before.
Sources: https://github.com/pgvector/pgvector, https://datatracker.ietf.org/doc/html/rfc7946#section-3.1
"""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import func

from db.dialects import between_places, by_operator
from db.kinds import Geography, Geometry, SparseVector, Vector
from graph.entity.comparisons import (
    EQUALITY_WITH_ONE,
    IS_NULL,
    Condition,
    Expression,
    Operand,
    Operator,
    Test,
    input_type,
    same,
)
from graph.entity.distances import Measures
from graph.entity.scalar_type import ScalarType
from graph.entity.scalars import InvalidScalar, from_text
from graph.entity.types import register_type

WORLD = 4326
"""The number of the coordinates that GeoJSON has."""
MAX_DIMENSIONS = 16_000
MAX_SINGLE = 3.4028234e38
MAX_DEPTH = 5
"""How deep collections of shapes may nest."""

_SPARSE = re.compile(r"\{(?:\d{1,9}:-?[\d.]{1,40}(?:e[+-]?\d{1,2})?(?:,(?!\}))?)*\}/\d{1,9}", re.IGNORECASE)

OF_VECTORS = {
    "L2": ("The distance of two points.", by_operator("<->")),
    "COSINE": ("The cosine distance: 0 for one direction, 2 for opposite ones.", by_operator("<=>")),
    "INNER_PRODUCT": ("The inner product, negated: the larger the product, the nearer.", by_operator("<#>")),
    "L1": ("The sum of the differences.", by_operator("<+>")),
}


def vector(value: object) -> list[float]:
    """Numbers in single precision. Raises `GraphQLError`."""
    form = "a vector; send a list of finite numbers, for instance [0.5, -1, 2]"
    if not isinstance(value, list) or not 0 < len(value) <= MAX_DIMENSIONS or not all(map(_is_single, value)):
        raise InvalidScalar(value, form)
    return [float(number) for number in value]


def _is_single(number: object) -> bool:
    return _is_number(number) and abs(float(number)) <= MAX_SINGLE  # type: ignore[arg-type]  # a number


def _is_number(number: object) -> bool:
    is_number = not isinstance(number, bool) and hasattr(number, "__float__")
    return is_number and math.isfinite(float(number))  # type: ignore[arg-type]  # it has a float


def sparse_vector(text: str) -> str:
    """Numbers by their places. Raises `ValueError`."""
    if _SPARSE.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _distances(name: str, annotation: Any) -> Measures:
    return Measures(name, annotation, OF_VECTORS)


VECTORS = _distances("Vector", Vector)
SPARSE_VECTORS = _distances("SparseVector", SparseVector)

register_type(
    ScalarType(
        annotation=Vector,
        name="Vector",
        description="Numbers in single precision, as a list: `[0.5, -1, 2]`.",
        specified_by="https://github.com/pgvector/pgvector",
        parse=vector,
        serialize=list,
        operators=(*EQUALITY_WITH_ONE, VECTORS.operator()),
        measures=VECTORS,
        columns=(Vector,),
    )
)
register_type(
    ScalarType(
        annotation=SparseVector,
        name="SparseVector",
        description="Numbers most of which are zero, by their places, and how many there are: `{1:0.5,7:2}/9`.",
        specified_by="https://github.com/pgvector/pgvector",
        parse=from_text(sparse_vector, "a sparse vector, for instance {1:0.5,7:2}/9"),
        operators=(*EQUALITY_WITH_ONE, SPARSE_VECTORS.operator()),
        measures=SPARSE_VECTORS,
        columns=(SparseVector,),
    )
)


# GeoJSON


class _Kind(NamedTuple):
    """A type of GeoJSON: how deep its lists of positions nest, and how many positions the innermost has at least."""

    depth: int
    least: int = 0
    is_ring: bool = False


KINDS = {
    "Point": _Kind(0),
    "MultiPoint": _Kind(1),
    "LineString": _Kind(1, 2),
    "MultiLineString": _Kind(2, 2),
    "Polygon": _Kind(2, 4, is_ring=True),
    "MultiPolygon": _Kind(3, 4, is_ring=True),
}
EXAMPLE = '{"type": "Point", "coordinates": [10.75, 59.91]}'


def geometry(value: object) -> dict[str, Any]:
    """A geometry in GeoJSON (RFC 7946). Raises `GraphQLError`."""
    widths: set[int] = set()
    if not _is_geometry(value, widths, 0) or len(widths) > 1:
        raise InvalidScalar(value, f"a geometry in GeoJSON, for instance {EXAMPLE}")
    assert isinstance(value, dict)
    return value


def _is_geometry(value: object, widths: set[int], depth: int) -> bool:
    if not isinstance(value, Mapping) or depth > MAX_DEPTH:
        return False
    type_ = value.get("type")
    if type_ == "GeometryCollection":
        inside = value.get("geometries")
        return isinstance(inside, list) and all(_is_geometry(one, widths, depth + 1) for one in inside)
    kind = KINDS.get(type_) if isinstance(type_, str) else None
    return kind is not None and _is_shape(value.get("coordinates"), kind, kind.depth, widths)


def _is_shape(value: object, kind: _Kind, depth: int, widths: set[int]) -> bool:
    if not isinstance(value, list):
        return False
    if depth == 0:
        widths.add(len(value))
        return len(value) in (2, 3) and all(map(_is_number, value))
    if not all(_is_shape(one, kind, depth - 1, widths) for one in value):
        return False
    if depth > 1:
        return True
    return not value or (len(value) >= kind.least and (not kind.is_ring or value[0] == value[-1]))


def _means(name: str) -> Test:
    return lambda column, value: getattr(func, name)(column, value)


def _is_near(column: Expression, value: Operand, within: Operand) -> Condition:
    return func.ST_DWithin(column, value, within)


BoundingBox = input_type(
    "BoundingBox",
    "A rectangle along the meridians and parallels, in degrees.",
    {},
    required={
        f"{name}_": (float, name, f"Its {edge} edge.")
        for name, edge in (("west", "western"), ("south", "southern"), ("east", "eastern"), ("north", "northern"))
    },
)


def _in_box(column: Expression, box: Operand) -> Condition:
    type_: Any = column.type
    edges = (box[name] for name in ("west", "south", "east", "north"))
    return column.bool_op("&&")(type_.in_its_coordinates(func.ST_MakeEnvelope(*edges, WORLD)))


IN_BOX = Operator("inBoundingBox", "Whose own bounding box has a place in common with this.", _in_box, BoundingBox)
ON_BOTH = (
    IS_NULL,
    Operator("intersects", "Has a place in common with this.", _means("ST_Intersects"), bind=same),
    IN_BOX,
)
ON_THE_PLANE = (
    Operator("within", "Is inside of this.", _means("ST_Within"), bind=same),
    Operator("contains", "Has this inside.", _means("ST_Contains"), bind=same),
)
ON_THE_GLOBE = (
    Operator("within", "Is inside of this.", _means("ST_CoveredBy"), bind=same),
    Operator("contains", "Has this inside.", _means("ST_Covers"), bind=same),
)
OF_GEOMETRIES = Measures(
    "Geometry", Geometry, {"PLANE": ("In the units of the coordinates.", between_places)}, near=_is_near
)
OF_GEOGRAPHIES = Measures("Geography", Geography, {"GLOBE": ("In metres.", between_places)}, near=_is_near)

for _annotation, _name, _where, _measures, _operators in (
    (Geometry, "Geometry", "in coordinates of the plane", OF_GEOMETRIES, ON_THE_PLANE),
    (Geography, "Geography", "on the globe, whose distances are in metres", OF_GEOGRAPHIES, ON_THE_GLOBE),
):
    register_type(
        ScalarType(
            annotation=_annotation,
            name=_name,
            description=f"A place or a shape {_where}, in GeoJSON: `{EXAMPLE}`.",
            specified_by="https://datatracker.ietf.org/doc/html/rfc7946#section-3.1",
            parse=geometry,
            serialize=dict,
            operators=(*ON_BOTH, *_operators, _measures.operator()),
            measures=_measures,
            columns=(_annotation,),
        )
    )
