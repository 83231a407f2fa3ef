"""Verdicts enter; a report leaves as text: for a terminal, in Markdown, as JSON, or as annotations of GitHub.

What comes from a schema is text of others: no line break of theirs begins a line of ours, and no character steers the
terminal.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.contract.allowances import Allowance
from graph.contract.kinds import Criticality
from graph.contract.options import Format
from graph.contract.usage import Used
from graph.contract.verdicts import Report, Verdict


@dataclass(frozen=True)
class Files:
    """The files in which the lines of both schemas are; None for a schema that is in no file."""

    old: str | None = None
    new: str | None = None


def written(report: Report, form: Format, files: Files) -> str:
    """The report in one of its forms, its last line ended."""
    return "".join(f"{line}\n" for line in WRITERS[form](report, files))


def _text(report: Report, _: Files) -> Iterator[str]:
    for verdict in report.verdicts:
        allowed = f" Allowed {verdict.allowed}" if verdict.allowed else ""
        yield _one_line(f"{_label(verdict)}: {verdict.sentence}{allowed} [{verdict.change.kind.name}]")
    yield from map(_one_line, _idle(report))
    yield _summary(report)


def _markdown(report: Report, _: Files) -> Iterator[str]:
    yield f"## Schema changes: {_summary(report)}"
    for label in LABELS:
        verdicts = [verdict for verdict in report.verdicts if _label(verdict) == label]
        if verdicts:
            yield f"\n### {label.capitalize()}\n"
            yield from map(_markdown_item, verdicts)
    idle = [f"- {_one_line(line)}" for line in _idle(report)]
    if idle:
        yield from ("\n### Allowances\n", *idle)


def _markdown_item(verdict: Verdict) -> str:
    allowed = f" *Allowed {_escaped(verdict.allowed)}*" if verdict.allowed else ""
    return f"- {_escaped(verdict.sentence)}{allowed} `{verdict.change.kind.name}`"


def _json(report: Report, files: Files) -> Iterator[str]:
    body = {
        "version": 1,
        **_counts(report),
        "changes": [_json_change(verdict, files) for verdict in report.verdicts],
        "allowances": {"expired": _json_names(report.expired), "unmatched": _json_names(report.unmatched)},
    }
    yield json.dumps(body, indent=2)


def _json_change(verdict: Verdict, files: Files) -> Mapping[str, Any]:
    change = verdict.change
    file, line = _place(verdict, files)
    return {
        "kind": change.kind.name,
        "criticality": verdict.criticality.name.lower(),
        "coordinate": change.at,
        "message": verdict.sentence,
        "old": change.old or None,
        "new": change.new or None,
        "file": file,
        "line": line,
        "allowed": verdict.allowed,
        "used": list(map(_json_used, verdict.used)),
    }


def _json_used(used: Used) -> Mapping[str, Any]:
    return {"client": used.client, "version": used.version, "count": used.count, "last": str(used.last)}


def _json_names(allowances: Sequence[Allowance]) -> Sequence[Mapping[str, str]]:
    return [{"coordinate": it.coordinate, "kind": it.kind.name, "expires": str(it.expires)} for it in allowances]


def _github(report: Report, files: Files) -> Iterator[str]:
    """Workflow commands; safe and allowed changes are only counted, for a step shows ten annotations of each level.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    for verdict in report.verdicts:
        if verdict.criticality is not Criticality.SAFE and not verdict.allowed:
            yield _annotation(verdict, files)
    for line in _idle(report):
        yield f"::warning title=Schema check::{_github_data(line)}"
    yield f"::notice title=Schema check::{_github_data(_summary(report))}"


def _annotation(verdict: Verdict, files: Files) -> str:
    level = "error" if verdict.criticality is Criticality.BREAKING else "warning"
    file, line = _place(verdict, files)
    places = {"file": file, "line": line, "title": f"{_label(verdict).capitalize()}: {verdict.change.at}"}
    properties = ",".join(f"{name}={_github_property(str(value))}" for name, value in places.items() if value)
    return f"::{level} {properties}::{_github_data(verdict.sentence)}"


def _place(verdict: Verdict, files: Files) -> tuple[str | None, int | None]:
    """Where the change is seen: in the new schema if the place is there, otherwise in the old one."""
    change = verdict.change
    if files.new and change.new_line:
        return files.new, change.new_line
    return (files.old, change.old_line) if files.old and change.old_line else (None, None)


LABELS = (*(criticality.name.lower() for criticality in reversed(Criticality)), "allowed")


def _label(verdict: Verdict) -> str:
    return "allowed" if verdict.allowed else verdict.criticality.name.lower()


def _counts(report: Report) -> Mapping[str, int]:
    counted = Counter(map(_label, report.verdicts))
    return {label: counted[label] for label in LABELS}


def _summary(report: Report) -> str:
    if not report.verdicts:
        return "no change"
    return ", ".join(f"{count:,} {label}" for label, count in _counts(report).items() if count)


def _idle(report: Report) -> Iterator[str]:
    for it in report.expired:
        yield f"The allowance for {it} ended on {it.expires}: {it.reason} Remove it, or give it another day."
    for it in report.unmatched:
        yield f"The allowance for {it} matches no change. Remove it, or correct its coordinate and kind."


def _one_line(text: str) -> str:
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in " ".join(text.split()))


def _escaped(text: str) -> str:
    """Text of others outside of code, so that no mark of theirs becomes markup."""
    parts = re.split(r"(`[^`]*`)", _one_line(text))
    return "".join(it if it.startswith("`") else re.sub(r"([\\*_<>\[\]~|])", r"\\\1", it) for it in parts)


def _github_data(text: str) -> str:
    return _one_line(text).replace("%", "%25")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


WRITERS: Mapping[Format, Callable[[Report, Files], Iterator[str]]] = {
    Format.TEXT: _text,
    Format.MARKDOWN: _markdown,
    Format.JSON: _json,
    Format.GITHUB: _github,
}
