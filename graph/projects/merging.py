"""Three texts of one module in one: as it was written, as it stands, and as it would be written today.

Attributes of classes and arguments of calls are merged one by one, by their names, so that neighbours that have changed
on both sides are in nobody's way; the rest is merged line by line. Where both have changed the same, what stands wins.
What today's text has no longer stays in classes, for models and types may be about to follow; arguments go.

Source of the merge of lines: https://git-scm.com/docs/git-merge-file
"""

import ast
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from graph.projects.writing import StepFailed, ToolMissing

BEGIN, END = "# the parts of ", "# the end of "
"""Lines that stand for the parts of a class or of a call while the rest is merged. No module has them."""


class Merged(NamedTuple):
    """The text, and how many places have changed on both sides."""

    text: str
    conflicts: int


class Part(NamedTuple):
    """An attribute or an argument, and what stands between two of them, which has no name."""

    name: str | None
    lines: Sequence[str]


class Parts(NamedTuple):
    """The parts of one class or call, and the lines that they take, counted from 0."""

    start: int
    end: int
    parts: Sequence[Part]

    def lines_of(self, name: str | None) -> Sequence[str] | None:
        """The lines of a part; None where there is none of this name."""
        return next((part.lines for part in self.parts if part.name == name), None)


def merged(stands: str, before: str, today: str) -> Merged:
    """What has changed between `before` and `today`, in what stands. Raises `ToolMissing`."""
    ours, old, new = parts_of(stands), parts_of(before), parts_of(today)
    blocks: dict[str, Sequence[Part]] = {}
    conflicts = 0
    for owner, found in new.items():
        if owner in ours:
            blocks[owner], clashes = _merged_parts(owner, ours[owner], old.get(owner), found)
            conflicts += clashes
        else:
            blocks[owner] = found.parts
    rest = _merged_lines(*(_without(text, parts_of(text), new) for text in (stands, before, today)))
    return Merged(_with(rest.text, blocks), conflicts + rest.conflicts)


def vanished(before: str, today: str) -> Iterator[tuple[str, str]]:
    """The classes and attributes of `before` that classes of `today` have no longer."""
    new = parts_of(today)
    for owner, found in parts_of(before).items():
        if owner in new and _is_class(owner):
            there = {part.name for part in new[owner].parts}
            yield from ((owner, part.name) for part in found.parts if part.name is not None and part.name not in there)


def parts_of(text: str) -> Mapping[str, Parts]:
    """The parts of each class, by its name, and of each call that is given a name, as `name()`."""
    lines = text.splitlines(keepends=True)
    found: dict[str, Parts] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            spans = [(name, it.lineno - 1, it.end_lineno or 0) for it in node.body for name in _attribute(it)]
            found[node.name] = _parts(lines, spans, node.body[-1].end_lineno or 0)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _has_lines(node.value):
            name = ast.unparse(node.targets[0])
            found[f"{name}()"] = _parts(lines, _arguments(node.value), node.value.lineno)
    return found


def _is_class(owner: str) -> bool:
    return not owner.endswith(")")


def _attribute(node: ast.stmt) -> Iterator[str]:
    target = (
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    if isinstance(target, ast.Name) and not target.id.startswith("__"):
        yield target.id


def _arguments(call: ast.Call) -> list[tuple[str, int, int]]:
    positional: list[tuple[str, ast.expr | ast.keyword]] = [(f"#{at}", it) for at, it in enumerate(call.args)]
    named = [(it.arg or "**", it) for it in call.keywords]
    return [(name, it.lineno - 1, it.end_lineno or 0) for name, it in (*positional, *named)]


def _has_lines(call: ast.Call) -> bool:
    """Whether each argument has lines of its own, as those of calls that are written here."""
    spans = [(call.lineno - 1, call.lineno), *((start, end) for _, start, end in _arguments(call))]
    return all(start >= end for (_, end), (start, _) in pairwise(spans))


def _parts(lines: Sequence[str], spans: Sequence[tuple[str, int, int]], otherwise: int) -> Parts:
    if not spans:
        return Parts(otherwise, otherwise, ())
    parts: list[Part] = []
    at = spans[0][1]
    for name, start, end in spans:
        if start > at:
            parts.append(Part(None, lines[at:start]))
        parts.append(Part(name, lines[start:end]))
        at = end
    return Parts(spans[0][1], at, parts)


def _merged_parts(owner: str, ours: Parts, old: Parts | None, new: Parts) -> tuple[Sequence[Part], int]:
    parts, conflicts = list(ours.parts), 0
    for name, lines, before in _named(new):
        was = None if old is None else old.lines_of(name)
        stands = next((at for at, part in enumerate(parts) if part.name == name), None)
        if stands is None and was is None:
            parts.insert(_behind(parts, before), Part(name, lines))
        elif stands is not None and list(parts[stands].lines) not in (lines, was or []):
            conflicts += was != lines
        elif stands is not None:
            parts[stands] = Part(name, lines)
    if old is not None and not _is_class(owner):
        gone = [part for part in old.parts if part.name is not None and new.lines_of(part.name) is None]
        parts = [part for part in parts if part not in gone]
    return parts, conflicts


def _named(parts: Parts) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Each part with its lines, and the names before it, the nearest first."""
    names: list[str] = []
    for part in parts.parts:
        if part.name is not None:
            yield part.name, part.lines, names[::-1]
            names.append(part.name)


def _behind(parts: Sequence[Part], names: Sequence[str]) -> int:
    """The place behind the first of these that is there; in front where none is."""
    places = {part.name: at + 1 for at, part in enumerate(parts)}
    return next((places[name] for name in names if name in places), 0)


def _without(text: str, found: Mapping[str, Parts], owners: Iterable[str]) -> str:
    """A text with two lines in the place of the parts of each of these."""
    lines = text.splitlines(keepends=True)
    places = {owner: found[owner] for owner in owners if owner in found}
    for owner, parts in sorted(places.items(), key=lambda it: it[1].start, reverse=True):
        lines[parts.start : parts.end] = [f"{BEGIN}{owner}\n", f"{END}{owner}\n"]
    return "".join(lines)


def _with(text: str, blocks: Mapping[str, Sequence[Part]]) -> str:
    """The text with parts in the place of these lines."""
    for owner, parts in blocks.items():
        marks = f"{BEGIN}{owner}\n{END}{owner}\n"
        text = text.replace(marks, "".join(line for part in parts for line in part.lines))
    return text


def _merged_lines(stands: str, before: str, today: str) -> Merged:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in (("yours", stands), ("before", before), ("today", today)):
            files.append(Path(folder) / name)
            files[-1].write_text(text, encoding="utf-8")
        conflicts = _merge_file(files).returncode
        return Merged(_merge_file(files, "--ours").stdout, conflicts)


def _merge_file(files: Iterable[Path], *options: str) -> subprocess.CompletedProcess[str]:
    command = ("git", "merge-file", "-p", "--quiet", *options, *map(str, files))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        raise ToolMissing("git") from None
    if done.returncode < 0 or done.returncode > 127:
        raise StepFailed(command[:3], done.stderr)
    return done
