"""MariaDB's and MySQL's words: SHOW CREATE TABLE, of the tables that there are and of a twin of each of the models.

A twin is a temporary table of the same name, which hides the other one from this connection alone until it is dropped.
The same server writes both descriptions. Making or dropping a temporary table ends no transaction; the connection needs
the right CREATE TEMPORARY TABLES.

Sources: https://mariadb.com/kb/en/show-create-table/, https://mariadb.com/kb/en/create-table/#create-temporary-table
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import CheckConstraint, Connection, Constraint, Index, MetaData, Table, UniqueConstraint, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.sql.elements import conv

from db.dialects import Failure, failure_of
from db.dialects.mariadb_types import COMPUTED
from migrations.catalogs.interface import ColumnWords, TableWords
from migrations.catalogs.sql import Token, Tokens, after, bare, closing, escaped, split, text_of, tokens

KEYS = ("primary", "unique", "key", "fulltext", "spatial", "constraint")
"""What begins a key or a constraint where a column might stand: columns are in quotes."""
OF_COLUMNS = (
    *("character", "collate", "not", "null", "default", "auto_increment", "generated", "as", "check", "comment"),
    *("on", "invisible", "unique", "primary", "without", "with", "ref_system_id", "compressed"),
)
"""What ends the type of a column."""
PRIMARY = "PRIMARY"


class MariaDBCatalog:
    """The catalog of MariaDB and MySQL."""

    canonical_types = True
    has_identities = False

    def __init__(self, connection: Connection, models: MetaData) -> None:
        self._connection = connection
        self._models = models
        self._held: dict[str, TableWords] = {}
        self._wanted: dict[str, TableWords] = {}

    def held(self, table: str, schema: str | None) -> TableWords:
        """A table, as the server tells how to make it."""
        if table not in self._held:
            self._held[table] = self._described(table)
        return self._held[table]

    def wanted(self, table: str, schema: str | None) -> TableWords:
        """A table, as the server tells how to make its twin."""
        model = next((it for it in self._models.tables.values() if it.name == table and it.schema == schema), None)
        if model is None:
            return TableWords()
        if table not in self._wanted:
            self.held(table, schema)  # before the twin hides it
            self._wanted[table] = self._twin(model)
        return self._wanted[table]

    def enumerations(self, *, wanted: bool) -> Mapping[str, Sequence[str]]:
        """None: they are types of columns."""
        return {}

    def sequences(self, *, wanted: bool) -> Mapping[str, str]:
        """None: columns count by themselves."""
        return {}

    def index(self, name: str, words: str, table: Table) -> Index:
        """An index, as SQLAlchemy has read it."""
        return next((it for it in table.indexes if it.name == name), Index(conv(name), _table=table))

    def constraint(self, name: str, words: str, table: Table) -> Constraint:
        """A constraint: CHECK by its words, others as SQLAlchemy has read them."""
        parts = tokens(words)
        if parts[0] == "check":
            return CheckConstraint(text(escaped(text_of(bare(parts[1:])))), name=conv(name))
        if name == PRIMARY:
            return table.primary_key
        return next(it for it in table.constraints if it.name == name)

    def _twin(self, model: Table) -> TableWords:
        dialect = self._connection.dialect
        made: list[ExecutableDDLElement] = [CreateTable(model, include_foreign_key_constraints=[])]
        made += map(CreateIndex, _sorted(model))
        statements = [str(it.compile(dialect=dialect)) for it in made]
        statements[0] = statements[0].replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
        name = dialect.identifier_preparer.quote(model.name)
        try:
            for statement in statements:
                self._connection.exec_driver_sql(statement.replace("%%", "%"))  # as for a driver with parameters
            return self._described(model.name)
        finally:
            self._connection.exec_driver_sql(f"DROP TEMPORARY TABLE IF EXISTS {name}")

    def _described(self, table: str) -> TableWords:
        name = self._connection.dialect.identifier_preparer.quote(table)
        try:
            _, sql, *_ = self._connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()
        except DBAPIError as error:
            if failure_of(error) is not Failure.NO_TABLE:
                raise
            return TableWords()
        model = next((it for it in self._models.tables.values() if it.name == table), None)
        return described(sql, _unique_names(model))


def described(sql: str, unique: frozenset[str]) -> TableWords:
    """What a statement says that makes a table; `unique` are the names of keys that are constraints in the model."""
    parts = tokens(sql)
    opening = next(place for place, part in enumerate(parts) if part == "(")
    items = list(split(parts[opening + 1 : closing(parts, opening)]))
    columns = {item[0].name: _column(item) for item in items if item[0] not in KEYS}
    constraints: dict[str, str] = {}
    indexes: dict[str, str] = {}
    references = {item[1].name for item in items if item[0] == "constraint" and "foreign" in item}
    for item in items:
        if item[0] == "primary":
            constraints[PRIMARY] = text_of(item)
        elif item[0] == "constraint" and "check" in item:
            constraints[item[1].name] = f"check ({text_of(bare(_of_check(item)))})"
        elif item[0] in ("unique", "key", "fulltext", "spatial"):
            name, words = _key(item)
            if name in references:
                continue  # the server makes it for the foreign key
            (constraints if name in unique else indexes)[name] = words
    shown = {name: words for name, words in columns.items() if not name.startswith(COMPUTED)}
    return TableWords(shown, constraints, indexes)


def _unique_names(model: Table | None) -> frozenset[str]:
    found = () if model is None else (it for it in model.constraints if isinstance(it, UniqueConstraint))
    return frozenset(str(it.name) for it in found)


def _sorted(model: Table) -> Iterator[Index]:
    yield from sorted((it for it in model.indexes if _is_here(it)), key=lambda index: str(index.name))


def _is_here(index: Index) -> bool:
    """Whether the model wants an index on this database."""
    condition = getattr(index, "_ddl_if", None)
    return condition is None or condition.dialect in (None, "mysql")


def _of_check(item: Tokens) -> Tokens:
    place = item.index(Token("check"))
    return item[place + 1 :]


def _key(item: Tokens) -> tuple[str, str]:
    place = next(number for number, part in enumerate(item) if part == "key")
    return item[place + 1].name, text_of([*item[:place], *item[place + 2 :]])


def _column(item: Tokens) -> ColumnWords:
    end = next((place for place, part in enumerate(item) if place and part in OF_COLUMNS), len(item))
    return ColumnWords(text_of(item[1:end]), _collation(item), _default(item), _generated(item))


def _collation(item: Tokens) -> str | None:
    found = after(item, "collate")
    return found[0].name if found else None


def _default(item: Tokens) -> str | None:
    value = after(item, "default")
    if value is None or value[0] == "null":
        return None
    end = closing(value, 0) + 1 if value[0] == "(" else 2 if value[0] in ("-", "+") else 1
    return text_of(bare(value[:end]))


def _generated(item: Tokens) -> str | None:
    value = after(item, "as")
    if value is None:
        return None
    end = closing(value, 0)
    return text_of([*bare(value[: end + 1]), "stored" if "stored" in value[end:] else "virtual"])
