"""What a database says of tables: of those that it holds, and of those that the models want.

A connection and models enter, `TableWords` leave: two tables are the same when the database describes them in the same
words. So nothing is guessed about how a database rewrites what it was told. No table is changed.
"""

from sqlalchemy import Connection, MetaData

from migrations.catalogs.interface import SERIAL, Catalog, ColumnWords, TableWords
from migrations.catalogs.mariadb import MariaDBCatalog
from migrations.catalogs.postgresql import PostgreSQLCatalog
from migrations.catalogs.sqlite import SQLiteCatalog

__all__ = ["SERIAL", "Catalog", "ColumnWords", "TableWords", "catalog_of"]

CATALOGS: dict[str, type[MariaDBCatalog] | type[PostgreSQLCatalog] | type[SQLiteCatalog]] = {
    "mysql": MariaDBCatalog,
    "postgresql": PostgreSQLCatalog,
    "sqlite": SQLiteCatalog,
}


def catalog_of(connection: Connection, models: MetaData) -> Catalog:
    """The catalog of a connection's database, with the tables of the models beside those that are there."""
    return CATALOGS[connection.dialect.name](connection, models)
