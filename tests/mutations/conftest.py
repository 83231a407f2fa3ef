"""An empty database with its tables, and somebody to ask it."""

import pytest

from db.session.engines import Engines
from tests.mutations.asking import Asking


@pytest.fixture
def ask(engines: Engines) -> Asking:
    """Asks as nobody; `ask.by(viewer)` as somebody."""
    return Asking(engines)
