"""What engines send is what tests of the data layer count: also past sessions, and always through SQLAlchemy."""

import pytest

from tests.databases import StatementRecorder, engine_statements


@pytest.fixture
def statements() -> StatementRecorder:
    """Note what any engine sends.

    `with statements() as seen: …`, then `assert len(seen) == 2`.
    """
    return engine_statements
