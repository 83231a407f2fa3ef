"""Orders and their lines, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from db import models
from graph.entity import Connection, Node, entity, hybrid

if TYPE_CHECKING:
    from graph.types.order_line import OrderLine
    from graph.types.user import User


@entity(models.Order)
class Order(Node):
    """A purchase in one currency."""

    status: models.OrderStatus
    currency: str
    total_price: Decimal = hybrid(needs=["total_price_minor", "currency"])
    created_at: datetime
    updated_at: datetime
    customer: User
    lines: Connection[OrderLine]
