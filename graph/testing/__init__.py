"""For tests of an application: clients, viewers, numbers of statements, snapshots and databases.

The fixtures are those of the pytest plugin, which comes with `pip install 'trellis[testing]'`; what tests import stands
here: docs/testing.md. Each name is loaded when somebody asks for it, for pytest looks here in every project that has
Trellis installed, whatever its tests are about.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.testing.answers import Answer, AnsweredWithErrors
    from graph.testing.application import http_client, schema_client
    from graph.testing.clients import Client, HTTPClient, SchemaClient
    from graph.testing.databases import Database, settings_for
    from graph.testing.examined import Examined
    from graph.testing.snapshots import Operation, operations
    from graph.testing.statements import SentStatements, assert_statements, max_statements, recorded_statements
    from graph.testing.viewers import UnknownViewer, viewer

_PLACES = {
    "answers": ("AnsweredWithErrors", "Answer"),
    "application": ("http_client", "schema_client"),
    "clients": ("Client", "HTTPClient", "SchemaClient"),
    "databases": ("Database", "settings_for"),
    "examined": ("Examined",),
    "snapshots": ("Operation", "operations"),
    "statements": ("SentStatements", "assert_statements", "max_statements", "recorded_statements"),
    "viewers": ("UnknownViewer", "viewer"),
}

__all__ = [
    "Answer",
    "AnsweredWithErrors",
    "Client",
    "Database",
    "Examined",
    "HTTPClient",
    "Operation",
    "SchemaClient",
    "SentStatements",
    "UnknownViewer",
    "assert_statements",
    "http_client",
    "max_statements",
    "operations",
    "recorded_statements",
    "schema_client",
    "settings_for",
    "viewer",
]


def __getattr__(name: str) -> Any:
    """Load what stands under a name."""
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What can be asked for."""
    return sorted(__all__)
