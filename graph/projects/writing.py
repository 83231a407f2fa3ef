"""The files of a project, as they are read, written and put into order.

A folder and texts enter, files leave. `Tree.write` never says what a text is; `tidy` has Ruff put imports and lines
into their order, as `make format` does.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graph.projects.errors import ProjectError

BIN = Path(sys.executable).parent
LINES = 12
"""So many of the last ones that a command has printed are shown."""


class ToolMissing(ProjectError):
    """A tool of development is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is missing. In a checkout `make setup` brings what is needed; for an installed Trellis, run"
            f" `pip install 'trellis[projects]'`, and see that Git is there."
        )


class StepFailed(ProjectError):
    """A command that a project needs has failed."""

    def __init__(self, command: Sequence[str], said: str) -> None:
        super().__init__(f"`{' '.join(command)}` has failed:\n{chr(10).join(said.strip().splitlines()[-LINES:])}")


class Tree:
    """The folder of a project. Files are named by their paths in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: dict[Path, str] = {}
        """The texts of this run."""
        self._before: dict[Path, str | None] = {}

    def read(self, file: Path) -> str:
        """The text of a file. Raises `OSError`."""
        return (self.root / file).read_text(encoding="utf-8")

    def has(self, file: Path) -> bool:
        """Whether there is a file of this name."""
        return (self.root / file).exists()

    def write(self, file: Path, text: str) -> None:
        """Make a file, or replace its text."""
        self._before.setdefault(file, self.read(file) if self.has(file) else None)
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text, encoding="utf-8")
        self.written[file] = text

    def added(self, file: Path) -> None:
        """Take note of a file that somebody else has made in this run."""
        self._before.setdefault(file, None)
        self.written[file] = self.read(file)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All files of a block, or none: where the block fails, each file is as it was before the run."""
        try:
            yield
        except BaseException:
            self.undo()
            raise

    @contextmanager
    def trial(self) -> Iterator["Tree"]:
        """The same folder, whose files are as they were when the block ends."""
        tree = Tree(self.root)
        try:
            yield tree
        finally:
            tree.undo()

    def undo(self) -> None:
        """Put each file back as it was before this run."""
        for file, text in self._before.items():
            if text is None:
                (self.root / file).unlink(missing_ok=True)
            else:
                (self.root / file).write_text(text, encoding="utf-8")

    def tidy(self, files: Iterable[Path] | None = None) -> None:
        """Put imports and lines into their order; without names, in all Python files of this run."""
        names = [str(it) for it in (self.written if files is None else files) if it.suffix == ".py"]
        if names:
            self.run("ruff", "check", "--fix-only", "--quiet", "--select", "I,F401,PIE790,RUF022,UP", *names)
            self.run("ruff", "format", "--quiet", *names)

    def run(self, command: str, *arguments: str, **variables: str) -> str:
        """Run a tool of development in the folder; what it prints. Raises `ToolMissing` and `StepFailed`."""
        found = BIN / command if (BIN / command).exists() else shutil.which(command)
        if found is None:
            raise ToolMissing(command)
        done = subprocess.run(
            [str(found), *arguments],
            cwd=self.root,
            env=self._environment() | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StepFailed((command, *arguments[:3]), done.stdout + done.stderr)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        """An editable install leads to the tree that it was made in: this one comes before it on the path."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
        return kept | {"PYTHONPATH": str(self.root)}
