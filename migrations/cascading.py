"""What a table's triggers have to know of the foreign keys below it, where the database runs none for rows below.

A connection enters, the table leaves with them; nothing is changed.
"""

from sqlalchemy import Connection, text

from db.dialects.change_log import ChangeLogDialect, TableKey


def cascading(connection: Connection, log: ChangeLogDialect, table: TableKey) -> TableKey:
    """The table with the foreign keys that its changes set off."""
    if log.cascades is None:
        return table
    found = log.read_cascades(connection.execute(text(log.cascades)).all())
    return table._replace(cascades=log.set_off_by(table, found))
