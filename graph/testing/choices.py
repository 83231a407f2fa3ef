"""Which databases the tests of a run use: an option, a variable or a line of the ini file enters, choices leave.

Nothing is imported here but the standard library: pytest asks in every project that has Trellis installed.
"""

from collections.abc import Iterable
from typing import NamedTuple

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
MARIADB = "mysql"
"""SQLAlchemy's name, which is the same for MySQL."""
DIALECTS = (SQLITE, POSTGRESQL, MARIADB)
NAMES = {SQLITE: SQLITE, POSTGRESQL: POSTGRESQL, "mariadb": MARIADB, MARIADB: MARIADB}
SERVERS = {
    POSTGRESQL: ("postgresql://", "postgres://", "postgresql+asyncpg://"),
    MARIADB: ("mariadb://", "mysql://", "mysql+asyncmy://", "mariadb+asyncmy://"),
}


class UnknownDatabase(ValueError):
    """The tests are to use a database that they cannot have."""

    def __init__(self, word: str) -> None:
        cure = (
            "Write `sqlite` alone: each test gets a file in a temporary folder."
            if word.startswith(SQLITE)
            else "Write `sqlite`, `postgresql`, `mariadb`, or a server whose user may create databases:"
            " `postgresql://user:password@host/database`, `mariadb://user:password@host/database`."
        )
        super().__init__(f"{word!r} is no database of tests. {cure}")


class Choice(NamedTuple):
    """One database that every test with a database runs on."""

    dialect: str
    """`sqlite`, `postgresql` or `mysql`, which is MariaDB's, too."""
    url: str | None = None
    """The server; None for files, and for one that a run starts, or that TEST_POSTGRES_URL or TEST_MARIADB_URL names.
    """


def choices_of(text: str) -> list[Choice]:
    """The databases that a text names, each once: names and URLs between blanks, names between commas, too.

    Raises `UnknownDatabase`.
    """
    return [_choice(word) for word in dict.fromkeys(_words(text))]


def _words(text: str) -> Iterable[str]:
    for word in text.split():
        yield from [word] if "://" in word else filter(None, word.split(","))


def _choice(word: str) -> Choice:
    if word in NAMES:
        return Choice(NAMES[word])
    for dialect, schemes in SERVERS.items():
        if word.startswith(schemes):
            return Choice(dialect, word)
    raise UnknownDatabase(word)
