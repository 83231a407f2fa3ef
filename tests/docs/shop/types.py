"""The types that the pages on views and functions show."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Integer, Text

from db.row_functions import Called
from graph.entity import Connection, Node, Row, entity, function_field, query_type
from tests.docs.shop import models


@entity(models.Shop)
class Shop(Node):
    """Where things are sold."""

    name: str


@entity(models.MonthlySales)
class MonthlySales(Node):
    """What was sold in a month."""

    month: date
    total: Decimal
    shop: Shop


@entity(models.SaleLine)
class SaleLine(Row):
    """One thing that was sold."""

    product: str | None
    shop: Shop | None


@entity(models.User)
class User(Node):
    """Somebody."""

    full_name: str | None


FUNCTIONS = (
    function_field(
        "add_numbers",
        int,
        Called("add_numbers", {"a": Integer(), "b": Integer()}),
        takes={"a": int, "b": int},
        gives=Integer(),
    ),
    function_field(
        "users_called", Connection[User], Called("users_called", {"part": Text()}), takes={"part": str | None}
    ),
)

Query = query_type(Shop, MonthlySales, SaleLine, User, extra=FUNCTIONS)
