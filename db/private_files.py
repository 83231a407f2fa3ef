"""Files and folders that belong to whoever runs the server: nobody else on the machine reads them.

Paths enter, files and folders with narrow modes leave. What is there already keeps the mode that somebody gave it.
Nothing is ever widened, read or emptied.
"""

import contextlib
import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder that is missing, with those above it; only the folder itself is narrow. Raises `OSError`."""
    folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)


def make_file(file: Path) -> None:
    """Make an empty file that is missing. Where none can be made, whoever opens the file says why."""
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
