"""The key that signs access tokens where the settings have none: made once, and kept in a file."""

import os
import secrets
from pathlib import Path

from db.private_files import FILE_MODE, make_folder
from db.settings import HOUSE
from graph.errors import NoKey
from graph.setting_types import TOKEN_KEY_CHARACTERS

KEY_FILE = HOUSE / "var" / "token.key"


def kept_key(file: Path) -> str:
    """The key in the file, which is made if it is not there. Only the user who runs the server may read it.

    Processes that start at once agree: the file appears whole, and only one of them makes it.
    Raises `NoKey` when it can be neither read nor made.
    """
    try:
        if not file.exists():
            _make(file)
        key = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NoKey(str(file), getattr(error, "strerror", None) or "it is no text") from None
    if len(key) < TOKEN_KEY_CHARACTERS:
        raise NoKey(str(file), "it is too short")
    return key


def _make(file: Path) -> None:
    make_folder(file.parent)
    own = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(48) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            file.hardlink_to(own)  # unlike a rename, it fails where another process was first
        except FileExistsError:
            return
    finally:
        own.unlink()
