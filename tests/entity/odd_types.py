"""The GraphQL types of the odd mappings, as their owners would write them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal

from strawberry.scalars import JSON

from graph.entity import Connection, Node, entity, query_type
from tests.entity import odd


@entity(odd.Person, plural="people")
class Person(Node):
    given_name: str
    family_name: str | None
    full_name: str
    home: Address | None
    work: Address | None
    passport: Passport | None
    friends: Connection[Person]
    friend_of: Connection[Person]
    sent: Connection[Message]
    received: Connection[Message]
    last_sent: Message | None
    to_self: Connection[Message]


@entity(odd.Address)
class Address(Node):
    city: str | None
    residents: Connection[Person]
    workers: Connection[Person]


@entity(odd.Passport, keys=["number"])
class Passport(Node):
    number: str
    holder: Person


@entity(odd.Message)
class Message(Node):
    text: str
    sent_at: datetime | None
    sender: Person
    recipient: Person | None


@entity(odd.Purchase)
class Purchase(Node):
    shop: str
    number: int
    lines: Connection[PurchaseLine]


@entity(odd.PurchaseLine)
class PurchaseLine(Node):
    line_no: int
    what: str
    purchase: Purchase
    deliveries: Connection[Delivery]


@entity(odd.Delivery)
class Delivery(Node):
    line: PurchaseLine | None
    place: Address | None


@entity(odd.Team, keys=["code"])
class Team(Node):
    code: str
    size: int
    members: Connection[Member]
    active_members: Connection[Member]
    first_member: Member | None
    namesakes: Connection[Member]
    courses: Connection[Course]


@entity(odd.Member)
class Member(Node):
    name: str
    rank: int | None
    is_active: bool
    team: Team | None
    enrolments: Connection[Enrolment]


@entity(odd.Course)
class Course(Node):
    title: str
    enrolments: Connection[Enrolment]
    students: Connection[Member]
    finalists: Connection[Member]


@entity(odd.Enrolment)
class Enrolment(Node):
    position: int
    grade: float | None
    course: Course
    member: Member


@entity(odd.Awkward, plural="awkward_pages")
class Awkward(Node):
    number: int
    keys: int
    after: str | None
    before: str | None
    limit: int | None
    position: int | None
    class_: str | None
    ratio: float | None
    weight: Decimal | None
    page: Awkward | None
    pages: Connection[Awkward]


@entity(odd.Device, keys=["uuid", "label"])
class Device(Node):
    uuid: uuid.UUID
    label: str
    readings: Connection[Reading]


@entity(odd.Reading)
class Reading(Node):
    colour: odd.Colour
    day: date
    at: time | None
    seen_at: datetime | None
    noted_at: datetime | None
    value: float | None
    level: int | None
    is_valid: bool | None
    mood: odd.Colour | None
    quality: str | None
    payload: JSON | None
    text: str | None
    token: uuid.UUID | None
    device: Device | None


TYPES = (
    Person,
    Address,
    Passport,
    Message,
    Purchase,
    PurchaseLine,
    Delivery,
    Team,
    Member,
    Course,
    Enrolment,
    Device,
    Reading,
    Awkward,
)
Query = query_type(*TYPES)
