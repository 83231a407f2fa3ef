"""The GraphQL types of Chinook, as its owner would write them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from graph.entity import Connection, Node, computed, entity, query_type
from tests.entity import chinook


@entity(chinook.Artist)
class Artist(Node):
    """Somebody who makes music."""

    name: str | None
    albums: Connection[Album]


@entity(chinook.Album)
class Album(Node):
    """Tracks that came out together."""

    title: str
    artist: Artist
    tracks: Connection[Track]


@entity(chinook.Genre, keys=["name"])
class Genre(Node):
    """A kind of music."""

    name: str | None
    tracks: Connection[Track]


@entity(chinook.MediaType)
class MediaType(Node):
    """A format of files."""

    name: str | None
    tracks: Connection[Track]


@entity(chinook.Playlist)
class Playlist(Node):
    """Tracks that somebody likes to hear together."""

    name: str | None
    tracks: Connection[Track]
    entries: Connection[PlaylistTrack]


@entity(chinook.PlaylistTrack)
class PlaylistTrack(Node):
    """A track's place on a playlist."""

    playlist: Playlist
    track: Track


@entity(chinook.Track)
class Track(Node):
    """A piece of music."""

    name: str
    composer: str | None
    milliseconds: int
    bytes: int | None
    unit_price: Decimal
    album: Album | None
    media_type: MediaType
    genre: Genre | None
    playlists: Connection[Playlist]
    entries: Connection[PlaylistTrack]
    invoice_lines: Connection[InvoiceLine]

    @computed(needs=["milliseconds"])
    def minutes(self) -> float:
        """How long the track plays, in minutes."""
        return self.milliseconds / 60_000


@entity(chinook.Employee)
class Employee(Node):
    """Somebody who works in the shop."""

    last_name: str
    first_name: str
    title: str | None
    birth_date: datetime | None
    hire_date: datetime | None
    city: str | None
    country: str | None
    email: str | None
    reports_to: Employee | None
    reports: Connection[Employee]
    customers: Connection[Customer]


@entity(chinook.Customer)
class Customer(Node):
    """Somebody who buys."""

    first_name: str
    last_name: str
    company: str | None
    city: str | None
    country: str | None
    email: str
    support_rep: Employee | None
    invoices: Connection[Invoice]


@entity(chinook.Invoice)
class Invoice(Node):
    """What a customer bought at once."""

    invoice_date: datetime
    billing_city: str | None
    billing_country: str | None
    total: Decimal
    customer: Customer
    lines: Connection[InvoiceLine]


@entity(chinook.InvoiceLine)
class InvoiceLine(Node):
    """A track on an invoice."""

    unit_price: Decimal
    quantity: int
    invoice: Invoice
    track: Track


TYPES = (Artist, Album, Genre, MediaType, Playlist, PlaylistTrack, Track, Employee, Customer, Invoice, InvoiceLine)
Query = query_type(*TYPES)
