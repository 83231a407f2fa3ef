"""What was written for a project, kept below `.trellis/` as it was written, so that edits can be told from it.

A plan enters when a project is made, and with each `trellis sync`; texts leave, formatted as the project's are.
"""

import json
from pathlib import Path

from db.reflection import Chosen, MappingPlan
from graph.projects.errors import ProjectError
from graph.projects.found import files_of
from graph.projects.writing import Tree

KEPT = Path(".trellis/written")
"""Files by their names in the project, with an ending that no tool takes for Python."""
ENDING = ".txt"
CHOSEN = Path(".trellis/chosen.json")
"""Which tables of the database are the project's."""


class NotOfADatabase(ProjectError):
    """The project was made by `trellis init --empty`."""

    def __init__(self) -> None:
        super().__init__(
            "This project was made of no database, so there is nothing to follow: its models are the source."
            " `.venv/bin/alembic revision --autogenerate` writes what they change."
        )


def keep(tree: Tree, plan: MappingPlan) -> None:
    """Keep the files that a plan decides, as they are now."""
    for file in files_of(plan):
        tree.write(kept_file(file), tree.read(file))


def kept_file(file: Path) -> Path:
    """Where a file is kept."""
    return KEPT / file.with_name(f"{file.name}{ENDING}")


def keep_choice(tree: Tree, chosen: Chosen) -> None:
    """Keep which tables were chosen."""
    choice = {"schemas": list(chosen.schemas), "only": list(chosen.only), "without": list(chosen.without)}
    tree.write(CHOSEN, json.dumps(choice, indent=2) + "\n")


def kept_choice(tree: Tree) -> Chosen:
    """Which tables were chosen. Raises `NotOfADatabase` for a project that was made of no database."""
    if not tree.has(CHOSEN):
        raise NotOfADatabase
    return Chosen(**json.loads(tree.read(CHOSEN)))
