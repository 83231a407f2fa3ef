"""Mappings that people really have, beyond the simple ones: keys of several columns, several roads to one table.

Each class is one oddity or a few; what they have in common is only that somebody's schema looks like this.
"""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Numeric,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    and_,
    func,
    join,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, declared_attr, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Numbered:
    """A mixin with the key."""

    id: Mapped[int] = mapped_column(primary_key=True)


class Placed:
    """A mixin with a foreign key and a relationship."""

    place_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))

    @declared_attr
    def place(cls) -> Mapped[Address | None]:  # noqa: N805 - the class is what it is called with
        """Where it is."""
        return relationship(lazy="raise", foreign_keys=[cls.place_id])  # type: ignore[list-item]  # a column, once mapped


friendship = Table(
    "friendship",
    Base.metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("friend_id", ForeignKey("person.id"), primary_key=True),
)


class Person(Numbered, Base):
    """Several roads to one table, a one-to-one, and a many-to-many with itself."""

    __tablename__ = "person"  # the class's name in lower case: the list is called `people` by declaration

    given_name: Mapped[str] = mapped_column("first_name", String(40))
    family_name: Mapped[str | None] = mapped_column("last_name", String(40))
    home_id: Mapped[int | None] = mapped_column("home", ForeignKey("address.id"))
    work_id: Mapped[int | None] = mapped_column("work", ForeignKey("address.id"))
    full_name: Mapped[str] = column_property(given_name + " " + func.coalesce(family_name, "?"))

    home: Mapped[Address | None] = relationship(foreign_keys=[home_id], back_populates="residents", lazy="raise")
    work: Mapped[Address | None] = relationship(foreign_keys=[work_id], back_populates="workers", lazy="raise")
    passport: Mapped[Passport | None] = relationship(back_populates="holder", uselist=False, lazy="raise")
    friends: Mapped[list[Person]] = relationship(
        secondary=friendship,
        primaryjoin=lambda: Person.id == friendship.c.person_id,
        secondaryjoin=lambda: Person.id == friendship.c.friend_id,
        back_populates="friend_of",
        lazy="raise",
    )
    friend_of: Mapped[list[Person]] = relationship(
        secondary=friendship,
        primaryjoin=lambda: Person.id == friendship.c.friend_id,
        secondaryjoin=lambda: Person.id == friendship.c.person_id,
        back_populates="friends",
        lazy="raise",
    )
    sent: Mapped[list[Message]] = relationship(
        foreign_keys="Message.sender_id", back_populates="sender", lazy="raise", order_by="Message.sent_at.desc()"
    )
    received: Mapped[list[Message]] = relationship(
        foreign_keys="Message.recipient_id", back_populates="recipient", lazy="raise"
    )
    last_sent: Mapped[Message | None] = relationship(
        foreign_keys="Message.sender_id",
        order_by="Message.sent_at.desc().nulls_last()",
        uselist=False,
        viewonly=True,
        lazy="raise",
    )
    to_self: Mapped[list[Message]] = relationship(
        primaryjoin="and_(Person.id == Message.sender_id, Message.sender_id == Message.recipient_id)",
        foreign_keys="Message.sender_id",
        viewonly=True,
        lazy="raise",
    )


class Address(Numbered, Base):
    """The far end of two roads."""

    __tablename__ = "address"

    city: Mapped[str | None] = mapped_column(String(40))

    residents: Mapped[list[Person]] = relationship(foreign_keys=[Person.home_id], back_populates="home", lazy="raise")
    workers: Mapped[list[Person]] = relationship(foreign_keys=[Person.work_id], back_populates="work", lazy="raise")


class Passport(Base):
    """One for each person at most; its key is a foreign key."""

    __tablename__ = "passport"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(9), unique=True)

    holder: Mapped[Person] = relationship(back_populates="passport", uselist=False, lazy="raise")


class Message(Numbered, Base):
    """Two people."""

    __tablename__ = "message"

    sender_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str]
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    sender: Mapped[Person] = relationship(foreign_keys=[sender_id], back_populates="sent", lazy="raise")
    recipient: Mapped[Person | None] = relationship(
        foreign_keys=[recipient_id], back_populates="received", lazy="raise"
    )


class Purchase(Base):
    """A key of two columns, one of them text."""

    __tablename__ = "purchase"

    shop: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)

    lines: Mapped[list[PurchaseLine]] = relationship(back_populates="purchase", lazy="raise")


class PurchaseLine(Base):
    """A foreign key of two columns, which are part of a key of three."""

    __tablename__ = "purchase_line"
    __table_args__ = (ForeignKeyConstraint(["shop", "number"], ["purchase.shop", "purchase.number"]),)

    shop: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    what: Mapped[str]

    purchase: Mapped[Purchase] = relationship(back_populates="lines", lazy="raise")
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="line", lazy="raise")


class Delivery(Placed, Numbered, Base):
    """A foreign key of three columns, any of which may be null; and a relationship from a mixin."""

    __tablename__ = "delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shop", "number", "line_no"], ["purchase_line.shop", "purchase_line.number", "purchase_line.line_no"]
        ),
    )

    shop: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[int | None]
    line_no: Mapped[int | None] = mapped_column(SmallInteger)

    line: Mapped[PurchaseLine | None] = relationship(back_populates="deliveries", lazy="raise")


class Team(Base):
    """A text as key, relationships with conditions of their own, and a hybrid that counts."""

    __tablename__ = "team"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)

    members: Mapped[list[Member]] = relationship(
        back_populates="team", order_by=lambda: [Member.rank.desc().nulls_first(), Member.name], lazy="raise"
    )
    active_members: Mapped[list[Member]] = relationship(
        primaryjoin=lambda: and_(Team.code == Member.team_code, Member.is_active),
        order_by=lambda: Member.name.desc(),
        viewonly=True,
        lazy="raise",
    )
    first_member: Mapped[Member | None] = relationship(
        primaryjoin=lambda: and_(Team.code == Member.team_code, Member.is_active),
        order_by=lambda: Member.name,
        uselist=False,
        viewonly=True,
        lazy="raise",
    )
    namesakes: Mapped[list[Member]] = relationship(
        primaryjoin="Team.code == foreign(Member.name)", viewonly=True, lazy="raise"
    )
    courses: Mapped[list[Course]] = relationship(
        secondary=lambda: join(Enrolment, Member, Enrolment.member_id == Member.id),
        primaryjoin=lambda: Team.code == Member.team_code,
        secondaryjoin=lambda: Course.id == Enrolment.course_id,
        viewonly=True,
        lazy="raise",
    )

    @hybrid_property
    def size(self) -> int:
        """How many members the team has."""
        return len(self.members)

    @size.inplace.expression
    @classmethod
    def _size_in_sql(cls) -> ColumnElement[int]:
        return select(func.count()).where(Member.team_code == cls.code).correlate_except(Member).scalar_subquery()


class Member(Numbered, Base):
    """The far end of a text key."""

    __tablename__ = "member"

    name: Mapped[str] = mapped_column(String(20))
    team_code: Mapped[str | None] = mapped_column("team", ForeignKey("team.code"))
    rank: Mapped[int | None]
    is_active: Mapped[bool]

    team: Mapped[Team | None] = relationship(back_populates="members", lazy="raise")
    enrolments: Mapped[list[Enrolment]] = relationship(back_populates="member", lazy="raise")


class Course(Numbered, Base):
    """Members in an order that the table between them keeps."""

    __tablename__ = "course"

    title: Mapped[str]

    enrolments: Mapped[list[Enrolment]] = relationship(
        back_populates="course", order_by="Enrolment.position", lazy="raise"
    )
    students: Mapped[list[Member]] = relationship(
        secondary="enrolment", order_by="Enrolment.position", viewonly=True, lazy="raise"
    )
    finalists: Mapped[list[Member]] = relationship(
        secondary="enrolment",
        primaryjoin="and_(Course.id == Enrolment.course_id, Enrolment.position <= 2)",
        order_by="Enrolment.position.desc()",
        viewonly=True,
        lazy="raise",
    )


class Enrolment(Base):
    """An association with something to say."""

    __tablename__ = "enrolment"

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    position: Mapped[int]
    grade: Mapped[float | None]

    course: Mapped[Course] = relationship(back_populates="enrolments", lazy="raise")
    member: Mapped[Member] = relationship(back_populates="enrolments", lazy="raise")


class Awkward(Base):
    """Names that statements use for themselves, words of SQL, and numbers that are not what they seem."""

    __tablename__ = "page"
    __table_args__ = (ForeignKeyConstraint(["parent", "parent_keys"], ["page.select", "page.keys"]),)

    number: Mapped[int] = mapped_column("select", primary_key=True)
    keys: Mapped[int] = mapped_column(primary_key=True)
    parent: Mapped[int | None]
    parent_keys: Mapped[int | None]
    after: Mapped[str | None]
    before: Mapped[str | None]
    limit: Mapped[int | None]
    position: Mapped[int | None]
    class_: Mapped[str | None] = mapped_column('of 100% "it"')
    ratio: Mapped[float | None] = mapped_column(Numeric(9, 6, asdecimal=False))
    weight: Mapped[Decimal | None] = mapped_column(Float(asdecimal=True))

    page: Mapped[Awkward | None] = relationship(
        back_populates="pages", remote_side=lambda: [Awkward.number, Awkward.keys], lazy="raise"
    )
    pages: Mapped[list[Awkward]] = relationship(back_populates="page", lazy="raise")


class Colour(enum.Enum):
    """What light does."""

    RED = 1
    GREEN = 2
    BLUE = 3


class Device(Base):
    """A UUID as key."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("label"),)

    uuid: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    label: Mapped[str] = mapped_column(String(20))

    readings: Mapped[list[Reading]] = relationship(back_populates="device", lazy="raise")


class Reading(Base):
    """A UUID as foreign key, an enumeration in the key, and a column of every kind; all of them may be null."""

    __tablename__ = "readings"

    colour: Mapped[Colour] = mapped_column(Enum(Colour, name="colour"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    device_uuid: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("devices.uuid"))
    at: Mapped[time | None]
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    noted_at: Mapped[datetime | None]
    value: Mapped[float | None] = mapped_column(Float)
    level: Mapped[int | None] = mapped_column(SmallInteger)
    is_valid: Mapped[bool | None]
    mood: Mapped[Colour | None] = mapped_column(Enum(Colour, native_enum=False, length=10))
    quality: Mapped[str | None] = mapped_column(Enum("good", "bad", name="quality"))
    payload: Mapped[Any | None] = mapped_column(JSON)
    text: Mapped[str | None]
    token: Mapped[uuid.UUID | None]

    device: Mapped[Device | None] = relationship(back_populates="readings", lazy="raise")
