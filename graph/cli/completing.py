"""Values that a shell completes: what was typed enters, what it may become leaves. Nothing heavy is imported.

Commands, options and words of enumerations Typer completes by itself; names of files the shell does.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "migrations" / "versions"

# `db.revisions` reads them exactly, and brings SQLAlchemy along: too slow for a key that was pressed.
REVISION = re.compile(r'^revision(?:: str)? = "([^"\n]+)"', re.M)


def revisions(incomplete: str) -> list[str]:
    """The revisions of the code, the oldest first, and the word for the newest."""
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in sorted(FOLDER.glob("*.py"))]
    known = [found[1] for text in texts if (found := REVISION.search(text))]
    return [name for name in [*known, "head"] if name.startswith(incomplete)]
