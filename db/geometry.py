"""Shapes of the plane, as PostgreSQL has them: from their texts to values, and back.

Source: https://www.postgresql.org/docs/current/datatype-geometric.html
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|Infinity|NaN)")


@dataclass(frozen=True)  # no tuple, which would be an array of its parts to the driver
class Point:
    """A point."""

    x: float
    y: float

    def __str__(self) -> str:
        return f"({self.x!r},{self.y!r})"


@dataclass(frozen=True)
class Line:
    """All points where `a * x + b * y + c` is 0."""

    a: float
    b: float
    c: float

    def __str__(self) -> str:
        return f"{{{self.a!r},{self.b!r},{self.c!r}}}"


@dataclass(frozen=True)
class Segment:
    """A line from a point to another."""

    start: Point
    end: Point

    def __str__(self) -> str:
        return f"[{self.start},{self.end}]"


@dataclass(frozen=True)
class Box:
    """A rectangle along the axes. The database orders the corners."""

    high: Point
    low: Point

    def __str__(self) -> str:
        return f"{self.high},{self.low}"


@dataclass(frozen=True)
class PlanePath:
    """Points in a row."""

    points: tuple[Point, ...]
    is_closed: bool

    def __str__(self) -> str:
        inner = ",".join(map(str, self.points))
        return f"({inner})" if self.is_closed else f"[{inner}]"


@dataclass(frozen=True)
class Polygon:
    """The corners of an area."""

    points: tuple[Point, ...]

    def __str__(self) -> str:
        return f"({','.join(map(str, self.points))})"


@dataclass(frozen=True)
class Circle:
    """A centre and a radius."""

    centre: Point
    radius: float

    def __str__(self) -> str:
        return f"<{self.centre},{self.radius!r}>"


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _points(text: str) -> tuple[Point, ...]:
    numbers = _numbers(text)
    return tuple(Point(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))


def point(text: str) -> Point:
    """From `(1,2)`."""
    return Point(*_numbers(text))


def line(text: str) -> Line:
    """From `{1,2,3}`."""
    return Line(*_numbers(text))


def segment(text: str) -> Segment:
    """From `[(1,2),(3,4)]`."""
    return Segment(*_points(text))


def box(text: str) -> Box:
    """From `(3,4),(1,2)`."""
    return Box(*_points(text))


def path(text: str) -> PlanePath:
    """From `((1,2),(3,4))`, or with `[` where it is open."""
    return PlanePath(_points(text), text.startswith("("))


def polygon(text: str) -> Polygon:
    """From `((1,2),(3,4),(5,6))`."""
    return Polygon(_points(text))


def circle(text: str) -> Circle:
    """From `<(1,2),3>`."""
    x, y, radius = _numbers(text)
    return Circle(Point(x, y), radius)
