"""Providers of identity, and what applications make of their word."""

from collections.abc import AsyncIterator

import pytest

from tests.auth.conftest import clock
from tests.outside.provider import ProviderOfKeys

__all__ = ["clock"]


@pytest.fixture
async def provider() -> AsyncIterator[ProviderOfKeys]:
    """A provider of keys, behind a real server."""
    async with ProviderOfKeys().running() as running:
        yield running
