"""The commands of this house: those of every house, and those about its nouns.

Each module declares its commands with `register`, as `graph.cli` says. A house with other nouns has another list; a
house without this room has the commands of `graph.cli` alone.
"""

from graph.cli.first_rows import FirstRows

MODULES = (
    "graph.cli.serve",
    "graph.cli.explain",
    "graph.cli.init",
    "graph.cli.maintain",
    "graph.cli.status",
    "graph.cli.doctor",
    "graph.cli.db",
    "graph.cli.live",
    "graph.commands.content",
    "graph.cli.schema",
    "graph.cli.documents",
    "graph.commands.user",
    "graph.commands.key",
)
"""In the order of `trellis --help`, which lists single commands before groups."""

FIRST_ROWS = FirstRows(("users", "tags"), "trellis demo")
"""What `trellis demo` takes for an empty database."""
