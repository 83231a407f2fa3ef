"""The check: revisions enter, findings leave, in the order of the revisions' lines."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from alembic.script import Script

from db import migrate
from db.care.online import rules
from db.care.online.copied import copied_in
from db.care.online.finding import Effect, Finding, Place
from db.care.online.linter import Violation, violations
from db.care.online.rendered import Rendered, rendered
from db.care.online.running import Reads
from db.care.online.statements import column_of, index_of, made_by, table_of, takes_a_lock, words_in
from db.own import PREFIX, Feature
from db.settings import DatabaseSettings

MEANT = re.compile(r"#\s*online:\s*\S")
"""The comment by which whoever writes a revision says that a line is meant, with the reason; on the line, or above."""
SHOWN = 100
"""Characters of a statement that are shown."""


def findings(settings: DatabaseSettings, since: str | None, reads: Reads | None) -> list[Finding]:
    """What the revisions after `since` do to servers that run; None: all revisions.

    `reads` is what the release that runs reads; None: it may read whatever there is.
    Raises `CannotCheck`, and Alembic's `CommandError` for a revision that is not known.
    """
    return _found(settings, migrate.pending(since), since, reads, own=False)


def own_findings(
    settings: DatabaseSettings, features: Collection[Feature], at: Collection[str] | None
) -> list[Finding]:
    """The same of the revisions of Trellis's own tables for some features. Raises `CannotCheck`.

    `at` is where a database is with them. None: nobody knows, and each revision is looked at as if those before it had
    run.
    """
    pending = migrate.own_pending(features, at or ())
    together = [pending] if at is not None else [[each] for each in pending]
    return [found for some in together for found in _found(settings, some, None, None, own=True)]


def _found(
    settings: DatabaseSettings, pending: Sequence[Script], since: str | None, reads: Reads | None, *, own: bool
) -> list[Finding]:
    if not pending:
        return []
    written = rendered(settings, pending, own=own)
    on_server = settings.primary.get_backend_name() == "postgresql"
    new = _New(written, own=own)
    found = [
        *_unread(written),
        *_linted(written, rules.RULES.keys() if on_server else rules.ANYWHERE, reads, new),
        *_without_words(settings, written, since),
        *(_waiting(written, pending, new) if on_server else _copied(pending, new)),
    ]
    order = {Path(revision.path): number for number, revision in enumerate(pending)}
    kept = [each for each in dict.fromkeys(found) if not _is_meant(each.place)]
    return sorted(kept, key=lambda each: (order[each.place.file], each.place.line))


class _New:
    """What the same revisions make, so that no server uses it yet: from the line on that makes it."""

    def __init__(self, written: Rendered, *, own: bool) -> None:
        self.tables: dict[str, int] = {}
        """By name, the line; those of our own also by the name that revisions write."""
        self._indexes: dict[str, int] = {}
        for number, line in enumerate(written.lines):
            table, index = made_by(line), index_of(line)
            if table is not None:
                self.tables.setdefault(table, number)
            if table is not None and own:
                self.tables.setdefault(PREFIX + table.rpartition(".")[2], number)
            if index is not None and table_of(line) in self.tables:
                self._indexes.setdefault(index, number)

    def has(self, statement: str, number: int) -> bool:
        """Whether the statement on this line is about something new."""
        table, index = table_of(statement), index_of(statement)
        made = self.tables.get(table or "", self._indexes.get(index or ""))
        return made is not None and made < number


def _unread(written: Rendered) -> Iterator[Finding]:
    for place, reason in written.unreadable:
        yield Finding(
            place,
            Effect.UNREAD,
            "",
            f"It asks the database what to do ({reason}), so the rest of the revision was not checked. Look yourself.",
        )


def _linted(written: Rendered, asked: Collection[str], reads: Reads | None, new: _New) -> Iterator[Finding]:
    found = [each for each in violations(written.sql) if each.rule in asked]
    for violation in found:
        beside = {other.rule for other in found if other.last_line == violation.last_line}
        if any(violation.rule in rules.RULES[rule].instead for rule in beside):
            continue
        statement, part = _texts(written, violation)
        if new.has(statement, violation.line):
            continue
        if reads is not None and not _is_read(violation.rule, table_of(statement), part, reads):
            continue
        rule = rules.RULES[violation.rule]
        yield Finding(written.places[violation.line], rule.effect, _shown(statement), rule.message)


def _texts(written: Rendered, violation: Violation) -> tuple[str, str]:
    """The whole statement, and its part from where the rule is broken."""
    first = violation.line
    while first > 0 and written.lines[first - 1].strip() and not written.lines[first - 1].rstrip().endswith(";"):
        first -= 1
    last = violation.line
    while last < len(written.lines) - 1 and not written.lines[last].rstrip().endswith(";"):
        last += 1
    statement = [line for line in written.lines[first : last + 1] if not line.startswith("--")]
    return "\n".join(statement).strip(), written.lines[violation.line][violation.column :]


def _is_read(rule: str, table: str | None, part: str, reads: Reads) -> bool:
    """Whether the release that runs reads what is gone afterwards; other rules do not depend on that."""
    if rule not in rules.GONE or table is None:
        return True
    if table not in reads:
        return False
    return not rule.endswith("column") or (column_of(part) or "") in reads[table]


def _shown(statement: str) -> str:
    text = " ".join(statement.split()).removesuffix(";")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _without_words(settings: DatabaseSettings, written: Rendered, since: str | None) -> Iterator[Finding]:
    """Words that a CHECK or an enumeration allowed before and allows no more."""
    after = words_in(written.sql)
    if not after or since is None:
        return
    before = words_in(rendered(settings, migrate.until(since)).sql)
    for name in sorted(after.keys() & before.keys()):
        gone = sorted(before[name] - after[name])
        if gone:
            place = next(it for line, it in zip(written.lines[::-1], written.places[::-1], strict=True) if name in line)
            words = ", ".join(f"'{word}'" for word in gone)
            yield Finding(
                place,
                Effect.BREAKS,
                name,
                f"{words} can be written no more, and servers that run may write that, or have rows with it. Let the"
                " release before stop writing it, change the rows, and only then take it away.",
            )


def _waiting(written: Rendered, pending: Sequence[Script], new: _New) -> Iterator[Finding]:
    """Revisions that wait for locks without a limit."""
    lines = list(enumerate(zip(written.lines, written.places, strict=True)))
    for file in (Path(revision.path) for revision in pending):
        mine = [(number, line, place) for number, (line, place) in lines if place.file == file]
        if any("lock_timeout" in line for _, line, _ in mine):
            continue
        for number, line, place in mine:
            if takes_a_lock(line) and not new.has(line, number):
                yield Finding(place, Effect.BLOCKS, _shown(line), rules.WITHOUT_LIMIT)
                break


def _copied(pending: Iterable[Script], new: _New) -> Iterator[Finding]:
    for file in (Path(revision.path) for revision in pending):
        for line, table, is_copy in copied_in(file):
            if table not in new.tables:
                what = f"The table {table} is made anew, row by row" if is_copy else f"All rows of {table} are read"
                yield Finding(
                    Place(file, line),
                    Effect.BLOCKS,
                    "",
                    f"{what}, and whoever writes to the database waits until all revisions are through, and gives up"
                    " after TRELLIS_STATEMENT_TIMEOUT_S. Run it when few write.",
                )


def _is_meant(place: Place) -> bool:
    above, line = _lines(place.file)[max(0, place.line - 2) : place.line][-2:] if place.line > 1 else ("", "")
    return MEANT.search(line) is not None or (above.lstrip().startswith("#") and MEANT.search(above) is not None)


@cache
def _lines(file: Path) -> Sequence[str]:
    return file.read_text("utf-8").split("\n")
