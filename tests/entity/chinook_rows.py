"""The rows of Chinook: a small shop, the same at every run, with ties, gaps and people without anybody above them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.entity import chinook
from tests.entity.chinook_types import Query
from tests.entity.serving import Rows, Sample

CITIES = (("Berlin", "Germany"), ("São Paulo", "Brazil"), ("Köln", "Germany"), ("Paris", "France"), (None, None))
OPENED = datetime(2009, 1, 1, 12, tzinfo=UTC)
PRICES = (Decimal("0.99"), Decimal("1.99"), Decimal("0.49"))

Row = Mapping[str, Any]


def named(key: str, names: Sequence[str | None], times: int) -> list[Row]:
    """Rows with a number and a name."""
    return [{key: number, "name": names[number % len(names)]} for number in range(1, times + 1)]


def local(moment: datetime) -> datetime:
    """The moment as a clock on the wall shows it."""
    return moment.replace(tzinfo=None)


def albums(chance: Random, scale: int) -> list[Row]:
    # The last artist has no album.
    return [
        {"album_id": number, "title": f"Album {number:02}", "artist_id": chance.randint(1, 12 * scale - 1)}
        for number in range(1, 30 * scale + 1)
    ]


def tracks(chance: Random, scale: int) -> list[Row]:
    return [
        {
            "track_id": number,
            "name": chance.choice(["Intro", "Für Elise", "100% Pure", "under_score"]) + f" {number % 7}",
            "album_id": None if number % 11 == 0 else chance.randint(1, 30 * scale),
            "media_type_id": chance.randint(1, 4),
            "genre_id": None if number % 13 == 0 else chance.randint(1, 5),
            "composer": chance.choice([None, "Bach", "Clara Schumann", "bach"]),
            "milliseconds": chance.randint(1, 12) * 30_000,
            "bytes": None if number % 5 == 0 else chance.randint(1_000, 9_000) * 1_000,
            "unit_price": chance.choice(PRICES),
        }
        for number in range(1, 120 * scale + 1)
    ]


def entries(chance: Random, scale: int) -> list[Row]:
    # The last playlist is empty.
    pairs = {(chance.randint(1, 6 * scale - 1), chance.randint(1, 120 * scale)) for _ in range(70 * scale)}
    return [{"playlist_id": playlist, "track_id": track} for playlist, track in sorted(pairs)]


def employees(scale: int) -> list[Row]:
    # Each reports to the one whose number is half of theirs, so the first is at the top.
    return [
        {
            "employee_id": number,
            "last_name": f"Last {number % 4}",
            "first_name": f"First {number}",
            "title": "Manager" if number < 4 else None,
            "reports_to_id": number // 2 or None,
            "birth_date": None if number % 4 == 0 else local(OPENED - timedelta(days=10_000 + 400 * number)),
            "hire_date": local(OPENED + timedelta(days=30 * (number % 5), minutes=number)),
            "city": CITIES[number % 5][0],
            "country": CITIES[number % 5][1],
            "email": None,
        }
        for number in range(1, 9 * scale + 1)
    ]


def customers(chance: Random, scale: int) -> list[Row]:
    return [
        {
            "customer_id": number,
            "first_name": f"First {number % 6}",
            "last_name": f"Last {number}",
            "company": None if number % 3 else f"Company {number % 2}",
            "city": CITIES[number % 5][0],
            "country": CITIES[number % 5][1],
            "email": f"{number}@example.org",
            "support_rep_id": None if number % 7 == 0 else chance.randint(2, 9 * scale),
        }
        for number in range(1, 24 * scale + 1)
    ]


def invoice_lines(chance: Random, scale: int) -> list[Row]:
    return [
        {
            "invoice_line_id": number,
            "invoice_id": chance.randint(1, 60 * scale),
            "track_id": chance.randint(1, 120 * scale),
            "unit_price": chance.choice(PRICES),
            "quantity": chance.randint(1, 3),
        }
        for number in range(1, 150 * scale + 1)
    ]


def invoices(chance: Random, scale: int, lines: Sequence[Row]) -> list[Row]:
    made: list[Row] = []
    for number in range(1, 60 * scale + 1):
        city, country = chance.choice(CITIES)
        sold = [line["unit_price"] * line["quantity"] for line in lines if line["invoice_id"] == number]
        made.append(
            {
                "invoice_id": number,
                "customer_id": chance.randint(1, 24 * scale),
                "invoice_date": OPENED + timedelta(days=number % 40),
                "billing_city": city,
                "billing_country": country,
                "total": sum(sold, Decimal(0)),
            }
        )
    return made


def rows(scale: int) -> Rows:
    """The rows of every table, those that others refer to first."""
    chance = Random(7)
    lines = invoice_lines(chance, scale)
    return {
        chinook.Artist: named("artist_id", ["Ärzte", "Bach", None, "Čechomor", "ABBA", "abba"], 12 * scale),
        chinook.Album: albums(chance, scale),
        chinook.Genre: named("genre_id", ["Rock", "Jazz", "Metal", "Pop", "Opera", "Blues"], 6),
        chinook.MediaType: named("media_type_id", ["MPEG", "AAC", "FLAC", "WAV"], 4),
        chinook.Track: tracks(chance, scale),
        chinook.Playlist: named("playlist_id", ["Music", "Movies", "Nineties"], 6 * scale),
        chinook.PlaylistTrack: entries(chance, scale),
        chinook.Employee: employees(scale),
        chinook.Customer: customers(chance, scale),
        chinook.Invoice: invoices(chance, scale, lines),
        chinook.InvoiceLine: lines,
    }


CHINOOK = Sample("chinook", chinook.Base.metadata, rows, Query)
