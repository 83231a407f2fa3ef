"""An empty library, and an editor who asks it."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import Database
from tests.writing.library import EDITOR, AskingLibrary, make_library


@pytest.fixture
async def library(blank_database: Database) -> AsyncIterator[AskingLibrary]:
    """Asks as an editor; `library.by(viewer)` as somebody else."""
    engines = await make_library(blank_database)
    yield AskingLibrary(engines, EDITOR)
    await engines.dispose()
