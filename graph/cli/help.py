"""Help texts: a command's docstring, with its examples line by line."""

import inspect
from collections.abc import Callable


def help_of(command: Callable[..., None]) -> str:
    r"""The docstring, in which a line of `\b` keeps the lines of the examples apart.

    Source: https://click.palletsprojects.com/en/stable/documentation/#escaping-click-s-wrapping
    """
    return inspect.cleandoc(command.__doc__ or "").replace("\n\nExamples:\n", "\n\n\b\nExamples:\n")
