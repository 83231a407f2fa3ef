"""A noun with types of its own: hosts in a network, known by their addresses, with the serials of their devices.

All that is said of an address and of a serial is one entry each; columns, filters, orders, aggregates, ids, cursors and
inputs follow from it.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, NewType

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, String, Text, type_coerce
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from graph.entity import (
    BigInt,
    Connection,
    Node,
    Operator,
    ScalarType,
    Schema,
    entity,
    query_type,
    register_operator,
    register_type,
)
from graph.entity.aggregate_functions import EXTREMES
from graph.entity.comparisons import ORDER
from graph.entity.scalars import InvalidScalar, LocalDateTime, from_text
from graph.settings import Settings
from graph.writing import ANYBODY, Crud, mutation_type


class Address(TypeDecorator[IPv4Address]):
    """An address as text, padded with zeros, so that texts have the order of addresses."""

    impl = String(15)
    cache_ok = True

    def process_bind_param(self, value: IPv4Address | None, dialect: Dialect) -> str | None:
        return None if value is None else ".".join(f"{int(part):03}" for part in str(value).split("."))

    def process_result_value(self, value: str | None, dialect: Dialect) -> IPv4Address | None:
        return None if value is None else IPv4Address(".".join(str(int(part)) for part in value.split(".")))


class SerialText(TypeDecorator[str]):
    """A serial, as it is printed on a device."""

    impl = String(20)
    cache_ok = True


Serial = NewType("Serial", str)


def serial(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("SN-"):
        raise InvalidScalar(value, "a serial, for instance SN-1")
    return value


register_type(
    ScalarType(
        annotation=IPv4Address,
        name="IPv4Address",
        description="An address of version 4, for instance `192.0.2.1`.",
        specified_by="https://www.rfc-editor.org/rfc/rfc791",
        parse=from_text(IPv4Address, "an address, for instance 192.0.2.1"),
        operators=ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        columns=(Address,),
    )
)
register_type(
    ScalarType(
        annotation=Serial, name="Serial", description="The serial of a device.", parse=serial, columns=(SerialText,)
    )
)
register_operator(
    Serial,
    Operator(
        "isPartOf",
        "Part of this text.",
        lambda column, text: type_coerce(text, Text).contains(column),
        bind=str.upper,
    ),
)


class Base(DeclarativeBase):
    pass


class HostRow(Base):
    __tablename__ = "hosts"

    address: Mapped[IPv4Address] = mapped_column(Address, primary_key=True)
    gateway_address: Mapped[IPv4Address | None] = mapped_column(Address, ForeignKey("hosts.address"))
    last_seen_at: Mapped[IPv4Address | None] = mapped_column(Address)
    serial: Mapped[str | None] = mapped_column(SerialText)
    octets: Mapped[int | None] = mapped_column(BigInteger)
    installed_at: Mapped[datetime | None] = mapped_column(DateTime)

    gateway: Mapped[HostRow | None] = relationship(remote_side=[address], back_populates="clients", lazy="raise")
    clients: Mapped[list[HostRow]] = relationship(back_populates="gateway", lazy="raise")

    @hybrid_property
    def seen_or_set(self) -> Any:
        """Where the host was seen last."""
        return self.last_seen_at


@entity(HostRow)
class Host(Node):
    """A machine in a network."""

    address: IPv4Address
    last_seen_at: IPv4Address | None
    seen_or_set: IPv4Address | None
    serial: Serial | None
    octets: BigInt | None
    installed_at: LocalDateTime | None
    gateway: Host | None
    clients: Connection[Host]


hosts = Crud(
    Host,
    ["address", "last_seen_at", "serial", "octets", "installed_at"],
    may=lambda _viewer, _row: True,
    create=ANYBODY,
)

Query = query_type(Host)
SCHEMA = Schema(
    Query,
    Settings.model_construct(),
    mutation=mutation_type([hosts.create]),
)
