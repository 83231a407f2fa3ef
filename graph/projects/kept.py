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


def keep(tree: Tree, plan: MappingPlan, *, writable: bool) -> None:
    """Keep the files that a plan decides, as they are now."""
    for file in files_of(plan, writable=writable):
        tree.write(kept_file(file), tree.read(file))


def kept_file(file: Path) -> Path:
    """Where a file is kept."""
    return KEPT / file.with_name(f"{file.name}{ENDING}")


def keep_choice(tree: Tree, chosen: Chosen, *, writable: bool) -> None:
    """Keep which tables were chosen, and whether their changes are written."""
    choice = {"schemas": list(chosen.schemas), "only": list(chosen.only), "without": list(chosen.without)}
    tree.write(CHOSEN, json.dumps(choice | {"writable": writable}, indent=2) + "\n")


def kept_choice(tree: Tree) -> tuple[Chosen, bool]:
    """Which tables were chosen, and whether their changes are written: not in projects that were made before.

    Raises `NotOfADatabase` for a project that was made of no database.
    """
    if not tree.has(CHOSEN):
        raise NotOfADatabase
    choice = json.loads(tree.read(CHOSEN))
    is_writable = bool(choice.pop("writable", False))
    return Chosen(**choice), is_writable
