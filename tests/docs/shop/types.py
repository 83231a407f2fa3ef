"""The types that the pages on views and functions show."""

from datetime import date
from decimal import Decimal

from graph.entity import Node, Row, entity, query_type
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


Query = query_type(Shop, MonthlySales, SaleLine, User)
