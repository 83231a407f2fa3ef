"""The file `.env` of the project: settings that the environment does not say enter the environment.

Every command reads it when it begins, and a server once more before it replaces its workers.
"""

import os
from errno import EILSEQ
from io import StringIO
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / ".env"
PREFIX = "TRELLIS_"

_taken: set[str] = set()
"""The variables that came from the file."""


def read_env_file(file: Path = FILE) -> None:
    """Take settings from a file where the environment does not say them; called again, those that it has now.

    Raises `OSError` for a file that is there and cannot be read; the environment is as it was then.
    """
    found: dict[str, str | None] = {}
    if file.is_file():
        from dotenv import dotenv_values  # late: few have the file

        try:
            found = dotenv_values(stream=StringIO(file.read_text("utf-8")))
        except UnicodeDecodeError:
            raise OSError(EILSEQ, "it is not UTF-8", str(file)) from None
    for name in _taken:
        os.environ.pop(name, None)
    _taken.clear()
    for name, value in found.items():
        if name.upper().startswith(PREFIX) and value is not None and name not in os.environ:
            os.environ[name] = value
            _taken.add(name)
