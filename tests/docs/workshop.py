"""A workshop that lends tools, as the pages on fields, policies and mutations of one's own show it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import strawberry
from pydantic import Field
from sqlalchemy import ColumnElement, ForeignKey, String, insert, or_, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.relations import Predicate, Row, Visibility, viewer_id
from db.session.engines import Engines
from graph.auth.visibilities import Kind, RowPolicies, ValuePolicies, check, nothing, visibility_of
from graph.entity import Connection, Node, Schema, computed, entity, hybrid, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import Change, Input, Rejected, Right, UserError, id_of, mutation, mutation_type, user_error
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema

KEEPER = "keeper"
"""The role of those who keep the workshop."""


class Base(DeclarativeBase):
    """The base of these models alone."""


class ToolModel(Base):
    """Something that is lent."""

    __tablename__ = "tools"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    price_cents: Mapped[int]
    fee_percent: Mapped[int]
    is_broken: Mapped[bool] = mapped_column(default=False)

    loans: Mapped[list[LoanModel]] = relationship(back_populates="tool", lazy="raise")

    @hybrid_property
    def fee_cents(self) -> int:
        """The fee for a day: some per cent of the price."""
        return self.price_cents * self.fee_percent // 100


class LoanModel(Base):
    """A tool in somebody's hands."""

    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    tool_id: Mapped[int] = mapped_column(ForeignKey("tools.id"))
    member_id: Mapped[int]
    lent_on: Mapped[date]
    returned_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(String(200))

    tool: Mapped[ToolModel] = relationship(back_populates="loans", lazy="raise")


@entity(ToolModel, keys=["name"])
class Tool(Node):
    """Something that is lent."""

    name: str
    is_broken: bool
    fee_cents: int = hybrid(needs=["price_cents", "fee_percent"])
    loans: Connection[Loan]

    @computed(needs=["name", "is_broken"])
    def label(self, shout: bool = False) -> str:
        """What stands on the tool's label."""
        text = f"{self.name} (broken)" if self.is_broken else self.name
        return text.upper() if shout else text


@entity(LoanModel)
class Loan(Node):
    """A tool in somebody's hands."""

    tool: Tool
    lent_on: date
    returned_on: date | None
    note: str | None


def everything(_kind: Kind) -> Predicate | None:
    """All rows, for everybody."""
    return None


def of_members(kind: Kind) -> Predicate | None:
    """A member's own loans; all of them for keepers; none for strangers."""
    if kind.has(KEEPER):
        return None
    return _is_own if kind.is_user else nothing


def _is_own(loan: Row) -> ColumnElement[bool]:
    return loan.member_id == viewer_id()  # type: ignore[no-any-return]  # an alias has no types


def sound_or_borrowed(kind: Kind) -> Predicate | None:
    """Tools that are whole, and those that a member has had; all of them for keepers."""
    return None if kind.has(KEEPER) else _is_sound_or_borrowed


def _is_sound_or_borrowed(tool: Row) -> ColumnElement[bool]:
    borrowed = select(LoanModel.tool_id).where(LoanModel.member_id == viewer_id())
    return or_(~tool.is_broken, tool.id.in_(borrowed))


def of_keepers(kind: Kind) -> Predicate | None:
    """For keepers alone."""
    return None if kind.has(KEEPER) else nothing


ROWS: RowPolicies = {ToolModel: sound_or_borrowed, LoanModel: of_members}
VALUES: ValuePolicies = {(LoanModel, "note"): of_keepers}


def visibility(viewer: Viewer) -> Visibility:
    """What a viewer may see; the same object for all viewers of one kind."""
    return _visibility(Kind(viewer.id is not None, viewer.roles & {KEEPER}))


@lru_cache
def _visibility(kind: Kind) -> Visibility:
    return visibility_of(kind, ROWS, VALUES)


check(Base.registry.mappers, ROWS, VALUES)


@user_error
class AlreadyLent(UserError):
    """The tool is in somebody's hands."""

    CODE = "ALREADY_LENT"

    since: date = strawberry.field(description="The day on which it was lent.")

    def __init__(self, message: str, place: tuple[str, ...], *, since: date) -> None:
        super().__init__(message, place)
        self.since = since


class BorrowToolInput(Input):
    """Which tool is borrowed."""

    tool: id_of(Tool) = Field(description="Which tool.")  # type: ignore[valid-type]  # Pydantic takes it
    note: str | None = Field(None, max_length=200, description="A word for those who keep the workshop.")


@mutation(errors=[AlreadyLent], loan=Loan)
async def borrow_tool(values: BorrowToolInput, change: Change) -> LoanModel:
    """Take a tool home."""
    tool = await change.find(ToolModel, values.tool, "tool")
    statement = select(LoanModel.lent_on).where(LoanModel.tool_id == tool.id, LoanModel.returned_on.is_(None))
    since = await change.session.scalar(statement)
    if since is not None:
        raise Rejected(AlreadyLent(f"{tool.name} is lent; ask for another tool.", ("input", "tool"), since=since))
    loan = LoanModel(tool=tool, member_id=change.viewer.id, lent_on=TODAY, note=values.note)
    change.session.add(loan)
    await change.flush()
    change.touch(loan)
    return loan


class MendToolInput(Input):
    """Which tool is whole again."""

    tool: id_of(Tool) = Field(description="Which tool.")  # type: ignore[valid-type]  # as above


@mutation(right=Right(KEEPER), tool=Tool)
async def mend_tool(values: MendToolInput, change: Change) -> ToolModel:
    """Say that a tool is whole again."""
    tool = await change.find(ToolModel, values.tool, "tool")
    tool.is_broken = False
    change.touch(tool)
    return tool


TODAY = date(2026, 5, 4)
SCHEMA = Schema(query_type(Tool, Loan), Settings.model_construct(), mutation=mutation_type([borrow_tool, mend_tool]))


class AskingWorkshop(AskingSchema):
    """Asks the workshop, under its policies."""

    schema = SCHEMA

    def visible_to(self, viewer: Viewer) -> Visibility:
        """What the policies say."""
        return visibility(viewer)


async def make_workshop(database: Database) -> AskingWorkshop:
    """The workshop with three tools, of which member 1 has had two."""
    engines = Engines(settings_of(database))
    tools = [("Drill", 8_000, 5, False), ("Ladder", 12_000, 2, False), ("Saw", 9_900, 4, True)]
    names = ("name", "price_cents", "fee_percent", "is_broken")
    loans = [(1, 2, None, None), (3, 1, date(2026, 3, 2), "Came back blunt.")]
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(ToolModel), [dict(zip(names, tool, strict=True)) for tool in tools])
        await connection.execute(
            insert(LoanModel),
            [
                {"tool_id": tool, "member_id": member, "lent_on": date(2026, 3, 1), "returned_on": day, "note": note}
                for tool, member, day, note in loans
            ],
        )
    return AskingWorkshop(engines)
