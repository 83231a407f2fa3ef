"""What may be written to a stream besides plain text: a stream and an environment enter; yes or no leaves.

Sources: https://no-color.org, https://github.com/termstandard/colors#checking-for-colorterm
"""

import os
from typing import TextIO


def may_move(stream: TextIO) -> bool:
    """Whether what was written may be replaced, as progress does: on a terminal that knows how, and not in CI."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb" and not os.environ.get("CI")


def may_colour(stream: TextIO) -> bool:
    """Whether colours are shown: where things may move, unless NO_COLOR forbids them."""
    return may_move(stream) and not os.environ.get("NO_COLOR")
