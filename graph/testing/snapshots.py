"""Snapshots: an operation in a file, and beside it what it answers and the statements that it takes.

`feed.graphql` has the operation, `feed.json` its answer, the same on every database, and `feed.sql` its statements,
with a part for each database. `feed.variables.json` may have its variables, and a first line `# as an admin` names the
viewer who asks. `pytest --trellis-update` writes answers and statements anew; read the difference before you commit it.
"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.testing.options import UPDATE

if TYPE_CHECKING:
    from graph.testing.clients import Client
    from graph.testing.statements import SentStatements

VIEWER = re.compile(r"#\s*as (?P<name>[^\n]+?)\s*\n")
BETWEEN = ";\n\n"
PART = re.compile(r"^-- (\w+)\n(.*?)(?=^-- \w+\n|\Z)", re.M | re.S)


class NoOperations(ValueError):
    """A folder has no operations."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} has no file *.graphql; name a folder with operations, beside the test.")


class SnapshotDiffers(AssertionError):
    """An operation is answered otherwise, or takes other statements, than was written down."""

    def __init__(self, file: Path, kept: str, found: str) -> None:
        lines = difflib.unified_diff(kept.splitlines(), found.splitlines(), f"{file.name}, kept", "found", lineterm="")
        super().__init__(f"{file} differs; if it should, run pytest with {UPDATE}.\n" + "\n".join(lines))


class SnapshotMissing(AssertionError):
    """Nobody has written down what an operation answers, or which statements it takes there."""

    def __init__(self, file: Path, part: str) -> None:
        super().__init__(f"{file} has no {part}; run pytest with {UPDATE}, and read what comes.")


@dataclass(frozen=True)
class Operation:
    """One file with an operation."""

    file: Path
    folder: Path
    """The folder in which it was looked for."""
    update: bool = False
    """Whether what is found is written down, instead of compared."""

    @property
    def name(self) -> str:
        """The path in its folder."""
        return self.file.relative_to(self.folder).as_posix()

    @property
    def document(self) -> str:
        """The text."""
        return self.file.read_text(encoding="utf-8")

    @property
    def viewer(self) -> str | None:
        """The name of the viewer who asks, if the first line has one."""
        found = VIEWER.match(self.document)
        return found and found["name"]

    @property
    def variables(self) -> Mapping[str, Any] | None:
        """The variables, if there is a file of them."""
        file = self.file.with_suffix(".variables.json")
        found: Mapping[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return found

    @property
    def is_written_down(self) -> bool:
        """Whether there is an answer to compare with."""
        return self.file.with_suffix(".json").exists()

    async def ask(self, client: "Client") -> "tuple[Mapping[str, Any], SentStatements]":
        """What the operation is answered, and the statements that it took. Raises `UnknownViewer`."""
        from graph.testing.statements import recorded_statements  # late, as all that imports SQLAlchemy

        with recorded_statements() as sent:
            answer = await client.execute(self.document, self.variables, viewer=self.viewer)
        errors = {"errors": answer.errors} if answer.errors else {}
        return {"data": answer.body.get("data"), **errors}, sent

    async def check(self, client: "Client") -> None:
        """Ask, and compare answer and statements with what was written down, or write them down.

        Raises `SnapshotMissing`, `SnapshotDiffers` and `UnknownViewer`.
        """
        __tracebackhide__ = True
        found, sent = await self.ask(client)
        answer, sql = json.dumps(found, indent=2, ensure_ascii=False) + "\n", _as_text(sent)
        if self.update:
            self.file.with_suffix(".json").write_text(answer, encoding="utf-8")
            self._write_sql(client.dialect, sql)
        self._check_answer(found, answer)
        self._check_sql(client.dialect, sql)

    def number_of_statements(self, dialect: str) -> int:
        """How many statements were written down for a database. Raises `SnapshotMissing`."""
        kept = self._sql(dialect)
        return kept.count(BETWEEN) + 1 if kept else 0

    def _check_answer(self, found: Mapping[str, Any], text: str) -> None:
        __tracebackhide__ = True
        file = self.file.with_suffix(".json")
        if not file.exists():
            raise SnapshotMissing(file, "answer")
        kept = json.loads(file.read_text(encoding="utf-8"))
        if found != kept:
            raise SnapshotDiffers(file, json.dumps(kept, indent=2, ensure_ascii=False), text)

    def _check_sql(self, dialect: str, sql: str) -> None:
        __tracebackhide__ = True
        kept = self._sql(dialect)
        if kept != sql:
            raise SnapshotDiffers(self.file.with_suffix(".sql"), kept, sql)

    def _sql(self, dialect: str) -> str:
        __tracebackhide__ = True
        file = self.file.with_suffix(".sql")
        parts = _parts(file)
        if dialect not in parts:
            raise SnapshotMissing(file, f"part for {dialect}")
        return parts[dialect]

    def _write_sql(self, dialect: str, sql: str) -> None:
        file = self.file.with_suffix(".sql")
        parts = _parts(file) | {dialect: sql}
        file.write_text("\n\n".join(f"-- {name}\n{parts[name]}" for name in sorted(parts)) + "\n", encoding="utf-8")


def operations(folder: Path, *, update: bool = False) -> Sequence[Operation]:
    """The operations in a folder and below it, by name. Raises `NoOperations`."""
    found = [Operation(file, folder, update) for file in sorted(folder.rglob("*.graphql"))]
    if not found:
        raise NoOperations(folder)
    return found


def _parts(file: Path) -> dict[str, str]:
    """The statements in a `.sql` file, by database."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return {name: body.strip() for name, body in PART.findall(text)}


def _as_text(statements: Sequence[str]) -> str:
    """Statements as a `.sql` file has them."""
    return BETWEEN.join(statements) + ";" if statements else ""
