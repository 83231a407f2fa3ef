"""Texts that databases read each in their own way: letters of many alphabets, and columns filled up with blanks.

A port has a code of CHAR, which its country's is, too, and ships refer to codes by VARCHAR and by CHAR.
"""

# ruff: noqa: RUF001 - letters that look alike, on purpose

from __future__ import annotations

from sqlalchemy import CHAR, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import Connection, Node, entity, query_type
from tests.entity.serving import Rows, Sample

WORDS = (
    *("I", "i", "İ", "ı", "İstanbul", "istanbul", "ISTANBUL", "ıstanbul", "Iraklis", "Title", "title"),
    *("Straße", "STRASSE", "STRAẞE", "ΟΔΟΣ", "οδος", "οδοσ", "Οδός", "ΟΔΌΣ", "\u212a", "k", "K", "\u212b", "å", "Å"),
    *("Ǆ", "ǅ", "ǆ", "ﬀ", "FF", "ſ", "s", "S", "µ", "Μ", "μ", "Ⅷ", "ⅷ", "ПРИВЕТ", "Привет", "Ё", "ё", "𐐀", "𐐨"),
    *("é", "e\u0301", "É", "100 %", "a_b", "A_B", "a/b", "日本語", "😀", "", " ", "ab ", "ab"),
)


class Base(DeclarativeBase):
    pass


class WordRow(Base):
    __tablename__ = "words"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(50))
    long: Mapped[str] = mapped_column(Text)


class CountryRow(Base):
    __tablename__ = "countries"

    code: Mapped[str] = mapped_column(CHAR(5), primary_key=True)
    name: Mapped[str] = mapped_column(String(50))

    ports: Mapped[list[PortRow]] = relationship(back_populates="country", lazy="raise", order_by="PortRow.code")


class PortRow(Base):
    __tablename__ = "ports"

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    country_code: Mapped[str] = mapped_column(String(10), ForeignKey("countries.code"))
    short: Mapped[str | None] = mapped_column(CHAR(10))

    country: Mapped[CountryRow] = relationship(back_populates="ports", lazy="raise")
    ships: Mapped[list[ShipRow]] = relationship(back_populates="port", lazy="raise", order_by="ShipRow.id")


class ShipRow(Base):
    __tablename__ = "ships"

    id: Mapped[int] = mapped_column(primary_key=True)
    port_code: Mapped[str] = mapped_column(CHAR(10), ForeignKey("ports.code"))

    port: Mapped[PortRow] = relationship(back_populates="ships", lazy="raise")


@entity(WordRow)
class Word(Node):
    text: str
    long: str


@entity(CountryRow, plural="countries", keys=["code"])
class Country(Node):
    code: str
    name: str
    ports: Connection[Port]


@entity(PortRow, keys=["code"])
class Port(Node):
    code: str
    short: str | None
    country: Country
    ships: Connection[Ship]


@entity(ShipRow)
class Ship(Node):
    port_code: str
    port: Port


Query = query_type(Word, Country, Port, Ship)


def rows(_scale: int) -> Rows:
    return {
        WordRow: [{"id": number, "text": word, "long": word} for number, word in enumerate(WORDS, 1)],
        CountryRow: [{"code": "ab", "name": "Ab"}, {"code": "abc ", "name": "Abc"}, {"code": "", "name": "None"}],
        PortRow: [
            {"code": "p1", "country_code": "ab", "short": "x y"},
            {"code": "p2", "country_code": "ab", "short": " y  "},
            {"code": "p3", "country_code": "abc", "short": None},
        ],
        ShipRow: [{"id": 1, "port_code": "p1"}, {"id": 2, "port_code": "p3"}, {"id": 3, "port_code": "p1  "}],
    }


SPELLINGS = Sample("spellings", Base.metadata, rows, Query)
