"""A schema of many entities that are alike, each leading to the next: how the cost of a schema grows.

`python -m tests.entity.copies 10 20 40 80` prints microseconds of CPU for each type of the schema.
"""

import gc
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings


def copied_models(number: int) -> list[type[Any]]:
    """Models in a ring: each has four columns, a parent, and children."""

    class Base(DeclarativeBase):
        pass

    return [_copied_model(Base, index, number) for index in range(number)]


def _copied_model(base: type[DeclarativeBase], index: int, number: int) -> type[Any]:
    parent, child = (index + 1) % number, (index - 1) % number
    members: dict[str, Any] = {
        "__tablename__": f"copies_{index}",
        "__annotations__": {
            "id": Mapped[int],
            "name": Mapped[str],
            "size": Mapped[int | None],
            "price": Mapped[Decimal],
            "made_at": Mapped[datetime],
            "parent_id": Mapped[int],
        },
        "id": mapped_column(primary_key=True),
        "price": mapped_column(Numeric(10, 2)),
        "made_at": mapped_column(DateTime(timezone=True)),
        "parent_id": mapped_column(ForeignKey(f"copies_{parent}.id")),
        "parent": relationship(
            f"Copy{parent}",
            foreign_keys=f"Copy{index}.parent_id",
            remote_side=f"Copy{parent}.id",
            back_populates="children",
            lazy="raise",
        ),
        "children": relationship(
            f"Copy{child}", foreign_keys=f"Copy{child}.parent_id", back_populates="parent", lazy="raise"
        ),
    }
    return type(f"Copy{index}", (base,), members)


def copied_query(models: Sequence[type[Any]]) -> type[Any]:
    """The query type over these models."""
    names = [type(model.__name__, (), {}) for model in models]  # entities are found by name
    return query_type(
        *(
            entity(model)(_copied_entity(model.__name__, names[(index + 1) % len(names)], names[index - 1]))
            for index, model in enumerate(models)
        )
    )


def _copied_entity(name: str, parent: type[Any], child: type[Any]) -> type[Any]:
    annotations: dict[str, Any] = {
        "name": str,
        "size": int | None,
        "price": Decimal,
        "made_at": datetime,
        "parent": parent,
        "children": Connection[child],  # type: ignore[valid-type]  # made here
    }
    return type(name, (Node,), {"__annotations__": annotations, "__doc__": "One of many that are alike."})


def copied_schema(number: int) -> Schema:
    """A schema of this many entities."""
    return Schema(copied_query(copied_models(number)), Settings.model_construct())


def main() -> None:
    """Print what a type costs in schemas of growing size."""
    gc.disable()  # as the command line starts; the collector looks through all types again and again
    copied_schema(2)
    for number in map(int, sys.argv[1:]):
        models = copied_models(number)
        started = time.process_time()
        query = copied_query(models)
        declared = time.process_time()
        schema = Schema(query, Settings.model_construct())
        made = time.process_time()
        schema.as_str()
        printed = time.process_time()
        types = len(schema.schema_converter.type_map)
        steps = {"declared": declared - started, "made": made - declared, "printed": printed - made}
        sys.stdout.write(
            f"{number} entities, {types} types: "
            + ", ".join(f"{name} in {seconds / types * 1e6:.0f}" for name, seconds in steps.items())
            + " µs per type\n"
        )


if __name__ == "__main__":
    main()
