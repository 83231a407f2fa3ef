"""A database that nobody would make so, and somebody has.

In it are decimals that whole numbers refer to, a key in another order than its columns, JSON that is null and may not
be, padded texts, words with every sign, moments in several forms, views that repeat their rows, and keys of two columns
that lead to themselves. A dialect enters; the statements that make the tables and fill them leave.
"""

from random import Random

WORDS = (
    "alpha",
    "Beta",
    "x_y",
    "50%",
    "a/b",
    "O''Hara",
    "back\\slash",
    "",
    " pad",
    "Straße",
    "İstanbul",
    "ab",
    "AB",
    "é",
)
CODES = ("AB ", "ab", "X", "", "xyz")

TYPES = {
    "postgresql": {
        "mood": "mood", "money": "cents", "json": "jsonb", "double": "double precision", "single": "real",
        "moment": "timestamptz", "local": "timestamp", "many": "text[]",
    },
    "sqlite": {
        "mood": "text CHECK (mood IN ('calm', 'very odd'))", "money": "numeric(12, 2)", "json": "JSON",
        "double": "double", "single": "double", "moment": "timestamp", "local": "datetime", "many": "text",
    },
}  # fmt: skip

WHOLE = (".000000", ".500000", ".250001")
ENDINGS = {"postgresql": WHOLE, "sqlite": ("", ".500", ".250001")}
"""How moments end. In a key SQLite takes two forms of one moment for two values."""

BEFORE = {
    "postgresql": """
CREATE TYPE mood AS ENUM ('calm', 'very odd')

CREATE DOMAIN cents AS numeric(12, 2) CHECK (VALUE > -1000)

""",
    "sqlite": "",
}

TABLES = """
CREATE TABLE actors (actor_id numeric NOT NULL PRIMARY KEY, name varchar(40), code char(5) NOT NULL, born date)

CREATE TABLE "Film Roles" (
    "film" integer NOT NULL, actor_id integer NOT NULL REFERENCES actors, "order" bigint, fee %(money)s,
    PRIMARY KEY (actor_id, "film")
)

CREATE TABLE payments (
    number integer NOT NULL, paid_at %(moment)s NOT NULL, amount %(money)s, rate %(double)s, share %(single)s,
    film integer, actor integer, mood %(mood)s, FOREIGN KEY (actor, film) REFERENCES "Film Roles" (actor_id, film),
    PRIMARY KEY (paid_at, number)
)

CREATE TABLE places (
    land varchar(10) NOT NULL, town varchar(40) NOT NULL, in_land varchar(10), in_town varchar(40), seen %(local)s,
    about %(json)s NOT NULL, opens time, is_open boolean NOT NULL, words %(many)s,
    PRIMARY KEY (land, town), FOREIGN KEY (in_land, in_town) REFERENCES places (land, town)
)

CREATE TABLE visits (place varchar(10), "Place No" varchar(40), actor integer REFERENCES actors, tip %(money)s,
    FOREIGN KEY (place, "Place No") REFERENCES places (land, town))

CREATE TABLE notes (note_id %(money)s PRIMARY KEY, about_film integer, about_actor integer, body text,
    UNIQUE (about_actor, about_film),
    FOREIGN KEY (about_actor, about_film) REFERENCES "Film Roles" (actor_id, film))

CREATE VIEW takings AS SELECT actor, count(*) AS times, sum(amount) AS total FROM payments GROUP BY actor

CREATE VIEW "all visits" AS SELECT place, tip, actor FROM visits UNION ALL SELECT place, tip, actor FROM visits

"""


def sql_of(dialect: str, seed: int = 3) -> str:
    """The statements, parted by empty lines."""
    return BEFORE[dialect] + TABLES % TYPES[dialect] + _rows(dialect, Random(seed))


def _rows(dialect: str, dice: Random) -> str:
    def some(*values: object, empty: float = 0.2) -> str:
        return "NULL" if dice.random() < empty else str(dice.choice(values))

    def word(empty: float = 0.2) -> str:
        return some(*(f"'{word}'" for word in WORDS), empty=empty)

    def moment(*endings: str) -> str:
        return f"'2024-0{dice.randint(1, 9)}-11 0{dice.randint(0, 9)}:30:00{dice.choice(endings)}'"

    def number(empty: float = 0.2) -> str:
        return some("0.1", "2.5", "3", "100.25", "-7", empty=empty)

    endings = ENDINGS[dialect]
    actors = ["1", "2", "3", "5", "8", "13", "21.5", "0.5"]
    roles = [(actor, film) for actor in actors[:6] for film in range(1, 9) if dice.random() < 0.5]
    referring = [f"{film}, {actor}" for actor, film in roles[:6]]
    towns = [(land, town) for land in ("'a'", "'B'", "''") for town in ("'x'", "' Yy'", "'z w'")]
    many = {"postgresql": ("'{}'", "'{a,NULL}'"), "sqlite": ("'a'", "'b'")}[dialect]
    documents = ("'null'", "'{\"a\": 1.50}'", "'[1, null]'", "'\"s\"'")
    tables = {
        "actors": [
            f"{actor}, {word()}, {some(*map(repr, CODES), empty=0)}, {some(repr('1950-02-28'), repr('2001-12-31'))}"
            for actor in actors
        ],
        '"Film Roles"': [f"{film}, {actor}, {some(1, 9007199254740993)}, {number()}" for actor, film in roles],
        "payments": [
            f"{place}, {moment(*WHOLE)}, {number()}, {number()}, {number()},"
            f" {dice.choice([*referring, 'NULL, NULL', '3, NULL'])},"
            f" {some(repr('calm'), repr('very odd'))}"
            for place in range(60)
        ],
        "places": [
            f"{land}, {town}, {', '.join(dice.choice([*towns[:place], ('NULL', 'NULL')]))}, {moment(*endings)},"
            f" {some(*documents, empty=0)}, {some(repr('08:30:00'), repr('23:59:59'))},"
            f" {some('true', 'false', empty=0)}, {some(*many)}"
            for place, (land, town) in enumerate(towns)
        ],
        "visits": [
            f"{', '.join(dice.choice([*towns, ('NULL', repr('x'))]))}, {some(*actors[:6])}, {number()}"
            for _ in range(30)
        ],
        "notes": [
            f"{place}.{place}, {film}, {actor}, {word()}" for place, (actor, film) in enumerate(roles) if place % 2
        ],
    }
    return "\n\n".join(f"INSERT INTO {table} VALUES ({'), ('.join(rows)})" for table, rows in tables.items())
