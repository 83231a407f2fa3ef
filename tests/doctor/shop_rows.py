"""The rows of the shop and its GraphQL types: thousands of sales, no two alike, and a few shelves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strawberry.scalars import JSON

from graph.entity import Connection, Node, entity, query_type
from tests.doctor import shop
from tests.entity.serving import Rows, Sample

CUSTOMERS, SALES, SHELVES = 600, 6_000, 30
OPENED = datetime(2026, 1, 1, tzinfo=UTC)


@entity(shop.Customer)
class Customer(Node):
    name: str
    sales: Connection[Sale]


@entity(shop.Sale)
class Sale(Node):
    code: str
    amount: int
    weight: int | None
    sold_at: datetime
    note: str
    details: JSON
    customer: Customer


@entity(shop.Shelf)
class Shelf(Node):
    name: str


Query = query_type(Customer, Sale, Shelf)


def rows(_scale: int) -> Rows:
    """The rows of every table. Numbers are spread, so that no order is that in which the rows stand."""
    sales = [
        {
            "code": f"S{number * 7919 % SALES:05}",
            "amount": number * 4801 % SALES,
            "weight": None if number % 50 == 0 else number * 31 % 97,
            "sold_at": OPENED + timedelta(minutes=number * 3571 % SALES),
            "note": f"parcel {number * 7919 % SALES:05} for nobody in particular",
            "details": {"lot": number, "colour": "red"},
            "customer_id": 1 + number * 577 % CUSTOMERS,
        }
        for number in range(1, SALES + 1)
    ]
    return {
        shop.Customer: [{"name": f"customer {number}"} for number in range(1, CUSTOMERS + 1)],
        shop.Sale: sales,
        shop.Shelf: [{"name": f"shelf {number}"} for number in range(1, SHELVES + 1)],
    }


SHOP = Sample("shop", shop.Base.metadata, rows, Query)
