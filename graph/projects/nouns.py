"""The lines by which a noun is known: its model, its type, who sees it, and its changes, each in the file of all.

A project's folder and names enter; its shared files change. A name that is there already is not added again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from graph.projects.editing import Imported, with_import, with_imports, with_items
from graph.projects.writing import Tree

MODELS, SCHEMA, POLICIES = Path("db/models/__init__.py"), Path("graph/schema.py"), Path("graph/policies.py")

FUNCTIONS = Path("graph/types/functions_of_the_database.py")
"""Called as no table is."""


@dataclass(frozen=True)
class Noun:
    """What is told of a noun in the files that all share."""

    cls: str
    module: str
    policy: str = ""
    """A remark above its policy: whose rows may be shown to whom."""
    is_written: bool = False
    """Whether there is a module of mutations."""


def register(tree: Tree, nouns: Iterable[Noun], others: Iterable[tuple[str, str]] = ()) -> None:
    """Add the lines of nouns. `others` are modules of models and names of theirs that all models are given with."""
    nouns = list(nouns)
    _models(tree, [*((f"db.models.{it.module}", it.cls) for it in nouns), *others])
    _types(tree, nouns)
    register_changes(tree, (it.module for it in nouns if it.is_written))
    _policies(tree, nouns)


def register_functions(tree: Tree) -> None:
    """Add the line of the functions of the database to the schema."""
    text = with_import(tree.read(SCHEMA), ".".join(FUNCTIONS.with_suffix("").parts), "FUNCTIONS")
    tree.write(SCHEMA, with_items(text, str(SCHEMA), "EXTRA", ["*FUNCTIONS"]))


def _models(tree: Tree, names: Iterable[tuple[str, str]]) -> None:
    names = list(names)
    text = with_imports(tree.read(MODELS), [Imported(*it) for it in names])
    tree.write(MODELS, with_items(text, str(MODELS), "__all__", [repr(name) for _, name in names]))


def register_changes(tree: Tree, modules: Iterable[str]) -> None:
    """Add modules of changes to the schema."""
    named = {it: f"{it}_mutations" for it in modules}
    imports = [Imported("graph.mutations", module, local) for module, local in named.items()]
    text = with_imports(tree.read(SCHEMA), imports)
    tree.write(SCHEMA, with_items(text, str(SCHEMA), "CHANGES", named.values()))


def _types(tree: Tree, nouns: list[Noun]) -> None:
    text = with_imports(tree.read(SCHEMA), [Imported(f"graph.types.{it.module}", it.cls) for it in nouns])
    tree.write(SCHEMA, with_items(text, str(SCHEMA), "Query", [it.cls for it in nouns]))


def _policies(tree: Tree, nouns: list[Noun]) -> None:
    if not nouns:
        return
    text = with_import(tree.read(POLICIES), "db", "models")
    lines = [f"{it.policy}models.{it.cls}: admins" for it in nouns]
    tree.write(POLICIES, with_items(text, str(POLICIES), "ROWS", lines))
