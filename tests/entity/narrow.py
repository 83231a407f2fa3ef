"""Columns of PostgreSQL that hold less than their Python types: domains, addresses, ranges, times with a zone."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal

from sqlalchemy import DateTime, Integer, Numeric, SmallInteger, String, Time
from sqlalchemy.dialects.postgresql import CIDR, DOMAIN, INET, MACADDR, OID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.kinds import OffsetTime
from graph.entity import BigInt, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import ANYBODY, Crud, mutation_type


class Base(DeclarativeBase):
    pass


class HostRow(Base):
    __tablename__ = "hosts"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[time | None] = mapped_column(Time(timezone=True))
    positive: Mapped[int | None] = mapped_column(DOMAIN("positive", Integer, check="VALUE > 0"))
    word: Mapped[str | None] = mapped_column(DOMAIN("word", String(5), check="VALUE <> 'bad'"))
    small: Mapped[int | None] = mapped_column(DOMAIN("small", SmallInteger))
    moment: Mapped[datetime | None] = mapped_column(DOMAIN("moment", DateTime(timezone=True)))
    price: Mapped[Decimal | None] = mapped_column(DOMAIN("price", Numeric(5, 2)))
    address: Mapped[str | None] = mapped_column(INET)
    network: Mapped[str | None] = mapped_column(CIDR)
    card: Mapped[str | None] = mapped_column(MACADDR)
    number: Mapped[int | None] = mapped_column(OID)


@entity(HostRow)
class Host(Node):
    at: OffsetTime | None
    positive: int | None
    word: str | None
    small: int | None
    moment: datetime | None
    price: Decimal | None
    address: str | None
    network: str | None
    card: str | None
    number: BigInt | None


COLUMNS = (
    "at",
    "positive",
    "word",
    "small",
    "moment",
    "price",
    "address",
    "network",
    "card",
    "number",
)

hosts = Crud(Host, COLUMNS, may=lambda _viewer, _row: True, create=ANYBODY)

SCHEMA = Schema(
    query_type(Host),
    Settings.model_construct(),
    mutation=mutation_type([hosts.create, hosts.create_many]),
)
