"""The noun that the page on changes shows: what a stall has to sell."""

from decimal import Decimal
from functools import partial
from typing import Annotated

from pydantic import Field
from sqlalchemy import Numeric, String, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.session.engines import Engines
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import Crud, mutation_type, with_right
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema
from tests.writing.library import EDITOR, EDITORS


class Base(DeclarativeBase):
    """The base of this model alone."""


class ProductRow(Base):
    """Something to sell."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    stock: Mapped[int] = mapped_column(default=0)
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))


@entity(ProductRow, keys=["name", "code"])
class Product(Node):
    """Something to sell."""

    name: str
    code: str
    stock: int
    price: Decimal | None


products = Crud(
    Product,
    ["name", "code", "stock", "price"],
    may=with_right(EDITORS),
    create=EDITORS,
    rules={"stock": Annotated[int, Field(ge=0, lt=2**31)]},
    increments=["stock", "price"],
)

MUTATIONS = [products.update, products.update_many, products.delete_many]
MUTATIONS += [products.upsert, partial(products.upsert_many, by="code")]


class AskingStall(AskingSchema):
    """Asks the stall, as somebody who may change what is in it."""

    schema = Schema(query_type(Product), Settings.model_construct(), mutation=mutation_type(MUTATIONS))


async def make_stall(database: Database) -> AskingStall:
    """The stall with three things to sell."""
    engines = Engines(settings_of(database))
    rows = [
        {"name": "Rake", "code": "rake", "stock": 3, "price": Decimal("12.50")},
        {"name": "Spade", "code": "spade", "stock": 0, "price": Decimal("20.00")},
        {"name": "Twine", "code": "twine", "stock": 40, "price": None},
    ]
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(ProductRow), rows)
    return AskingStall(engines, EDITOR)
