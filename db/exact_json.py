"""JSON whose numbers stay as they are written, whatever their size.

Text enters, Python values leave, and back. A number is an `int`, or a `float` where the float's shortest digits are
the number's, or else a `Decimal`. Nothing is rounded, and nothing but numbers differs from the standard library.
Why: docs/decisions/0018-exact-numbers.md. Source: https://www.rfc-editor.org/rfc/rfc8259#section-6
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

SHORT = 16
"""Characters of a fraction that a double holds for certain: 15 digits and a point."""

Default: TypeAlias = Callable[[Any], object]
"""From a value that JSON has no form for to one that it has."""


class WrittenFloat(float):
    """A float that was written with digits which a double does not hold: as a double rounded, as `written` exact."""

    __slots__ = ("written",)

    written: Decimal

    @classmethod
    def of(cls, text: str) -> float:
        """The float that is nearest to a number."""
        exact = fraction(text)
        if isinstance(exact, float):
            return exact
        found = cls(text)
        found.written = exact
        return found


def fraction(text: str) -> float | Decimal:
    """A number with a point or an exponent."""
    found = float(text)
    if len(text) <= SHORT and "e" not in text and "E" not in text:
        return found
    exact = Decimal(text)
    return found if math.isfinite(found) and Decimal(repr(found)) == exact else exact


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no JSON", constant, 0)


def _decoder(parse_float: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser. Python makes no `int` of more than 4,300 digits, so those are decimals."""
    usual = json.JSONDecoder(parse_float=parse_float, parse_constant=_refuse).decode
    large = json.JSONDecoder(parse_float=parse_float, parse_int=Decimal, parse_constant=_refuse).decode

    def decode(text: str) -> Any:
        try:
            return usual(text)
        except json.JSONDecodeError:
            raise
        except ValueError:
            return large(text)

    return decode


loads = _decoder(fraction)
"""JSON as Python values. Raises `JSONDecodeError`, also for `NaN` and infinities, which Python would read."""

loads_decimals = _decoder(Decimal)
"""The same, with every fraction as a decimal, which compares with any other number."""

loads_floats = _decoder(WrittenFloat.of)
"""The same, with every fraction as a float, for readers who may want either: see `exactly`."""


def exactly(value: Any) -> Any:
    """A value of `loads_floats` as one of `loads`; the value itself if nothing in it differs."""
    if isinstance(value, WrittenFloat):
        return value.written
    if isinstance(value, dict):
        members = {key: exactly(item) for key, item in value.items()}
        return members if any(members[key] is not item for key, item in value.items()) else value
    if isinstance(value, list):
        items = [exactly(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def dumps(value: Any, default: Default | None = None) -> str:
    """JSON. Raises `TypeError` for a value that JSON has no form for, unless `default` has another one for it."""
    try:
        return json.dumps(value, default=default)
    except TypeError:
        return _spelled(value, default)


def _spelled(value: Any, default: Default | None) -> str:
    """JSON with decimals in it, for which the standard library has no form."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)}: {_spelled(item, default)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_spelled(item, default) for item in value)}]"
    return json.dumps(value, default=default)
