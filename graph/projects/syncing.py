"""`trellis sync`: what has changed in a database since a project was written, merged into files that somebody edits.

A project and a plan of the database as it is now enter; for each file that a plan decides, its text leaves: as it is
kept below `.trellis/written`, as it stands, and as it would be written today are merged (`merging`). Where both have
changed the same, what stands wins, and the place is named. What the database has no longer is named and stays. Nothing
is written before `write`.
"""

import ast
import difflib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from db.reflection import MappingPlan
from db.reflection.plan import PlannedModel
from graph.projects.editing import with_checked_import, with_import
from graph.projects.errors import NoPython
from graph.projects.found import files_of, mutations_file, names_beside, nouns_of, write_guesses
from graph.projects.kept import KEPT, kept_file
from graph.projects.merging import merged, parts_of, vanished
from graph.projects.nouns import FUNCTIONS, MODELS, POLICIES, SCHEMA, register, register_changes, register_functions
from graph.projects.writing import Tree

NEXT = Path(".trellis/next")
"""Where texts of today are put into order; no tool looks there, and nothing stays."""


@dataclass
class Sync:
    """What would change, and what people should know of it."""

    texts: dict[Path, str] = field(default_factory=dict)
    """The files that would change, with their new texts."""
    kept: dict[Path, str] = field(default_factory=dict)
    """What is to be kept for the next time."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_in_step(self) -> bool:
        """Whether nothing has changed."""
        return not self.texts and not self.notes


def compare(tree: Tree, plan: MappingPlan, *, writable: bool) -> Sync:
    """Merge what a plan says today into the files of a project; nothing is written. Raises `ToolMissing`."""
    found = Sync()
    today = _in_order(tree, files_of(plan, writable=writable))
    for file, text in today.items():
        _compare_file(tree, file, text, found)
    found.notes += _vanished_files(tree, today)
    shared = {it: tree.read(it) for it in (MODELS, SCHEMA, POLICIES)}
    with tree.trial() as trial:
        new = [it for it in plan.models if not tree.has(kept_file(Path(f"db/models/{it.module}.py")))]
        beside = [(module, name) for module, name in names_beside(plan) if not _is_kept(tree, module, name)]
        register(trial, nouns_of(new, writable=writable), beside)
        register_changes(trial, (it.module for it in plan.models if _is_written_now(tree, it, today)))
        if plan.calls and not tree.has(kept_file(FUNCTIONS)):
            register_functions(trial)
        trial.tidy()
        found.texts |= {file: trial.read(file) for file, before in shared.items() if trial.read(file) != before}
    return found


def _is_written_now(tree: Tree, model: PlannedModel, today: Mapping[Path, str]) -> bool:
    """Whether a table can be changed that could not: it has got a key."""
    file = mutations_file(model)
    return file in today and not tree.has(kept_file(file))


def _is_kept(tree: Tree, module: str, name: str) -> bool:
    """Whether a module had a name when it was written: who has taken it away since has meant to."""
    kept = kept_file(Path(*module.split(".")).with_suffix(".py"))
    return tree.has(kept) and re.search(rf"^(class )?{name}\b", tree.read(kept), re.MULTILINE) is not None


def difference(tree: Tree, sync: Sync) -> str:
    """What would change, as a unified diff."""
    lines: list[str] = []
    for file, text in sorted(sync.texts.items()):
        before = tree.read(file).splitlines(keepends=True) if tree.has(file) else []
        lines += difflib.unified_diff(before, text.splitlines(keepends=True), f"a/{file}", f"b/{file}")
    return "".join(lines)


def write(tree: Tree, sync: Sync, plan: MappingPlan) -> None:
    """Write what has changed, and keep what was written."""
    for file, text in {**sync.texts, **sync.kept}.items():
        tree.write(file, text)
    write_guesses(tree, plan)


def _compare_file(tree: Tree, file: Path, today: str, found: Sync) -> None:
    kept = kept_file(file)
    if not tree.has(kept):
        found.kept[kept] = today
        if not tree.has(file):
            found.texts[file] = today
        return
    before = tree.read(kept)
    if today == before:
        return
    stands = tree.read(file) if tree.has(file) else before
    _check(file, stands)
    gone = list(vanished(before, today))
    # Ruff takes away the imports that nothing needs.
    whole = _tidied(tree, file, merged(before, before, _with_imports_of(before, today)).text) if gone else today
    left = parts_of(stands)
    found.notes += [
        f"{file}: {cls}.{name} is no longer in the database; it stays until you remove it."
        for cls, name in gone
        if cls in left and left[cls].lines_of(name) is not None
    ]
    if whole == before:
        return
    found.kept[kept] = whole
    text, conflicts = (whole, 0) if stands == before else merged(stands, before, whole)
    if conflicts:
        found.notes.append(f"{file}: {conflicts} places have changed here and in the database; yours stay.")
    if text != stands:
        found.texts[file] = text


def _check(file: Path, text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise NoPython(file, error) from None


def _tidied(tree: Tree, file: Path, text: str) -> str:
    return _in_order(tree, {file: text})[file]


def _vanished_files(tree: Tree, today: Mapping[Path, str]) -> Iterator[str]:
    for kept in sorted((tree.root / KEPT).rglob("*.py.txt")):
        file = Path(str(kept.relative_to(tree.root / KEPT)).removesuffix(".txt"))
        if file not in today and tree.has(file):
            yield f"{file}: the database has no longer what it is about; it stays until you remove it."


def _with_imports_of(before: str, today: str) -> str:
    """Ruff takes away those that nothing needs."""
    tree = ast.parse(before)
    checked = [it for node in tree.body if isinstance(node, ast.If) for it in node.body]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "__future__"):
            for name in node.names:
                today = with_import(today, str(node.module), name.name, name.asname)
    for node in checked:
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                today = with_checked_import(today, str(node.module), name.name)
    return today


def _in_order(tree: Tree, files: Mapping[Path, str]) -> dict[Path, str]:
    """Texts as Ruff leaves them in this project."""
    with tree.trial() as trial:
        for file, text in files.items():
            trial.write(NEXT / file, text)
            if not tree.has(file):  # Ruff tells modules of the project from others by looking for their files
                trial.write(file, text)
        trial.tidy()
        texts = {file: trial.read(NEXT / file) for file in files}
    shutil.rmtree(tree.root / NEXT, ignore_errors=True)
    return texts
