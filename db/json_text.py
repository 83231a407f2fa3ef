"""JSON as databases keep it: text enters, a value leaves that can be written as JSON again.

Python reads `NaN` and makes an infinity of 1e400; neither can be written. Both are refused here.
Source: https://www.rfc-editor.org/rfc/rfc8259#section-6
"""

import json
import math
from typing import Any, NoReturn


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is beyond all floats")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def read_json(text: str) -> Any:
    """The value of a JSON text. Raises `ValueError` for what is none, and `RecursionError` for endless nesting."""
    return _DECODER.decode(text)
