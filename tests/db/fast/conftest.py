"""These tests are about the fast path, so it is on, also in a run that has it off."""

import pytest


@pytest.fixture(autouse=True)
def _fast_path(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_FAST_PATH", "true")
