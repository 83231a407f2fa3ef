"""What members buy from the club's shop: forty orders at scale 1, in five currencies."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from db.demo.dice import Dice, Row, days_ago
from db.demo.people import user_count
from db.models import OrderStatus
from db.money import digits

ORDERS = 40
MAX_LINES = 5

CURRENCIES = ("EUR", "USD", "JPY", "GBP", "KWD")
IN_EURO = {"EUR": 1.0, "USD": 1.1, "JPY": 160.0, "GBP": 0.85, "KWD": 0.34}
"""What a euro buys in the demo."""

GOODS = (
    ("Bean seeds, 50 g", 3.2), ("Sweet pea seeds", 2.6), ("Cedar trellis, 180 cm", 64.0), ("Jute twine, 100 m", 5.4),
    ("Hand fork", 18.5), ("Copper watering can", 79.0), ("Bamboo canes, ten", 8.9), ("Potting compost, 40 l", 11.3),
    ("Climbing rose Félicité", 27.0), ("Pruning knife", 33.0), ("Slug boards, six", 9.9), ("Cold frame", 145.0),
)  # fmt: skip


class _Order(NamedTuple):
    id: uuid.UUID
    currency: str
    placed: datetime


def orders(scale: int, seed: int) -> Iterator[Row]:
    """Every order, the oldest first. Two are placed at each moment."""
    statuses = list(OrderStatus)
    for index, order in enumerate(_orders(scale, seed)):
        status = statuses[index * 5 % 7 % len(statuses)]
        yield {
            "id": order.id,
            "status": status,
            "currency": order.currency,
            "customer_id": index * (index + 1) % user_count(scale) + 1,
            "created_at": order.placed,
            "updated_at": order.placed + timedelta(days=statuses.index(status)),
        }


def order_lines(scale: int, seed: int) -> Iterator[Row]:
    """The lines of every order: one to five, and none for every twentieth."""
    dice, number = Dice(seed, "order lines"), 0
    for index, order in enumerate(_orders(scale, seed)):
        count = 0 if index % 20 == 19 else dice.between(1, MAX_LINES)
        for description, euros in dice.some(GOODS, count):
            number += 1
            yield {
                "id": number,
                "description": description,
                "quantity": dice.between(1, 6),
                "unit_price": round(euros * IN_EURO[order.currency] * 10 ** digits(order.currency)),
                "order_id": order.id,
                "currency": order.currency,
            }


def _orders(scale: int, seed: int) -> Iterator[_Order]:
    dice, count = Dice(seed, "orders"), ORDERS * scale
    for index in range(count):
        placed = days_ago(365 * (1 - (index - index % 2) / count))
        yield _Order(dice.uuid7(placed), dice.pick(CURRENCIES), placed)
