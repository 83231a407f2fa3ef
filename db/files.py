"""Rows that may have a file: what is known of it, and the key by which a store of files has it.

A model that inherits from `HasFile` has the columns. The file itself is elsewhere; nothing here opens one.
"""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

KEY_CHARACTERS = 32
NAME_CHARACTERS = 255
TYPE_CHARACTERS = 100


class HasFile:
    """A row that may have one file. Each file has a key of its own, also where it takes the place of another."""

    file_key: Mapped[str | None] = mapped_column(
        String(KEY_CHARACTERS), index=True, unique=True, doc="By what the store has the file; empty: there is none."
    )
    file_name: Mapped[str | None] = mapped_column(String(NAME_CHARACTERS), doc="What the file was called.")
    file_type: Mapped[str | None] = mapped_column(String(TYPE_CHARACTERS), doc="Its media type, as its sender has it.")
    file_size: Mapped[int | None] = mapped_column(BigInteger, doc="Its length in bytes.")
