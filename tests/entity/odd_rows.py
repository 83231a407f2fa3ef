"""Rows of the odd mappings: few, but with every combination of null and not null that matters."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.entity import odd
from tests.entity.odd_types import Query
from tests.entity.serving import Rows, Sample

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
DEVICES = [uuid.UUID(int=number * 2**100 + 7) for number in (3, 1, 2)]
SHOPS = ("Köln, Mitte", '100% "Quotes"', "")

PEOPLE: list[dict[str, Any]] = [
    {"given_name": "Ada", "family_name": "Byron", "home_id": 1, "work_id": 2},
    {"given_name": "Bo", "family_name": None, "home_id": 1, "work_id": 1},
    {"given_name": "Cleo", "family_name": "Dahl", "home_id": None, "work_id": 2},
    {"given_name": "Dora", "family_name": "Dahl", "home_id": 3, "work_id": None},
]
MESSAGES: list[dict[str, Any]] = [
    {"sender_id": 1, "recipient_id": 2, "text": "one", "sent_at": NOON},
    {"sender_id": 1, "recipient_id": 1, "text": "two", "sent_at": NOON + timedelta(hours=1)},
    {"sender_id": 2, "recipient_id": None, "text": "three", "sent_at": None},
    {"sender_id": 1, "recipient_id": 3, "text": "four", "sent_at": None},
    {"sender_id": 3, "recipient_id": 3, "text": "five", "sent_at": NOON},
    {"sender_id": 2, "recipient_id": 1, "text": "six", "sent_at": NOON - timedelta(days=1)},
]
MEMBERS: list[dict[str, Any]] = [
    {"name": "Zoe", "team_code": "red", "rank": 1, "is_active": True},
    {"name": "Yan", "team_code": "red", "rank": None, "is_active": True},
    {"name": "red", "team_code": "red", "rank": 2, "is_active": False},
    {"name": "Xu", "team_code": "a/b:c", "rank": 2, "is_active": True},
    {"name": "Will", "team_code": None, "rank": 1, "is_active": True},
    {"name": "Vic", "team_code": "a/b:c", "rank": 2, "is_active": False},
]
ENROLMENTS: list[dict[str, Any]] = [
    {"course_id": 1, "member_id": 4, "position": 1, "grade": 1.5},
    {"course_id": 1, "member_id": 1, "position": 2, "grade": None},
    {"course_id": 1, "member_id": 2, "position": 3, "grade": 0.1},
    {"course_id": 2, "member_id": 2, "position": 1, "grade": 1e-300},
    {"course_id": 2, "member_id": 1, "position": 2, "grade": 0.1 + 0.2},
]
NOTHING: dict[str, Any] = dict.fromkeys(
    [
        "device_uuid",
        "at",
        "seen_at",
        "noted_at",
        "value",
        "level",
        "is_valid",
        "mood",
        "quality",
        "payload",
        "text",
        "token",
    ]
)
READINGS: list[dict[str, Any]] = [
    NOTHING
    | {"colour": odd.Colour.GREEN, "day": date(2024, 2, 29), "device_uuid": DEVICES[0], "payload": {"a": [1, None]}},
    NOTHING
    | {
        "colour": odd.Colour.RED,
        "day": date(2024, 2, 29),
        "device_uuid": DEVICES[0],
        "at": time(23, 59, 59, 999_999),
        "seen_at": NOON,
        "noted_at": NOON.replace(tzinfo=None),
        "value": 0.1,
        "level": 32_767,
        "is_valid": True,
        "mood": odd.Colour.BLUE,
        "quality": "good",
        "payload": ["x", {"a": 1}],
        "text": "",
        "token": DEVICES[1],
    },
    NOTHING
    | {
        "colour": odd.Colour.RED,
        "day": date(1999, 12, 31),
        "device_uuid": DEVICES[1],
        "at": time(0, 0),
        "seen_at": NOON + timedelta(microseconds=1),
        "noted_at": NOON.replace(tzinfo=None) - timedelta(days=1),
        "value": -2.5,
        "level": -1,
        "is_valid": False,
        "mood": odd.Colour.RED,
        "quality": "bad",
        "payload": "x",
        "text": "ß",
        "token": DEVICES[2],
    },
    NOTHING | {"colour": odd.Colour.BLUE, "day": date(1999, 12, 31), "is_valid": True, "mood": odd.Colour.RED},
]


AWKWARD: list[dict[str, Any]] = [
    {
        "number": number,
        "keys": 1,
        "parent": 1 if number % 2 else 2,
        "parent_keys": 1,
        "after": ("x", None, "y")[number % 3],
        "before": None if number % 4 else "b",
        "limit": number % 2,
        "position": number % 3,
        "class_": ("%", None)[number % 2],
        "ratio": number / 7,
        "weight": number * Decimal("0.1"),
    }
    for number in range(1, 9)
]


def rows(_scale: int) -> Rows:
    """The rows of every table, those that others refer to first."""
    return {
        odd.Address: [{"city": "Ulm"}, {"city": None}, {"city": "Åbo"}, {"city": "Ulm"}],
        odd.Person: PEOPLE,
        odd.friendship: [
            {"person_id": person, "friend_id": friend} for person, friend in ((1, 2), (2, 1), (1, 3), (3, 3), (4, 1))
        ],
        odd.Passport: [{"person_id": 1, "number": "X1"}, {"person_id": 3, "number": "X3"}],
        odd.Message: MESSAGES,
        odd.Purchase: [{"shop": shop, "number": number} for shop in SHOPS for number in (1, 2)],
        odd.PurchaseLine: [
            {"shop": shop, "number": number, "line_no": line, "what": f"{number}.{line}"}
            for shop in SHOPS[:2]
            for number in (1, 2)
            for line in range(1, number + 1)
        ],
        odd.Delivery: [
            {"shop": SHOPS[0], "number": 2, "line_no": 1, "place_id": 1},
            {"shop": SHOPS[0], "number": 2, "line_no": 1, "place_id": None},
            {"shop": SHOPS[1], "number": 1, "line_no": 1, "place_id": 3},
            {"shop": SHOPS[1], "number": None, "line_no": 1, "place_id": 3},
            {"shop": None, "number": None, "line_no": None, "place_id": 3},
        ],
        odd.Team: [{"code": "red"}, {"code": "a/b:c"}, {"code": "ünïcode"}],
        odd.Member: MEMBERS,
        odd.Course: [{"title": "Logic"}, {"title": "Art"}, {"title": "Empty"}],
        odd.Enrolment: ENROLMENTS,
        odd.Device: [{"uuid": key, "label": f"d{number}"} for number, key in enumerate(DEVICES)],
        odd.Reading: READINGS,
        odd.Awkward: AWKWARD,
    }


ODD = Sample("odd", odd.Base.metadata, rows, Query)
