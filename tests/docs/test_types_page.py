"""docs/types.md says what the table of types says; `pytest --trellis-update` writes it anew."""

import re
from pathlib import Path
from typing import Any, get_origin

import pytest
import sqlalchemy
from sqlalchemy.dialects import postgresql
from strawberry.scalars import JSON

from db.dialects import postgresql_extensions, postgresql_types
from graph.entity.type_table import Entry
from graph.entity.types import TYPES
from graph.testing.options import UPDATE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "types.md"

COLUMNS: dict[str, Any] = {
    "boolean": sqlalchemy.Boolean(),
    "smallint, integer": sqlalchemy.Integer(),
    "bigint": sqlalchemy.BigInteger(),
    "oid": postgresql.OID(),
    "real, double precision": sqlalchemy.Float(),
    "numeric": sqlalchemy.Numeric(),
    "money": postgresql.MONEY(),
    "text, varchar(n), char(n)": sqlalchemy.Text(),
    "citext": postgresql.CITEXT(),
    '"char"': postgresql_types.ONE_BYTE(),
    "uuid": sqlalchemy.Uuid(),
    "bytea, BLOB": sqlalchemy.LargeBinary(),
    "bit(n), varbit(n)": postgresql.BIT(),
    "date": sqlalchemy.Date(),
    "time": sqlalchemy.Time(),
    "timetz": sqlalchemy.Time(timezone=True),
    "timestamp": sqlalchemy.DateTime(),
    "timestamptz": sqlalchemy.DateTime(timezone=True),
    "interval": postgresql.INTERVAL(),
    "json, jsonb": sqlalchemy.JSON(),
    "xml": postgresql_types.XML(),
    "hstore": postgresql.HSTORE(),
    "ltree": postgresql_types.LTREE(),
    "tsvector": postgresql.TSVECTOR(),
    "inet": postgresql.INET(),
    "cidr": postgresql.CIDR(),
    "macaddr": postgresql.MACADDR(),
    "macaddr8": postgresql.MACADDR8(),
    "int4range": postgresql.INT4RANGE(),
    "int8range": postgresql.INT8RANGE(),
    "numrange": postgresql.NUMRANGE(),
    "daterange": postgresql.DATERANGE(),
    "tsrange": postgresql.TSRANGE(),
    "tstzrange": postgresql.TSTZRANGE(),
    **{name.type_name.lower(): name() for name in postgresql_types.SHAPES},
    "vector, halfvec": postgresql_extensions.VECTOR(),
    "sparsevec": postgresql_extensions.SPARSEVEC(),
    "geometry": postgresql_extensions.GEOMETRY(),
    "geography": postgresql_extensions.GEOGRAPHY(),
    "int4multirange": postgresql.INT4MULTIRANGE(),
    "pg_lsn": postgresql_types.PG_LSN(),
    "xid8": postgresql_types.XID8(),
    "tsquery, xid, regclass, …": postgresql.TSQUERY(),
    "text[]": postgresql.ARRAY(sqlalchemy.Text),
    "bigint[]": postgresql.ARRAY(sqlalchemy.BigInteger),
    "inet[]": postgresql.ARRAY(postgresql.INET),
    "integer[][]": postgresql.ARRAY(sqlalchemy.Integer, dimensions=2),
}


def written(annotation: Any) -> str:
    """An annotation as code has it."""
    if annotation is JSON:
        return "JSON"
    name = str(annotation) if get_origin(annotation) else annotation.__name__
    short = re.sub(r"(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", name)
    return re.sub(r"Optional\[(\w+(?:\[\w+\])?)\]", r"\1 | None", short)


def in_brackets(found: re.Match[str]) -> str:
    """`IntListList` as the schema has it: `[[Int]]`."""
    depth = found[1].count("List")
    return f"{'[' * depth}{found[0].removesuffix(found[1])}{']' * depth}"


def is_of_house(entry: Entry) -> bool:
    """Whether a type is the house's; tests register types of their own, over columns of their own."""
    names = (entry.annotation, *entry.held_by)
    return not any(str(getattr(name, "__module__", "")).startswith("tests") for name in names)


def columns() -> str:
    """The first table of the page."""
    lines = ["| column | in Python | in the schema |", "|---|---|---|"]
    for name, column in COLUMNS.items():
        annotation = TYPES.widest(column)
        entry = TYPES.known(annotation)
        shown = re.sub(r"\w+?((?:List)*)$", in_brackets, entry.name)
        lines.append(f"| `{name}` | `{written(annotation)}` | `{shown}` |")
    return "\n".join(lines)


def types() -> str:
    """The second table of the page."""
    lines = ["| type | comparisons | ordered | aggregates |", "|---|---|---|---|"]
    for entry in TYPES:
        if not is_of_house(entry) or entry.name in ("IDList", "Upload"):
            continue
        asked = ", ".join(f"`{name}`" for name in entry.filter.operators)
        aggregates = ", ".join(f"`{name}`" for name in entry.aggregates)
        lines.append(f"| `{entry.name}` | {asked} | {'yes' if entry.is_ordered else 'no'} | {aggregates} |")
    return "\n".join(lines)


def page() -> str:
    """The page with both tables as the table of types has them."""
    found = PAGE.read_text(encoding="utf-8")
    for name, table in (("columns", columns()), ("types", types())):
        begin, rest = found.split(f"<!-- {name} -->\n")
        found = f"{begin}<!-- {name} -->\n{table}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
    return found


def test_the_page_says_what_the_table_says(pytestconfig: pytest.Config) -> None:
    made = page()
    if pytestconfig.getoption(UPDATE):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_every_type_of_ours_has_a_column() -> None:
    shown = {TYPES.known(TYPES.widest(column)).name for column in COLUMNS.values()}
    house = {entry.name for entry in TYPES if is_of_house(entry)}
    assert house - shown - {"Upload"} == {"ID", "IDList"}  # files are in no column
