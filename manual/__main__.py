"""`python -m manual`: build the site; exit status 1 if something in it is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

from db.settings import HOUSE
from manual.accessibility import mend
from manual.errors import ManualError
from manual.requests import foreign_requests
from manual.sources import write_sources

SOURCES = HOUSE / "var" / "manual" / "sources"
CACHE = HOUSE / "var" / "manual" / "cache"
SITE = HOUSE / "site"
HERE = Path(__file__).parent


def main() -> int:
    """Build; gives the exit status."""
    shutil.rmtree(SITE, ignore_errors=True)
    try:
        number = write_sources(HOUSE, SOURCES)
    except ManualError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    command = ["-m", "sphinx", "--quiet", "--fail-on-warning", "--jobs", "auto", "--conf-dir", str(HERE)]
    built = subprocess.run([sys.executable, *command, "--doctree-dir", CACHE, SOURCES, SITE], cwd=HOUSE, check=False)
    if built.returncode:
        return 1
    mend(SITE)
    foreign = foreign_requests(SITE)
    for request in foreign:
        print(request, file=sys.stderr)  # noqa: T201 - this is a command
    if not foreign:
        print(f"site/index.html has {number} pages")  # noqa: T201 - this is a command
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
