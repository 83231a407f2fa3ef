"""What stands for fixtures that wait for something where pytest-asyncio is not installed: the cure."""

from typing import NoReturn

import pytest

from graph.testing.options import EXTRA


def _missing() -> NoReturn:
    pytest.fail(f"Tests that ask an API wait for it, by pytest-asyncio, which is not installed: {EXTRA}", pytrace=False)


@pytest.fixture
def engines() -> NoReturn:
    """Not to be had."""
    _missing()


@pytest.fixture
def client() -> NoReturn:
    """Not to be had."""
    _missing()


@pytest.fixture
def schema_client() -> NoReturn:
    """Not to be had."""
    _missing()
