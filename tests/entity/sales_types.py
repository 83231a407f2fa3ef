"""The GraphQL types of shops and of the views over their sales, and rows that repeat."""

from __future__ import annotations

from datetime import date

from strawberry.scalars import JSON

from graph.entity import Connection, Node, Row, entity, query_type
from tests.entity import sales
from tests.entity.serving import Rows, Sample


@entity(sales.Shop, keys=["name"])
class Shop(Node):
    name: str
    sales: Connection[Sale]
    lines: Connection[SaleLine]
    total: ShopTotal | None
    goods: Connection[Good]


@entity(sales.Sale)
class Sale(Node):
    product: str | None
    amount: int | None
    day: date | None
    shop: Shop | None


@entity(sales.SaleLine)
class SaleLine(Row):
    id: int | None
    product: str | None
    day: date | None
    shop: Shop | None


@entity(sales.ShopTotal)
class ShopTotal(Node):
    sales: int
    amount: int | None
    shop: Shop


@entity(sales.Good)
class Good(Row):
    code: str | None
    label: str | None


@entity(sales.Note)
class Note(Row):
    body: JSON | None


Query = query_type(Shop, Sale, SaleLine, ShopTotal, Good, Note)

SHOPS = ("Ulm", "Åbo", "Nowhere")
PRODUCTS = ("tea", None, "tea", "jam", "tea", None)


def rows(scale: int) -> Rows:
    """Sales of which many look alike: all values of one, nulls too, come back eighteen rows later."""
    sold = [
        {
            "shop_id": (1, 2, None)[number % 3],
            "product": PRODUCTS[number % 6],
            "amount": (5, None, 7)[number // 3 % 3],
            "day": (date(2026, 3, 1), None)[number % 2],
        }
        for number in range(30 * scale)
    ]
    return {
        sales.Shop: [{"name": name} for name in SHOPS],
        sales.Sale: sold,
        sales.Good: [{"code": code, "label": label} for code, label in GOODS * scale],
        sales.stocked: [{"shop_id": 1, "code": "a"}, {"shop_id": 1, "code": None}, {"shop_id": 2, "code": "b"}],
        sales.Note: [{"body": body} for body in ([1], [1], None)],
    }


GOODS = (("a", "x"), ("a", "x"), ("b", None), (None, None), (None, None), (None, "y"))

SALES = Sample("sales", sales.Base.metadata, rows, Query)
