"""The text of a revision that has changes of tables recorded, or no longer. Tables enter; nothing is run.

`trellis live install` and `trellis live uninstall` write it; what it calls is `migrations.recording`.
"""

import json
import re
import textwrap
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Table

LINE = 112
MOST_NAMED = 3
"""Tables that the message has."""
MOST_OF_NAME = 40

TEXT = '''"""{message}.

Revision {revision}, after {after}. Created on {day}.
"""

from alembic import op

from migrations.recording import record_changes, stop_recording

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    give_way()
{up}


def downgrade() -> None:
    give_way()
{down}


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
'''


class RevisionText(NamedTuple):
    """A revision that is to be written."""

    name: str
    """Of its file."""
    text: str


def recording(before: str | None, tables: Sequence[Table], day: date, *, recorded: bool) -> RevisionText:
    """The revision after another one that records changes of tables, or ends that."""
    names = [str(table.key) for table in tables]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    message = f"{'Record changes' if recorded else 'Record no changes'} of {', '.join(names[:MOST_NAMED])}{more}"
    record, stop = "\n".join(map(_record, tables)), "\n".join(map(_stop, reversed(tables)))
    revision = f"{int(before or 0) + 1:04}"
    text = TEXT.format(
        message=message,
        revision=revision,
        after=before or "nothing",
        before="None" if before is None else json.dumps(before),
        day=day,
        up=record if recorded else stop,
        down=stop if recorded else record,
    )
    slug = re.sub(r"\W+", "_", message.lower())[:MOST_OF_NAME].strip("_")
    return RevisionText(f"{revision}_{slug}.py", text)


def _record(table: Table) -> str:
    key, columns = (_listed([column.name for column in found]) for found in (table.primary_key, table.columns))
    return _call("record_changes", [json.dumps(table.name), key, columns, *_schema(table)])


def _stop(table: Table) -> str:
    return _call("stop_recording", [json.dumps(table.name), *_schema(table)])


def _schema(table: Table) -> list[str]:
    return [] if table.schema is None else [f"schema={json.dumps(table.schema)}"]


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(json.dumps, names))}]"


def _call(function: str, parts: Sequence[str]) -> str:
    line = f"    {function}({', '.join(parts)})"
    if len(line) <= LINE:
        return line
    inside = textwrap.indent("\n".join(f"{_wrapped(part)}," for part in parts), " " * 8)
    return f"    {function}(\n{inside}\n    )"


def _wrapped(part: str) -> str:
    """A list on as many lines as it takes."""
    if len(part) <= LINE - 8 or not part.startswith("["):
        return part
    names = textwrap.wrap(part[1:-1], LINE - 12, break_long_words=False, break_on_hyphens=False)
    return "[\n" + textwrap.indent("\n".join(names), " " * 4) + ",\n]"
