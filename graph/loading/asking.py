"""Who asks for a statement: the fields of the operation, and the loader that gathered their keys.

The executor and the loaders say so while a session is traced; the notes of `db.trace` keep it. Nothing is loaded here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from db.trace import ASKING


class Asking(NamedTuple):
    """Who asks for a statement."""

    plan: object
    """The plan of the operation."""
    fields: tuple[object, ...]
    """Those of its fields that ask."""
    loader: str | None = None
    """What is loaded: the model's name; None for a resolver's own statement."""
    keys: int | None = None
    """How many keys are asked for at once."""


@contextmanager
def asking(asked: Asking) -> Iterator[None]:
    """Whatever the running task sends inside, and tasks that begin there, is asked for by these."""
    token = ASKING.set(asked)
    try:
        yield
    finally:
        ASKING.reset(token)


def load_for(loader: str, keys: int) -> None:
    """Say that the running task goes on as a loader, for the fields that it began for."""
    asked = ASKING.get()
    if isinstance(asked, Asking):
        ASKING.set(asked._replace(loader=loader, keys=keys))
