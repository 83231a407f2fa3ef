"""Who may see what, said a second time: in plain Python, about rows as the database holds them.

It shares nothing with `graph.policies`, so that one can be held against the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph.viewer import Viewer

Row = Mapping[str, Any]
"""By the names of columns."""
Rows = Mapping[str, Sequence[Row]]
"""By the names of tables."""
Rule = Callable[[Viewer, Row, Rows], bool]


def _public(_viewer: Viewer, _row: Row, _rows: Rows) -> bool:
    return True


def _for_admins(_viewer: Viewer, _row: Row, _rows: Rows) -> bool:
    return False


def _belongs(column: str) -> Rule:
    return lambda viewer, row, _rows: viewer.id is not None and row[column] == viewer.id


def _post(viewer: Viewer, post: Row, _rows: Rows) -> bool:
    return post["status"] == "published" or "editor" in viewer.roles or _belongs("author_id")(viewer, post, _rows)


def _order_line(viewer: Viewer, line: Row, rows: Rows) -> bool:
    (order,) = (order for order in rows["orders"] if order["id"] == line["order_id"])
    return _belongs("customer_id")(viewer, order, rows)


def _transfer(viewer: Viewer, transfer: Row, rows: Rows) -> bool:
    ends = (transfer["from_account_id"], transfer["to_account_id"])
    return any(_belongs("owner_id")(viewer, account, rows) for account in rows["accounts"] if account["id"] in ends)


RULES: Mapping[str, Rule] = {
    "users": _public,
    "tags": _public,
    "posts": _post,
    "documents": _belongs("owner_id"),
    "orders": _belongs("customer_id"),
    "order_lines": _order_line,
    "accounts": _belongs("owner_id"),
    "transfers": _transfer,
    "roles": _for_admins,
    "audit_entries": _for_admins,
}
"""Who sees a row besides admins. A table that is missing here has no entity, or needs a line."""


def may_see(viewer: Viewer, table: str, row: Row, rows: Rows) -> bool:
    """Whether a viewer may see a row of a table."""
    return "admin" in viewer.roles or RULES[table](viewer, row, rows)


def may_see_email(viewer: Viewer, user: Row) -> bool:
    """Whether a viewer may see the e-mail address of a user."""
    return "admin" in viewer.roles or (viewer.id is not None and user["id"] == viewer.id)
