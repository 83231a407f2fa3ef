"""The lines of orders, as the API shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from db import models
from graph.entity import Node, entity, hybrid

if TYPE_CHECKING:
    from graph.types.order import Order


@entity(models.OrderLine)
class OrderLine(Node):
    """One thing in an order: how many, and what each costs."""

    description: str
    quantity: int
    unit_price: Decimal = hybrid(needs=["unit_price_minor", "currency"])
    total_price: Decimal = hybrid(needs=["quantity", "unit_price_minor", "currency"])
    order: Order
