"""What was written for a project, kept below `.trellis/` as it was written, so that edits can be told from it.

A plan enters when a project is made, and with each `trellis sync`; texts leave, formatted as the project's are.
"""

from pathlib import Path

from db.reflection import MappingPlan
from graph.projects.found import files_of
from graph.projects.writing import Tree

KEPT = Path(".trellis/written")
"""Files by their names in the project, with an ending that no tool takes for Python."""
ENDING = ".txt"


def keep(tree: Tree, plan: MappingPlan) -> None:
    """Keep the files that a plan decides, as they are now."""
    for file in files_of(plan):
        tree.write(kept_file(file), tree.read(file))


def kept_file(file: Path) -> Path:
    """Where a file is kept."""
    return KEPT / file.with_name(f"{file.name}{ENDING}")
