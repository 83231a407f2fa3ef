"""A shop with hints: of types, of fields, of resolvers of its own, and where there are none."""

from __future__ import annotations

from typing import Any, cast

import strawberry
from sqlalchemy import ForeignKey, String, Text, func, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from strawberry import BasePermission, Info

from db.relations import EVERYTHING
from db.row_functions import Called
from db.session.engines import Engines
from graph.context import RequestContext
from graph.domain import Domain
from graph.entity import (
    Connection,
    Node,
    Schema,
    cache_control,
    computed,
    entity,
    function_field,
    query_type,
    viewer_field,
)
from graph.prepare.fields import PlannedField
from tests.databases import Database
from tests.entity.serving import settings_of


class Base(DeclarativeBase):
    """Without a naming convention: databases name its constraints."""


class MakerRow(Base):
    __tablename__ = "makers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))

    products: Mapped[list[ProductRow]] = relationship(back_populates="maker", lazy="raise", viewonly=True)


class ProductRow(Base):
    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    stock: Mapped[int]
    maker_id: Mapped[int] = mapped_column(ForeignKey("makers.id"))

    maker: Mapped[MakerRow] = relationship(back_populates="products", lazy="raise", viewonly=True)
    reviews: Mapped[list[ReviewRow]] = relationship(back_populates="product", lazy="raise", viewonly=True)


class ReviewRow(Base):
    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    stars: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))

    product: Mapped[ProductRow] = relationship(back_populates="reviews", lazy="raise", viewonly=True)


Asked = Info[RequestContext, None]


@cache_control(max_age_s=300)
@entity(MakerRow)
class Maker(Node):
    """Who makes products."""

    name: str
    products: Connection[Product]


@cache_control(max_age_s=60, fields={"stock": 5})
@entity(ProductRow)
class Product(Node):
    """What is sold."""

    name: str
    stock: int
    maker: Maker
    reviews: Connection[Review]

    @computed(needs=["name"])
    def shout(self) -> str:
        """The name, louder."""
        return self.name.upper()

    @computed(needs=["name"])
    def asked_by(self, info: Asked) -> str:
        """The name, for whoever asks."""
        return f"{self.name} for {info.context.viewer.name}"

    @cache_control(max_age_s=30, private=True)
    @computed(needs=["name"])
    def greeting(self, info: Asked) -> str:
        """The name, for whoever asks, with a hint."""
        return f"{self.name} for {info.context.viewer.name}"

    @cache_control(max_age_s=30, tables=["reviews"])
    @computed(needs=["name"])
    async def stars(self, info: Asked) -> int:
        """How many stars the shop has, with a hint that names what is read."""
        return int(await info.context.session.scalar(select(func.count()).select_from(ReviewRow)) or 0)

    @cache_control(max_age_s=30)
    @computed(needs=["name"])
    async def raw(self, info: Asked) -> int:
        """How many reviews there are, with a hint that does not say what is read."""
        return int((await info.context.session.rows(text("SELECT count(*) FROM reviews")))[0][0])


@entity(ReviewRow)
class Review(Node):
    """What somebody thinks of a product; no hint."""

    stars: int
    product: Product


@cache_control(max_age_s=10)
@computed(name="motto")
def motto() -> str:
    """A root field with a hint."""
    return "Buy local."


@computed(name="hour")
def hour() -> str:
    """A root field without one."""
    return "now"


class Signed(BasePermission):
    """Only those who are known."""

    message = "Sign in."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(info.context.viewer.is_known)


@cache_control(max_age_s=60)
@strawberry.type
class Statistics:
    """What is counted."""

    sold: int = strawberry.field(default=3, description="How many.")
    secret: int = strawberry.field(default=4, description="For those who are known.", permission_classes=[Signed])


@cache_control(max_age_s=60)
@computed(name="statistics")
def statistics() -> Statistics:
    """A root field with a hint, to a type with one."""
    return Statistics()


LOWER = Called("lower", {"text": Text()}, by_place=True)
Query = query_type(
    Maker,
    Product,
    Review,
    extra=[
        cast(PlannedField, motto),
        cast(PlannedField, hour),
        cast(PlannedField, statistics),
        viewer_field(Maker, "Who asks."),
        function_field("lowered", str, LOWER, takes={"text": str}, gives=Text()),
    ],
)
DOMAIN = Domain(lambda settings: Schema(Query, settings), lambda _viewer: EVERYTHING)


async def make_shop(database: Database) -> Engines:
    """Two makers with a product each, which has a review."""
    engines = Engines(settings_of(database))
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (MakerRow, [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}]),
        (ProductRow, [{"id": n, "name": f"thing {n}", "stock": n, "maker_id": n} for n in (1, 2)]),
        (ReviewRow, [{"id": n, "stars": n, "product_id": n} for n in (1, 2)]),
    ]
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for model, values in rows:
            await connection.execute(insert(model), values)
    return engines
