"""Huge collections as the tutorials map them: written to, filtered, and never loaded.

A station has readings (`WriteOnlyMapped`), alarms in an order of their own (`DynamicMapped`), watchers beside it
(many-to-many), frosts (readings, by a condition of the join) and stations below it (a self reference).
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import DeclarativeBase, DynamicMapped, Mapped, WriteOnlyMapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


watching = Table(
    "watching",
    Base.metadata,
    Column("station_id", ForeignKey("stations.id"), primary_key=True),
    Column("watcher_id", ForeignKey("watchers.id"), primary_key=True),
)


class Station(Base):
    __tablename__ = "stations"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    above_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))

    readings: WriteOnlyMapped[Reading] = relationship(
        back_populates="station", cascade="all, delete-orphan", passive_deletes=True
    )
    frosts: WriteOnlyMapped[Reading] = relationship(
        primaryjoin="and_(Station.id == Reading.station_id, Reading.degrees < 0)", overlaps="readings, station"
    )
    alarms: DynamicMapped[Alarm] = relationship(back_populates="station", order_by="Alarm.level.desc()")
    watchers: WriteOnlyMapped[Watcher] = relationship(secondary=watching, back_populates="stations")
    above: Mapped[Station | None] = relationship(back_populates="below", remote_side=[id], lazy="raise")
    below: WriteOnlyMapped[Station] = relationship(back_populates="above", passive_deletes=True)


class Reading(Base):
    __tablename__ = "readings"

    id: Mapped[int] = mapped_column(primary_key=True)
    degrees: Mapped[int]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id", ondelete="CASCADE"))

    station: Mapped[Station] = relationship(back_populates="readings", lazy="raise")


class Alarm(Base):
    __tablename__ = "alarms"

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))

    station: Mapped[Station] = relationship(back_populates="alarms", lazy="raise")


class Watcher(Base):
    __tablename__ = "watchers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)

    stations: WriteOnlyMapped[Station] = relationship(secondary=watching, back_populates="watchers")
