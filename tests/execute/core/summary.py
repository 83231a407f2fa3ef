"""Lines at the end of the output: what a test records as `summary` is read by whoever runs the tests.

A report carries the line from the worker of xdist that ran the test to the process that writes the output.
"""

import pytest

PROPERTY = "summary"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the lines of all tests, in the order in which they ended."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, line in report.user_properties:
                if name == PROPERTY:
                    terminalreporter.write_line(line)
