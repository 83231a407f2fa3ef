"""The house as it lies in a checkout or in a wheel: what of it is machinery, and what is about nouns.

A folder enters; paths of its files leave, and copies of them. A wheel has the packages where Python finds them, and the
rest of a checkout (tests, docs, the lock file) below `graph/projects/house`. Rooms of nouns are those that the
contract "The machinery knows no noun" forbids. Files of tests are left out with them if they import one, however.
Nothing of the checkout is changed.
"""

import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from graph.projects.errors import NoCheckout
from graph.projects.imports import Tests, counted, is_in, module_of

CONTRACT = "The machinery knows no noun"
ABOUT_NOUNS = (
    *("bench", "examples", "manual", "migrations.versions", "tests.bench", "tests.ci", "tests.empty", "tests.examples"),
    *("tests.manual", "tests.projects", "tests.rooms", "tests.application", "tests.execute.core.test_graphql_core"),
    *("tests.docs.picture", "tests.docs.test_add_a_noun", "tests.docs.test_commands", "tests.docs.test_comparison"),
    *("tests.docs.test_demo", "tests.docs.test_error_codes", "tests.docs.test_excerpts", "tests.docs.test_migrating"),
    *("tests.docs.test_readme", "tests.docs.test_schema_checks", "tests.docs.test_settings_page"),
)
"""Rooms about nouns besides those of the contract: revisions, measurements, example apps, the manual, the workflows,
tests of both trees.

graphql-core's own tests are downloaded, and know neither our nouns nor those of the smallest application.
"""
OF_THE_HOUSE = (
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "Makefile", "README.md", "SECURITY.md"),
    *("schema.graphql", ".ci/release", ".ci/run", ".github"),
    *("docs/add-a-noun.md", "docs/comparison.md", "docs/demo.md", "docs/images", "docs/index.md", "docs/migrating.md"),
)
"""Files and folders that a project has of its own, or does without."""

NEEDED = ("pyproject.toml", "uv.lock", "graph", "db", "migrations", "tests")
PACKAGES = ("graph", "db", "migrations")
IN_A_WHEEL = Path("graph/projects/house")
"""Where a wheel has what is in no package: `pyproject.toml` says so."""
NOT_OURS = (".git", ".venv", ".trellis", "var", "node_modules", "dist", "__pycache__", ".hypothesis")


class Checkout:
    """A folder with the sources of the house, of a project that was made of it, or with an installed wheel."""

    def __init__(self, root: Path) -> None:
        """Raises `NoCheckout` for a folder that lacks some of the sources."""
        self.root = root
        self._is_wheel = (root / IN_A_WHEEL).is_dir()
        if not all(self.place(Path(name)).exists() for name in NEEDED):
            raise NoCheckout(root)

    def place(self, file: Path) -> Path:
        """Where a file of the house is, by its path in a checkout."""
        return self.root / (file if not self._is_wheel or file.parts[0] in PACKAGES else IN_A_WHEEL / file)

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """The rooms of nouns, as the contract lists them."""
        project = tomllib.loads(self.place(Path("pyproject.toml")).read_text(encoding="utf-8"))
        contracts = project["tool"]["importlinter"]["contracts"]
        (forbidden,) = (contract["forbidden_modules"] for contract in contracts if contract["name"] == CONTRACT)
        return tuple(forbidden)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files of the checkout, new ones too, without those that Git ignores."""
        if self._is_wheel:
            return tuple(sorted(self._installed()))
        command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        try:
            listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):  # no Git, or a folder that Git does not know
            return tuple(sorted(_walked(self.root, self.root)))
        return tuple(Path(name) for name in listed.split("\0") if name and (self.root / name).is_file())

    @cached_property
    def on_nouns(self) -> frozenset[Path]:
        """The files of tests that stand on nouns, or on what else a project does without."""
        root = self.root / IN_A_WHEEL if self._is_wheel else self.root
        return Tests(root, self.files, (*self.nouns, *ABOUT_NOUNS)).on_nouns

    def machinery(self) -> list[Path]:
        """The files that a project shares with the house."""
        return [file for file in self.files if self._is_shared(file)]

    def numbers(self) -> Mapping[str, int]:
        """How many files of tests are shared, and how many are not."""
        return counted((file for file in self.files if not is_in(module_of(file), ABOUT_NOUNS)), self.on_nouns)

    def copy(self, target: Path) -> None:
        """Copy the machinery into a folder."""
        for file in self.machinery():
            copied = target / file
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.place(file), copied)

    def _is_shared(self, file: Path) -> bool:
        if any(file.is_relative_to(name) for name in OF_THE_HOUSE):
            return False
        return file not in self.on_nouns and not is_in(module_of(file), (*self.nouns, *ABOUT_NOUNS))

    def _installed(self) -> Iterable[Path]:
        """The files of a wheel, by their paths in a checkout."""
        house = self.root / IN_A_WHEEL
        yield from _walked(house, house)
        for package in PACKAGES:
            yield from (it for it in _walked(self.root / package, self.root) if not it.is_relative_to(IN_A_WHEEL))


def _walked(folder: Path, root: Path) -> Iterable[Path]:
    """The files of a folder, by their paths from a root, without those that are made by tools."""
    for file in folder.rglob("*"):
        path = file.relative_to(root)
        if not any(_is_of_tools(part) for part in path.parts) and file.is_file() and file.name != ".env":
            yield path


def _is_of_tools(name: str) -> bool:
    """Whether a file or folder of this name is made by tools, as `.mypy_cache` is, and not `response_cache`."""
    return name in NOT_OURS or name.endswith(".egg-info") or (name.startswith(".") and name.endswith("_cache"))
