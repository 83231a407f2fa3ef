"""The declarative base of Trellis's own tables."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Integer, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase

from db.base import JSON_DOCUMENT, NAMING_CONVENTION, UtcDateTime

PREFIX = "trellis_"
"""Every table of ours begins with it."""


class OwnBase(DeclarativeBase):
    """The declarative base of a table of ours, in no application's metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        uuid.UUID: Uuid,
        int: Integer,
        dict[str, Any]: JSON_DOCUMENT,
    }

    def __init_subclass__(cls, **given: Any) -> None:
        """Refuse a table whose name an application may have. Raises `ValueError`."""
        name = vars(cls).get("__tablename__")
        if name is not None and not name.startswith(PREFIX):
            raise ValueError(f"{cls.__name__} is a table of Trellis's own; begin its name with {PREFIX}.")
        super().__init_subclass__(**given)
