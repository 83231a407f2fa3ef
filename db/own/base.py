"""The declarative base of Trellis's own tables."""

from typing import Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from db.base import COLUMN_TYPES, NAMING_CONVENTION

PREFIX = "trellis_"
"""Every table of ours begins with it."""


class OwnBase(DeclarativeBase):
    """The declarative base of a table of ours, in no application's metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = dict(COLUMN_TYPES)

    def __init_subclass__(cls, **given: Any) -> None:
        """Refuse a table whose name an application may have. Raises `ValueError`."""
        name = vars(cls).get("__tablename__")
        if name is not None and not name.startswith(PREFIX):
            raise ValueError(f"{cls.__name__} is a table of Trellis's own; begin its name with {PREFIX}.")
        super().__init_subclass__(**given)
