"""Stands in for the plugins that graphql-core's configuration names and our lock does not have.

pytest-benchmark's switch is taken and ignored: no test of the execution is a benchmark. pytest-timeout's settings
are taken, and every test has the same limit.
"""

import signal
from collections.abc import Generator

import pytest

# graphql-core sets 100 s, and 1 s for what might never end. The first is long to wait for a deadlock, the second is
# short for a machine with other work: both are about ending at all.
TEST_TIMEOUT_S = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what graphql-core's `addopts` and settings say."""
    parser.addoption("--benchmark-disable", action="store_true", help="ignored: there are no benchmarks")
    parser.addini("timeout", help="ignored: each test has the same limit")


def pytest_configure(config: pytest.Config) -> None:
    """Take the mark of pytest-timeout."""
    config.addinivalue_line("markers", "timeout(seconds): ignored, each test has the same limit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Fail a test that does not end."""
    signal.signal(signal.SIGALRM, _fail)
    signal.alarm(TEST_TIMEOUT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def _fail(_number: int, _frame: object) -> None:
    pytest.fail(f"This test has not ended after {TEST_TIMEOUT_S} s.")
