"""A database of somebody else's: tables of one name in two schemas, quoted names, keys of several columns, views.

PostgreSQL alone has schemas and materialized views.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import pytest
from sqlalchemy import DDL, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.views import Keyless, View
from graph.entity import Connection, Node, Row, entity, named, query_type
from tests.databases import StatementRecorder
from tests.entity.conftest import Filled
from tests.entity.serving import Api, Rows, Sample, global_id, serve


class Base(DeclarativeBase):
    pass


ITEM = ["Code", "no", "at"]


class Maker(Base):
    """A table that is called as one of the other schema is, with a text for a key."""

    __tablename__ = "item"
    __table_args__ = {"schema": "north"}  # noqa: RUF012 - as SQLAlchemy has it

    code: Mapped[str] = mapped_column("the code", String(20), primary_key=True)

    items: Mapped[list[Item]] = relationship(back_populates="maker", foreign_keys="Item.code", lazy="raise")
    checked: Mapped[list[Item]] = relationship(back_populates="checker", foreign_keys="Item.checker_code", lazy="raise")
    total: Mapped[Total | None] = relationship(back_populates="maker", uselist=False, viewonly=True, lazy="raise")


class Item(Base):
    """A key of three columns, one of which is a foreign key; a reference to a row of the same table."""

    __tablename__ = "item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["Code", "up no", "up at"], ['south.item."Code"'.replace('"', ""), "south.item.no", "south.item.at"]
        ),
        {"schema": "south"},
    )

    code: Mapped[str] = mapped_column("Code", ForeignKey("north.item.the code"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[date] = mapped_column(primary_key=True)
    up_no: Mapped[int | None] = mapped_column("up no")
    up_at: Mapped[date | None] = mapped_column("up at")
    checker_code: Mapped[str | None] = mapped_column("checker's", ForeignKey("north.item.the code"))
    price: Mapped[int | None] = mapped_column("price $")

    maker: Mapped[Maker] = relationship(back_populates="items", foreign_keys=[code], lazy="raise")
    checker: Mapped[Maker | None] = relationship(back_populates="checked", foreign_keys=[checker_code], lazy="raise")
    up: Mapped[Item | None] = relationship(
        back_populates="down",
        foreign_keys=[code, up_no, up_at],
        remote_side=[code, no, at],
        lazy="raise",
        overlaps="maker,items",
    )
    down: Mapped[list[Item]] = relationship(
        back_populates="up", foreign_keys=[code, up_no, up_at], lazy="raise", overlaps="maker,items"
    )
    detail: Mapped[Detail | None] = relationship(back_populates="item", uselist=False, lazy="raise")
    taggings: Mapped[list[Tagging]] = relationship(back_populates="item", lazy="raise")
    tags: Mapped[list[Tag]] = relationship(secondary="south.tagging", viewonly=True, lazy="raise")
    raw: Mapped[list[RawItem]] = relationship(
        primaryjoin=lambda: (Item.code == RawItem.code) & (Item.no == RawItem.no),
        foreign_keys=lambda: [RawItem.code, RawItem.no],
        viewonly=True,
        lazy="raise",
    )


class Detail(Base):
    """One for each item at most: the key is the foreign key."""

    __tablename__ = "detail"
    __table_args__ = (
        ForeignKeyConstraint(ITEM, [f"south.item.{column}" for column in ITEM]),
        {"schema": "south"},
    )

    code: Mapped[str] = mapped_column("Code", String(20), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[date] = mapped_column(primary_key=True)
    text: Mapped[str | None]

    item: Mapped[Item] = relationship(back_populates="detail", lazy="raise")


class Tag(Base):
    __tablename__ = "tag"
    __table_args__ = {"schema": "north"}  # noqa: RUF012 - as SQLAlchemy has it

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(unique=True)

    items: Mapped[list[Item]] = relationship(secondary="south.tagging", viewonly=True, lazy="raise")


class Tagging(Base):
    """A table between two others, with a key and a column of its own."""

    __tablename__ = "tagging"
    __table_args__ = (
        ForeignKeyConstraint(ITEM, [f"south.item.{column}" for column in ITEM]),
        UniqueConstraint(*ITEM, "tag_id"),
        {"schema": "south"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column("Code", String(20))
    no: Mapped[int]
    at: Mapped[date]
    tag_id: Mapped[int] = mapped_column(ForeignKey("north.tag.id"))
    weight: Mapped[int]

    item: Mapped[Item] = relationship(back_populates="taggings", lazy="raise")
    tag: Mapped[Tag] = relationship(lazy="raise")


class Total(View, Base):
    """A materialized view, whose key is told and refers to a table."""

    __tablename__ = "Totals"
    __table_args__ = {"schema": "south"}  # noqa: RUF012 - as SQLAlchemy has it

    code: Mapped[str] = mapped_column("Code", ForeignKey("north.item.the code"), primary_key=True)
    items: Mapped[int]
    price: Mapped[int | None]

    maker: Mapped[Maker] = relationship(back_populates="total", viewonly=True, lazy="raise")


class Daily(View, Base):
    """A view with a key of two columns."""

    __tablename__ = "daily"
    __table_args__ = {"schema": "north"}  # noqa: RUF012 - as SQLAlchemy has it

    code: Mapped[str] = mapped_column("Code", ForeignKey("north.item.the code"), primary_key=True)
    at: Mapped[date] = mapped_column(primary_key=True)
    items: Mapped[int]

    maker: Mapped[Maker] = relationship(viewonly=True, lazy="raise")


class RawItem(Keyless, View, Base):
    """A view without a key."""

    __tablename__ = "raw item"
    __table_args__ = {"schema": "south"}  # noqa: RUF012 - as SQLAlchemy has it

    code: Mapped[str | None] = mapped_column("Code", String(20))
    no: Mapped[int | None]
    price: Mapped[int | None] = mapped_column("price $")


for schema in ("north", "south"):
    event.listen(Base.metadata, "before_create", DDL(f"CREATE SCHEMA {schema}"))  # type: ignore[no-untyped-call]  # SQLAlchemy's
for sql in (
    'CREATE MATERIALIZED VIEW south."Totals" AS SELECT "Code", count(*) AS items, sum("price $") AS price'
    ' FROM south.item GROUP BY "Code" WITH NO DATA',
    'CREATE VIEW north.daily AS SELECT "Code", at, count(*) AS items FROM south.item GROUP BY "Code", at',
    'CREATE VIEW south."raw item" AS SELECT "Code", no, "price $" FROM south.item UNION ALL'
    ' SELECT "Code", no, NULL FROM south.item',
):
    event.listen(Base.metadata, "after_create", DDL(sql))  # type: ignore[no-untyped-call]  # SQLAlchemy's


@entity(Maker, plural="makers")
class Maker_(Node):  # noqa: N801 - as the model
    code: str
    items: Connection[SouthItem]
    checked: Connection[SouthItem]
    total: MakerTotal | None


@entity(Item, plural="south_items")
class SouthItem(Node):
    code: str
    no: int
    at: date
    price: int | None = named("priceInDollars")
    maker: Maker_
    checker: Maker_ | None
    up: SouthItem | None
    down: Connection[SouthItem]
    detail: ItemDetail | None
    taggings: Connection[ItemTagging]
    tags: Connection[ItemTag]
    raw: Connection[Raw]


@entity(Detail)
class ItemDetail(Node):
    text: str | None
    item: SouthItem


@entity(Tag, keys=["word"], plural="item_tags")
class ItemTag(Node):
    word: str
    items: Connection[SouthItem]


@entity(Tagging)
class ItemTagging(Node):
    weight: int
    item: SouthItem
    tag: ItemTag


@entity(Total)
class MakerTotal(Node):
    items: int
    price: int | None
    maker: Maker_


@entity(Daily, plural="maker_days")
class MakerDay(Node):
    at: date
    items: int
    maker: Maker_


@entity(RawItem, plural="raw_items")
class Raw(Row):
    code: str | None
    no: int | None
    price: int | None


DAY = date(2026, 2, 28)
CODES = ("a", "B c", "ü'\"")


def rows(_scale: int) -> Rows:
    items = [
        {
            "code": CODES[number % 2],
            "no": number,
            "at": DAY.replace(day=number % 3 + 1),
            "checker_code": CODES[number % 3] if number % 4 else None,
            "price": number * 10 if number % 3 else None,
        }
        for number in range(1, 9)
    ]
    for item, up in zip(items[4:], items, strict=False):  # four rows later, the code is the same
        item |= {"up_no": up["no"], "up_at": up["at"]}
    for item in items[:4]:
        item |= {"up_no": None, "up_at": None}
    named_by = [{name: item[name] for name in ("code", "no", "at")} for item in items]
    return {
        Maker: [{"code": code} for code in CODES],
        Item: items,
        Detail: [key | {"text": f"on {key['no']}"} for key in named_by[::2]],
        Tag: [{"id": number, "word": word} for number, word in enumerate(("new", "old"), 1)],
        Tagging: [
            key | {"id": 2 * number + tag, "tag_id": tag, "weight": number}
            for number, key in enumerate(named_by)
            for tag in (1, 2)
            if (number + tag) % 3
        ],
    }


FOREIGN = Sample(
    "foreign",
    Base.metadata,
    rows,
    query_type(Maker_, SouthItem, ItemDetail, ItemTag, ItemTagging, MakerTotal, MakerDay, Raw),
)


@pytest.fixture
async def api(filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(FOREIGN, "postgresql"), FOREIGN) as api:
        async with api.engines.writing().begin() as connection:
            await connection.exec_driver_sql('REFRESH MATERIALIZED VIEW south."Totals"')
        yield api


class Held(NamedTuple):
    """A row of `south.item`."""

    code: str
    no: int
    at: date
    up_no: int | None
    checker: str | None
    price: int | None


async def items_of(api: Api) -> list[Held]:
    """The items, as SQL has them."""
    columns = (Item.code, Item.no, Item.at, Item.up_no, Item.checker_code, Item.price)
    return [Held(*row) for row in await api.rows(select(*columns).order_by(Item.no))]


async def test_tables_of_one_name_in_two_schemas_lead_to_each_other(api: Api, statements: StatementRecorder) -> None:
    held = await items_of(api)
    with statements() as seen:
        found = await api.ask(
            """
            { southItems(orderBy: [{no: ASC}]) { nodes {
                code no priceInDollars maker { code } checker { code } up { no } down { nodes { no } totalCount } } }
              makers { nodes { code items { totalCount } checked(orderBy: [{no: DESC}], first: 2) { nodes { no } } } } }
            """
        )
    # items; makers and checkers, and those above; pages and counts of those below; makers, two parts
    assert len(seen) == 1 + 1 + 1 + 2 + 3
    nodes = found["southItems"]["nodes"]
    assert [(node["code"], node["no"], node["priceInDollars"]) for node in nodes] == [
        (item.code, item.no, item.price) for item in held
    ]
    for node, item in zip(nodes, held, strict=True):
        assert node["maker"]["code"] == item.code
        assert (node["checker"] or {}).get("code") == item.checker
        assert (node["up"] or {}).get("no") == item.up_no
        below = [row.no for row in held if row.up_no == item.no]
        assert [one["no"] for one in node["down"]["nodes"]] == below
        assert node["down"]["totalCount"] == len(below)
    for maker in found["makers"]["nodes"]:
        assert maker["items"]["totalCount"] == sum(row.code == maker["code"] for row in held)
        checked = [row.no for row in held if row.checker == maker["code"]]
        assert [one["no"] for one in maker["checked"]["nodes"]] == checked[::-1][:2]


async def test_filters_and_orders_pass_over_keys_of_three_columns(api: Api) -> None:
    found = await api.ask(
        """
        { above: southItems(where: {down: {some: {priceInDollars: {gt: 60}}}}, orderBy: [{up: {no: DESC}}]) {
            nodes { no } }
          detailed: southItems(where: {up: {detail: {text: {startsWith: "on"}}}}) { nodes { no } }
          tagged: southItems(where: {tags: {every: {word: {eq: "new"}}, count: {eq: 1}}}) { nodes { no } }
          heavy: itemTags(where: {items: {some: {taggings: {some: {weight: {gte: 7}}}}}}) { nodes { word } }
          groups: southItemsAggregate { groupBy(by: [{value: UP}]) { nodes { count key { up { no } } } } } }
        """
    )
    held = await items_of(api)
    above = {row.up_no for row in held if (row.price or 0) > 60}
    assert {node["no"] for node in found["above"]["nodes"]} == above
    detailed = {row.no for row in held if row.up_no is not None and row.up_no % 2}
    assert {node["no"] for node in found["detailed"]["nodes"]} == detailed
    pairs = await api.rows(select(Tagging.no, Tag.word, Tagging.weight).join(Tag, Tag.id == Tagging.tag_id))
    words: dict[int, list[str]] = {}
    for no, word, _ in pairs:
        words.setdefault(no, []).append(word)
    assert {node["no"] for node in found["tagged"]["nodes"]} == {no for no, of in words.items() if of == ["new"]}
    heavy = {no for no, _, weight in pairs if weight >= 7}
    assert {node["word"] for node in found["heavy"]["nodes"]} == {word for no, word, _ in pairs if no in heavy}
    groups = [((group["key"]["up"] or {}).get("no"), group["count"]) for group in found["groups"]["groupBy"]["nodes"]]
    assert Counter(groups) == Counter(  # rows without one above fall apart by what they have of the foreign key
        (up_no, number) for (_, up_no), number in Counter((row.code, row.up_no) for row in held).items()
    )


async def test_the_table_between_two_others_has_a_type_and_is_a_way(api: Api) -> None:
    item = global_id(SouthItem, *(await api.rows(select(Item.code, Item.no, Item.at).where(Item.no == 5)))[0])
    found = await api.ask(
        """
        query ($id: ID!) { southItem(id: $id) {
            detail { text item { no } }
            tags(orderBy: [{word: DESC}]) { nodes { word } }
            taggings(orderBy: [{tag: {word: DESC}}]) { nodes { weight tag { word items { totalCount } } } }
            raw { nodes { no price } totalCount } } }
        """,
        id=item,
    )
    pairs = await api.rows(
        select(Tagging.weight, Tag.word)
        .join(Tag, Tag.id == Tagging.tag_id)
        .where(Tagging.no == 5)
        .order_by(Tag.word.desc())
    )
    numbers = dict(await api.rows(select(Tag.word, func.count()).join(Tagging).group_by(Tag.word)))
    one: Any = found["southItem"]
    assert one["detail"] == {"text": "on 5", "item": {"no": 5}}
    assert [tag["word"] for tag in one["tags"]["nodes"]] == [word for _, word in pairs]
    assert [(each["weight"], each["tag"]["word"]) for each in one["taggings"]["nodes"]] == [
        tuple(pair) for pair in pairs
    ]
    assert all(each["tag"]["items"]["totalCount"] == numbers[each["tag"]["word"]] for each in one["taggings"]["nodes"])
    assert one["raw"]["totalCount"] == 2
    assert sorted(row["price"] or 0 for row in one["raw"]["nodes"]) == [0, 50]


async def test_views_have_ids_and_relations_by_the_keys_that_were_told(api: Api) -> None:
    held = await items_of(api)
    document = """
        query ($after: String) {
          makerDays(first: 2, after: $after, orderBy: [{maker: {code: DESC}}]) {
            nodes { id at items maker { code total { items price maker { code } } } }
            pageInfo { hasNextPage endCursor } } }
        """
    days: list[Any] = []
    page: Any = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = (await api.ask(document, after=page["pageInfo"]["endCursor"]))["makerDays"]
        days += page["nodes"]
    expected = Counter((item.code, item.at.isoformat()) for item in held)
    assert {(day["maker"]["code"], day["at"]): day["items"] for day in days} == expected
    for day in days:
        code = day["maker"]["code"]
        prices = [item.price for item in held if item.code == code]
        total = {"items": len(prices), "price": sum(price or 0 for price in prices), "maker": {"code": code}}
        assert day["maker"]["total"] == total
        found = await api.ask("query ($id: ID!) { node(id: $id) { ... on MakerDay { at } } }", id=day["id"])
        assert found["node"] == {"at": day["at"]}
    nobody = global_id(MakerTotal, CODES[2])
    assert await api.ask("query ($id: ID!) { makerTotal(id: $id) { items } }", id=nobody) == {"makerTotal": None}
