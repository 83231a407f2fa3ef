"""The house without nouns: a checkout and a name enter, a project without tables leaves.

What is copied is the machinery with its tests (`checkout`); what is written is below `tree/`, and the texts below
`texts/`, with the project's name in them. Nothing is installed, and no database is spoken to.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from string import Template

from graph.projects.checkout import Checkout
from graph.projects.errors import FolderTaken, WrongName
from graph.projects.links import without_dead_links
from graph.projects.writing import Tree

HERE = Path(__file__).parent
ROOMS = HERE / "tree"
TEXTS = HERE / "texts"
NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9]))*")
OF_THE_HOUSE_ALONE = {"trellis", "graph", "db", "migrations", "tests"}
SCHEMA = Path("schema.graphql")
VERSION_OF_A_NEW_PROJECT = "0.1.0"
SIGNED = re.compile(
    r"^(?:authors|keywords) = .*\n|^classifiers = \[\n(?: .*\n)*\]\n|^#.*\n\[project\.urls\]\n(?:\w+ = .*\n)*\n", re.M
)
"""What `pyproject.toml` says of the house as a package: who has made it, and where it lives."""
ABOUT = {
    "about": "The database is `var/trellis.db` until `TRELLIS_DATABASE_URL` in `.env` names another one, for instance"
    " the one of `compose.yaml`. `make serve` brings it up to the newest revision.",
    "prepare": "$(BIN)/trellis db upgrade",
}
"""What the texts of a project without nouns say."""


def make_empty(
    checkout: Checkout, folder: Path, name: str, about: Mapping[str, str] | None = None, *rooms: Path
) -> Tree:
    """Write a project without nouns; raises `FolderTaken` and `WrongName` before anything is written."""
    check_name(name)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tree = Tree(folder.resolve())
    checkout.copy(tree.root)
    for room in (ROOMS, *rooms):
        for file in sorted(room.rglob("*.py")):
            tree.write(file.relative_to(room), file.read_text(encoding="utf-8"))
    for file in sorted(TEXTS.iterdir()):
        text = Template(file.read_text(encoding="utf-8")).substitute({"name": name, **ABOUT, **(about or {})})
        tree.write(Path(file.name.removesuffix(".txt")), text)
    _rename(tree, checkout, name)
    _take_dead_links(tree, checkout)
    return tree


def check_folder(folder: Path) -> None:
    """Raise `FolderTaken` for a folder that has files, and for a file."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder)


def export_schema(tree: Tree) -> None:
    """Write `schema.graphql`, by the code of the project. Raises `StepFailed` where the code declares no schema."""
    tree.run("trellis", "schema", "export", "--output", str(SCHEMA))


def name_of(folder: Path) -> str:
    """The name of a project in a folder, where none is given: letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "project"


def check_name(name: str) -> None:
    """Raise `WrongName` for a name that a package cannot have."""
    if not NAME.fullmatch(name) or name in OF_THE_HOUSE_ALONE:
        raise WrongName(
            "a project",
            name,
            "it is of small letters, digits and single hyphens, and not the name of a room. Say `--name shop`.",
        )


def _rename(tree: Tree, checkout: Checkout, name: str) -> None:
    """Put the name and the version of the project into pyproject.toml and the lock file; leave out rooms not there."""
    project = Path("pyproject.toml")
    text = tree.read(project)
    old = tomllib.loads(text)["project"]
    text = text.replace(f'name = "{old["name"]}"', f'name = "{name}"', 1)
    text = text.replace(f'description = "{old["description"]}"', f'description = "The API of {name}."', 1)
    text = text.replace(f'version = "{old["version"]}"', f'version = "{VERSION_OF_A_NEW_PROJECT}"', 1)
    text = SIGNED.sub("", text).replace('"tests", "bench", "manual"]', '"tests.application"]')
    for room in checkout.nouns:
        path = tree.root.joinpath(*room.split("."))
        if not (path.is_dir() or path.with_suffix(".py").is_file()):
            text = text.replace(f'"{room}",', "")
    text = text.replace(
        "[tool.ruff.lint.per-file-ignores]\n",
        "[tool.ruff.lint.per-file-ignores]\n"
        "# What a database says is not ours to word: its names, comments and rules stand as they are.\n"
        '"{db/models,graph/types,tests/application}/**" = ["D", "E501", "E741", "E742", "ERA", "N", "RUF001", "RUF002",'
        ' "RUF003"]\n'
        '"graph/policies.py" = ["E501", "ERA"]  # predicates that wait to be used stand as remarks\n'
        '"graph/mutations/**" = ["E501", "ERA"]  # the same\n',
        1,
    )
    tree.write(project, text)
    lock, ours = Path("uv.lock"), 'name = "{name}"\nversion = "{version}"\n'
    new = ours.format(name=name, version=VERSION_OF_A_NEW_PROJECT)
    tree.write(lock, tree.read(lock).replace(ours.format_map(old), new, 1))


def _take_dead_links(tree: Tree, checkout: Checkout) -> None:
    """Take the links out of copied pages that lead to what a project has not: our nouns, the bench, the examples."""
    for file in (file for file in checkout.machinery() if file.suffix == ".md" and file.parts[0] != "tests"):
        before = tree.read(file)
        text = without_dead_links(before, PurePosixPath(file), lambda target: target == SCHEMA or tree.has(target))
        if text != before:
            tree.write(file, text)
