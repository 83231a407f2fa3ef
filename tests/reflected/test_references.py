"""References between columns of different types: numbers of all kinds are compared, what no driver compares is told."""

import pytest

from tests.databases import Database
from tests.reflected.library import reflected

SQL = """
CREATE TABLE authors (id integer PRIMARY KEY, name text)

CREATE TABLE days (day timestamp PRIMARY KEY)

CREATE TABLE notes (
    id integer PRIMARY KEY, writer numeric, half double precision, word text, day date REFERENCES days (day)
)

COMMENT ON COLUMN notes.writer IS '@references authors (id)'

COMMENT ON COLUMN notes.half IS '@references authors (id)'

COMMENT ON COLUMN notes.word IS '@references authors (id)'

INSERT INTO authors VALUES (1, 'Ada'), (2, 'Bo')

INSERT INTO notes VALUES (1, 1.0, 2, '1', NULL), (2, 1.5, 1.5, 'x', NULL), (3, 3e20, 3e20, NULL, NULL)
"""


@pytest.mark.postgresql
async def test_numbers_of_all_kinds_refer_to_one_another_and_nothing_else_does(blank_database: Database) -> None:
    async with reflected(blank_database, SQL) as (api, plan, _):
        found = await api.ask(
            """
            {
              notes { nodes { writerAuthor { name } halfAuthor { name } } }
              authors { nodes { notesByWriter { totalCount } notesByHalf { nodes { writer } } } }
            }
            """
        )
    nobody = {"writerAuthor": None, "halfAuthor": None}
    assert found["notes"]["nodes"] == [{"writerAuthor": {"name": "Ada"}, "halfAuthor": {"name": "Bo"}}, nobody, nobody]
    assert found["authors"]["nodes"] == [
        {"notesByWriter": {"totalCount": 1}, "notesByHalf": {"nodes": []}},
        {"notesByWriter": {"totalCount": 0}, "notesByHalf": {"nodes": [{"writer": "1.0"}]}},
    ]
    assert {each.what for each in plan.left_out} == {"foreign key notes (word)", "foreign key notes (day)"}
