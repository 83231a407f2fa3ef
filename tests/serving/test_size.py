"""What a server imports: what only commands, terminals and other databases need stays away from its memory."""

import subprocess
import sys

IMPORTS = """
import sys
import graph.app, graph.cli.actions.serve, graph.serving.server
print(*sys.modules)
"""

NEEDLESS = {
    *("alembic", "mako", "sqlglot", "re2", "structlog", "rich", "pygments"),
    *("db.demo", "db.importing", "db.migrate", "db.reflection"),
    *("graph.contract", "graph.projects", "graph.reflected"),
}
"""Of commands, of a log that people read, and of databases that were there before."""


def test_a_server_imports_nothing_that_only_commands_need() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True).stdout
    assert NEEDLESS.isdisjoint(told.split())
