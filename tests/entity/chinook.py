"""Chinook, the well-known record shop in eleven tables, as somebody might map it. It shares nothing with our nouns.

Names of tables and columns are those of the public schema for PostgreSQL; only `invoice_date` has a time zone here,
so that both kinds of moments occur. Source: https://github.com/lerocha/chinook-database
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import DateTime, ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]
ShortText = Annotated[str, mapped_column(String(60))]
LongText = Annotated[str, mapped_column(String(200))]


class Base(DeclarativeBase):
    pass


class Artist(Base):
    __tablename__ = "artist"

    artist_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[LongText | None]

    albums: Mapped[list[Album]] = relationship(back_populates="artist", lazy="raise")


class Album(Base):
    __tablename__ = "album"

    album_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[LongText]
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.artist_id"))

    artist: Mapped[Artist] = relationship(back_populates="albums", lazy="raise")
    tracks: Mapped[list[Track]] = relationship(back_populates="album", lazy="raise")


class Genre(Base):
    __tablename__ = "genre"

    genre_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[LongText | None]

    tracks: Mapped[list[Track]] = relationship(back_populates="genre", lazy="raise")


class MediaType(Base):
    __tablename__ = "media_type"

    media_type_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[LongText | None]

    tracks: Mapped[list[Track]] = relationship(back_populates="media_type", lazy="raise")


class Playlist(Base):
    __tablename__ = "playlist"

    playlist_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[LongText | None]

    tracks: Mapped[list[Track]] = relationship(secondary="playlist_track", back_populates="playlists", lazy="raise")
    entries: Mapped[list[PlaylistTrack]] = relationship(back_populates="playlist", viewonly=True, lazy="raise")


class PlaylistTrack(Base):
    __tablename__ = "playlist_track"

    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlist.playlist_id"), primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("track.track_id"), primary_key=True)

    playlist: Mapped[Playlist] = relationship(back_populates="entries", viewonly=True, lazy="raise")
    track: Mapped[Track] = relationship(back_populates="entries", viewonly=True, lazy="raise")


class Track(Base):
    __tablename__ = "track"

    track_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[LongText]
    album_id: Mapped[int | None] = mapped_column(ForeignKey("album.album_id"))
    media_type_id: Mapped[int] = mapped_column(ForeignKey("media_type.media_type_id"))
    genre_id: Mapped[int | None] = mapped_column(ForeignKey("genre.genre_id"))
    composer: Mapped[LongText | None]
    milliseconds: Mapped[int]
    bytes: Mapped[int | None]
    unit_price: Mapped[Money]

    album: Mapped[Album | None] = relationship(back_populates="tracks", lazy="raise")
    media_type: Mapped[MediaType] = relationship(back_populates="tracks", lazy="raise")
    genre: Mapped[Genre | None] = relationship(back_populates="tracks", lazy="raise")
    playlists: Mapped[list[Playlist]] = relationship(secondary="playlist_track", back_populates="tracks", lazy="raise")
    entries: Mapped[list[PlaylistTrack]] = relationship(back_populates="track", viewonly=True, lazy="raise")
    invoice_lines: Mapped[list[InvoiceLine]] = relationship(back_populates="track", lazy="raise")


class Employee(Base):
    __tablename__ = "employee"

    employee_id: Mapped[int] = mapped_column(primary_key=True)
    last_name: Mapped[ShortText]
    first_name: Mapped[ShortText]
    title: Mapped[ShortText | None]
    reports_to_id: Mapped[int | None] = mapped_column("reports_to", ForeignKey("employee.employee_id"))
    birth_date: Mapped[datetime | None]
    hire_date: Mapped[datetime | None]
    city: Mapped[ShortText | None]
    country: Mapped[ShortText | None]
    email: Mapped[ShortText | None]

    reports_to: Mapped[Employee | None] = relationship(back_populates="reports", remote_side=employee_id, lazy="raise")
    reports: Mapped[list[Employee]] = relationship(back_populates="reports_to", lazy="raise")
    customers: Mapped[list[Customer]] = relationship(back_populates="support_rep", lazy="raise")


class Customer(Base):
    __tablename__ = "customer"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[ShortText]
    last_name: Mapped[ShortText]
    company: Mapped[ShortText | None]
    city: Mapped[ShortText | None]
    country: Mapped[ShortText | None]
    email: Mapped[ShortText]
    support_rep_id: Mapped[int | None] = mapped_column(ForeignKey("employee.employee_id"))

    support_rep: Mapped[Employee | None] = relationship(back_populates="customers", lazy="raise")
    invoices: Mapped[list[Invoice]] = relationship(back_populates="customer", lazy="raise")


class Invoice(Base):
    __tablename__ = "invoice"

    invoice_id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.customer_id"))
    invoice_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    billing_city: Mapped[ShortText | None]
    billing_country: Mapped[ShortText | None]
    total: Mapped[Money]

    customer: Mapped[Customer] = relationship(back_populates="invoices", lazy="raise")
    lines: Mapped[list[InvoiceLine]] = relationship(back_populates="invoice", lazy="raise")


class InvoiceLine(Base):
    __tablename__ = "invoice_line"

    invoice_line_id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.invoice_id"))
    track_id: Mapped[int] = mapped_column(ForeignKey("track.track_id"))
    unit_price: Mapped[Money]
    quantity: Mapped[int]

    invoice: Mapped[Invoice] = relationship(back_populates="lines", lazy="raise")
    track: Mapped[Track] = relationship(back_populates="invoice_lines", lazy="raise")
