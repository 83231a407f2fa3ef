"""Resolvers of one's own, as docs/resolvers.md shows them: with the session, with a loader, for some viewers only."""

from __future__ import annotations

from typing import TypeAlias

import strawberry
from aiodataloader import DataLoader
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from db.session import RequestSession
from graph.context import RequestContext
from graph.entity import Connection, Node, computed, entity, query_type, row
from graph.viewer import Viewer
from tests.entity.serving import Rows, Sample

Info: TypeAlias = strawberry.Info[RequestContext, None]


class Base(DeclarativeBase):
    pass


class BedModel(Base):
    __tablename__ = "beds"

    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    budget: Mapped[int]

    plants: Mapped[list[PlantModel]] = relationship(back_populates="bed", lazy="raise")


class PlantModel(Base):
    __tablename__ = "plants"

    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    height: Mapped[int]
    bed_number: Mapped[int] = mapped_column(ForeignKey("beds.number"))

    bed: Mapped[BedModel] = relationship(back_populates="plants", lazy="raise")


class Heights(DataLoader[int, int]):
    """From the numbers of beds to the height of the tallest plant of each, in centimetres."""

    def __init__(self, session: RequestSession) -> None:
        super().__init__()
        self._session = session

    async def batch_load_fn(self, beds: list[int]) -> list[int]:
        """One statement for all beds of one tick, in their order."""
        tallest = select(PlantModel.bed_number, func.max(PlantModel.height)).group_by(PlantModel.bed_number)
        found = await self._session.execute(tallest.where(PlantModel.bed_number.in_(beds)))
        heights = dict(found.all())
        return [heights.get(bed, 0) for bed in beds]


def is_treasurer(viewer: Viewer) -> bool:
    """Those who may see what is spent."""
    return viewer.has("treasurer")


@entity(BedModel)
class Bed(Node):
    number: int
    name: str
    plants: Connection[Plant]

    @computed(needs=["number"])
    async def tallest(self, info: Info) -> int:
        """The height of the tallest plant, in centimetres."""
        return await info.context.loaders.get(Heights).load(self.number)

    @computed(needs=["number"], seen_by=is_treasurer)
    async def budget(self, info: Info) -> int | None:
        """What may be spent on the bed; for treasurers."""
        bed = await info.context.session.get_one(BedModel, self.number)
        return bed.budget


@entity(PlantModel)
class Plant(Node):
    name: str
    height: int

    @computed(needs=["name"], seen_by=is_treasurer)
    def secret(self) -> str:
        """What the plant is called among treasurers."""
        return self.name[::-1]


@strawberry.type
class Query(query_type(Bed, Plant)):  # type: ignore[misc]  # made while running
    @strawberry.field
    async def largest_plant(self, info: Info) -> Plant | None:
        """The tallest plant of the garden: its number is read here, and its row with what is selected of it."""
        tallest = select(PlantModel.number).order_by(PlantModel.height.desc()).limit(1)
        number = await info.context.session.scalar(tallest)
        return None if number is None else row(Plant, number)

    @strawberry.field
    async def signs(self, info: Info) -> list[str]:
        """What the signs of the garden say, one for each bed."""
        beds = select(BedModel).options(selectinload(BedModel.plants)).order_by(BedModel.number)
        found = await info.context.session.scalars(beds)
        return [f"{bed.name}: {len(bed.plants)}" for bed in found]


def _rows(_scale: int) -> Rows:
    beds = [("Shade", 100), ("Sun", 200), ("Empty", 0)]
    plants = [("Fern", 60, 1), ("Moss", 2, 1), ("Sunflower", 210, 2)]
    return {
        BedModel: [{"name": name, "budget": budget} for name, budget in beds],
        PlantModel: [{"name": name, "height": height, "bed_number": bed} for name, height, bed in plants],
    }


GARDEN = Sample("garden", Base.metadata, _rows, Query)
