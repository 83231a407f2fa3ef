"""Rows that nothing tells apart are served as lists: each row as often as it is there, in pages by number."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema
from sqlalchemy import JSON, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, aliased, mapped_column, relationship

from db.relations import Predicate, Visibility
from db.session import RequestSession
from db.session.errors import RowsWithoutKey
from db.views import Keyless, View, is_view, made_tables
from graph.context import ContextFactory
from graph.entity import Connection, Node, Row, entity, query_type, row, search_field, viewer_field
from graph.errors import DeclarationError, NoKeyOfRows, WrittenView
from graph.prepare.documents import OperationRequest
from graph.prepare.operation import CheckedOperation
from graph.writing import SIGNED_IN, Crud
from tests.databases import StatementRecorder
from tests.entity import sales as models
from tests.entity import sales_types as types
from tests.entity.conftest import Filled
from tests.entity.serving import Api, serve

LINES = "saleLines(where: $where, orderBy: $orderBy, limit: $limit, offset: $offset)"
PAGE = f"""
query ($where: SaleLineFilter, $orderBy: [SaleLineSort!], $limit: Int, $offset: Int) {{
  {LINES} {{ totalCount nodes {{ id product day shop {{ name }} }} pageInfo {{ hasNextPage hasPreviousPage }} }}
}}
"""


@pytest.fixture
async def api(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(types.SALES, dialect), types.SALES) as api:
        yield api


def shown(node: dict[str, Any]) -> tuple[Any, ...]:
    return node["id"], node["product"], node["day"], node["shop"] and node["shop"]["name"]


async def in_sql(api: Api) -> list[tuple[Any, ...]]:
    """The rows of the view, as the tables have them."""
    statement = select(models.Sale.amount, models.Sale.product, models.Sale.day, models.Shop.name).outerjoin(
        models.Shop, models.Shop.id == models.Sale.shop_id
    )
    rows = await api.rows(statement)
    return [(amount, product, day and day.isoformat(), shop) for amount, product, day, shop in rows]


async def test_equal_rows_are_as_many_rows_as_there_are(api: Api, statements: StatementRecorder) -> None:
    expected = await in_sql(api)
    assert max(Counter(expected).values()) > 1
    with statements() as seen:
        found = await api.ask(PAGE, limit=100)
    assert len(seen) == 3  # the page, its shops, the number of rows
    lines = found["saleLines"]
    assert Counter(map(shown, lines["nodes"])) == Counter(expected)
    assert lines["totalCount"] == len(expected)
    assert lines["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False}


async def test_pages_by_number_make_the_whole_list(api: Api) -> None:
    """In an order of everything that is shown, rows that are equal to it are equal to us."""
    order = [{"product": "ASC"}, {"id": "DESC_NULLS_FIRST"}, {"day": "ASC"}, {"shop": {"name": "ASC"}}]
    whole = (await api.ask(PAGE, limit=100, orderBy=order))["saleLines"]["nodes"]
    walked: list[Any] = []
    for offset in range(0, len(whole) + 4, 4):
        page = (await api.ask(PAGE, limit=4, offset=offset, orderBy=order))["saleLines"]
        assert page["totalCount"] == len(whole)
        assert page["pageInfo"] == {"hasNextPage": offset + 4 < len(whole), "hasPreviousPage": offset > 0}
        walked += page["nodes"]
    assert walked == whole


async def test_filters_and_totals_speak_of_the_same_rows(api: Api) -> None:
    expected = await in_sql(api)
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"id": {"isNull": True}}, lambda line: line[0] is None),
        ({"id": {"gte": 5}, "product": {"eq": "tea"}}, lambda line: (line[0] or 0) >= 5 and line[1] == "tea"),
        ({"shop": {"name": {"eq": "Åbo"}}}, lambda line: line[3] == "Åbo"),
        ({"not": {"shop": {}}}, lambda line: line[3] is None),
        ({"shop": {"id": {"isNull": True}}}, lambda line: line[3] is None),
    ]
    for where, fits in cases:
        found = (await api.ask(PAGE, where=where, limit=3, offset=1))["saleLines"]
        fitting = list(filter(fits, expected))
        assert found["totalCount"] == len(fitting) > 4
        assert not Counter(map(shown, found["nodes"])) - Counter(fitting)
        without_offset = (await api.ask(PAGE, where=where, limit=100))["saleLines"]
        assert Counter(map(shown, without_offset["nodes"])) == Counter(fitting)


async def test_aggregates_and_groups_count_equal_rows_each(api: Api) -> None:
    found = await api.ask(
        """
        { saleLinesAggregate { count sum { id } groupBy(by: [{value: PRODUCT}, {value: SHOP}]) { nodes {
            count key { product shop { name } } sum { id } } } } }
        """
    )
    expected = await in_sql(api)
    aggregate = found["saleLinesAggregate"]
    assert aggregate["count"] == len(expected)
    assert aggregate["sum"]["id"] == str(sum(line[0] or 0 for line in expected))
    groups = Counter((line[1], line[3]) for line in expected)
    assert {
        (group["key"]["product"], group["key"]["shop"] and group["key"]["shop"]["name"]): group["count"]
        for group in aggregate["groupBy"]["nodes"]
    } == groups


async def test_each_parent_has_a_page_of_its_own(api: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await api.ask(
            """
            { shops { nodes { name
                lines(limit: 2, offset: 1, orderBy: [{product: ASC}, {id: ASC}]) {
                  nodes { product id } totalCount pageInfo { hasNextPage } aggregate { count } }
                goods(orderBy: [{label: DESC}]) { nodes { code label } totalCount }
                total { sales amount } } }
              selling: shops(where: {lines: {some: {product: {eq: "jam"}}}}, orderBy: [{lines: {count: DESC}}]) {
                nodes { name } }
              idle: shops(where: {lines: {none: {}}}) { nodes { name total { sales } } } }
            """
        )
    # shops; a page, a count and an aggregate of lines; a page and a count of goods; totals; two lists and a total
    assert len(seen) == 1 + 3 + 2 + 1 + 3
    expected = sorted(await in_sql(api), key=lambda line: (line[1] is None, line[1], line[0] is None, line[0]))
    for node in found["shops"]["nodes"]:
        own = [line for line in expected if line[3] == node["name"]]
        lines = node["lines"]
        assert [(line["id"], line["product"]) for line in lines["nodes"]] == [line[:2] for line in own[1:3]]
        assert lines["totalCount"] == lines["aggregate"]["count"] == len(own)
        assert lines["pageInfo"]["hasNextPage"] is (len(own) > 3)
        assert node["total"] == ({"sales": len(own), "amount": sum(line[0] or 0 for line in own)} if own else None)
    assert [[(good["code"], good["label"]) for good in node["goods"]["nodes"]] for node in found["shops"]["nodes"]] == [
        [("a", "x"), ("a", "x")],
        [("b", None)],
        [],
    ]
    assert {node["name"] for node in found["selling"]["nodes"]} == {
        line[3] for line in expected if line[1] == "jam"
    } - {None}
    assert found["idle"]["nodes"] == [{"name": "Nowhere", "total": None}]


async def test_a_resolver_finds_the_columns_of_its_row(api: Api) -> None:
    found = await api.ask("{ goods(orderBy: [{code: ASC}, {label: ASC}], limit: 3) { nodes { both } } }")
    assert [good["both"] for good in found["goods"]["nodes"]] == ["a/x", "a/x", "b/None"]


async def test_a_policy_hides_rows_and_values(api: Api) -> None:
    """Tea alone is seen, and of it no day where there is no amount."""

    def rows(mapper: Mapper[Any]) -> Predicate | None:
        return (lambda line: line.product == "tea") if mapper.class_ is models.SaleLine else None

    def values(mapper: Mapper[Any]) -> Mapping[str, Predicate]:
        return {"day": lambda line: line.id.is_not(None)} if mapper.class_ is models.SaleLine else {}

    context = ContextFactory(api.engines, visible=Visibility(rows, values))
    document = """
        { saleLines(limit: 100) { nodes { id product day } totalCount aggregate { max { day } } }
          dated: saleLines(where: {day: {isNull: false}}, offset: 1) { totalCount nodes { id } }
          shops(where: {lines: {some: {product: {ne: "tea"}}}}) { totalCount }
          all: shops { nodes { lines(limit: 100, offset: 1) { nodes { product } totalCount } } } }
        """
    result = await api.schema.execute(document, context_value=context)
    assert result.data is not None, result.errors
    tea = [line for line in await in_sql(api) if line[1] == "tea"]
    seen = [(amount, product, day if amount is not None else None) for amount, product, day, _ in tea]
    lines = result.data["saleLines"]
    assert Counter((node["id"], node["product"], node["day"]) for node in lines["nodes"]) == Counter(seen)
    assert lines["totalCount"] == len(tea)
    dated = [line for line in seen if line[2]]
    assert result.data["dated"]["totalCount"] == len(dated) == len(result.data["dated"]["nodes"]) + 1
    assert result.data["shops"]["totalCount"] == 0
    for shop in result.data["all"]["nodes"]:
        assert {node["product"] for node in shop["lines"]["nodes"]} <= {"tea"}
        assert len(shop["lines"]["nodes"]) == max(shop["lines"]["totalCount"] - 1, 0)


async def test_twice_the_rows_take_the_same_statements(api: Api, statements: StatementRecorder) -> None:
    document = "{ saleLines(limit: %d, offset: 1) { nodes { shop { lines(limit: %d) { nodes { id } } } } } }"
    numbers = []
    for size in (4, 8):
        with statements() as seen:
            await api.ask(document % (size, size))
        numbers.append(len(seen))
    assert numbers == [3, 3]  # lines, shops, lines of shops


async def test_rows_with_nothing_to_select_or_to_order_by_are_there(api: Api) -> None:
    found = await api.ask("{ notes { nodes { __typename } totalCount } again: notes(offset: 1) { nodes { body } } }")
    assert found["notes"] == {"nodes": [{"__typename": "Note"}] * 3, "totalCount": 3}
    assert len(found["again"]["nodes"]) == 2


async def test_what_is_no_page_is_refused_with_the_cure(api: Api) -> None:
    (limit,) = await api.errors("{ saleLines(limit: -1) { totalCount nodes { id } } }")
    assert limit == "`limit` is -1; it must be between 0 and 100."
    (offset,) = await api.errors("{ saleLines(offset: -1) { nodes { id } } }")
    assert offset == "`offset` is -1; it must be between 0 and 2147483647."
    assert await api.ask("{ saleLines(offset: 2147483647) { nodes { id } pageInfo { hasNextPage } } }") == {
        "saleLines": {"nodes": [], "pageInfo": {"hasNextPage": False}}
    }
    assert (await api.ask("{ saleLines(limit: 0) { nodes { id } totalCount } }"))["saleLines"]["totalCount"] > 0


async def test_a_page_is_priced_by_its_size_and_by_what_is_in_front_of_it(api: Api) -> None:
    def cost(page: str) -> tuple[int, int]:
        document = f"{{ saleLines({page}) {{ nodes {{ shop {{ lines(limit: 5) {{ nodes {{ id }} }} }} }} }} }}"
        checked = api.schema.preparer.tried(OperationRequest(document))
        assert isinstance(checked, CheckedOperation)
        return checked.cost.rows, checked.cost.work

    assert cost("limit: 10")[0] == 10 * (1 + 1 + 5 + 1) + 1
    assert cost("limit: 20")[0] == 20 * (1 + 1 + 5 + 1) + 1
    assert cost("limit: 10, offset: 4000000")[1] > cost("limit: 10, offset: 1")[1] > cost("limit: 10")[1] == 0


def test_nothing_of_the_schema_names_a_row_without_a_key(api: Api) -> None:
    schema = build_schema(api.schema.as_str())
    line, page = schema.get_type("SaleLine"), schema.get_type("SaleLineList")
    node, query = schema.get_type("Node"), schema.query_type
    assert isinstance(line, GraphQLObjectType)
    assert isinstance(page, GraphQLObjectType)
    assert isinstance(node, GraphQLInterfaceType)
    assert query is not None
    assert line not in schema.get_possible_types(node)
    assert set(page.fields) == {"nodes", "pageInfo", "totalCount", "aggregate"}
    assert "saleLine" not in query.fields
    assert set(query.fields["saleLines"].args) == {"limit", "offset", "where", "orderBy"}
    assert set(query.fields["notes"].args) == {"limit", "offset", "where", "orderBy"}  # by parts of its JSON
    assert "may differ from page to page" in str(query.fields["saleLines"].args["orderBy"].description)


async def test_an_id_of_a_row_without_a_key_is_an_id_of_nothing(api: Api) -> None:
    for key in ("U2FsZUxpbmU6", "U2FsZUxpbmU6MSwyLDMsNA"):  # of no values, and of four
        (message,) = await api.errors("query ($id: ID!) { node(id: $id) { id } }", id=key)
        assert message.endswith("is not an id of this API; use an `id` that it gave you.")


async def test_a_session_makes_no_objects_of_rows_without_a_key(api: Api) -> None:
    lines = models.SaleLine
    async with RequestSession(api.engines) as session:
        for whole in (select(lines), select(aliased(lines)), select(models.Sale, lines)):
            with pytest.raises(RowsWithoutKey, match=r"The rows of SaleLine have no key.*Select columns"):
                await session.execute(whole)
        counted = await session.scalar(select(func.count()).select_from(lines))
        columns = (await session.execute(select(lines.product, lines.id))).all()
        assert len(columns) == counted == len(await in_sql(api))


class Base(DeclarativeBase):
    pass


class Keyed(Base):
    __tablename__ = "keyed"

    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[Loose | None] = relationship(
        primaryjoin=lambda: Keyed.id == Loose.keyed_id,
        foreign_keys=lambda: [Loose.keyed_id],
        order_by=lambda: Loose.keyed_id,
        uselist=False,
        viewonly=True,
    )


class Loose(Keyless, Base):
    __tablename__ = "loose"

    keyed_id: Mapped[int | None]
    larger: Mapped[list[Keyed]] = relationship(
        primaryjoin=lambda: Loose.keyed_id < Keyed.id, foreign_keys=lambda: [Keyed.id], viewonly=True
    )


class Told(View, Base):
    __tablename__ = "told"

    id: Mapped[int | None] = mapped_column(primary_key=True, nullable=True)


class Shapeless(Base):
    __tablename__ = "shapeless"

    id: Mapped[Any] = mapped_column(JSON, primary_key=True)


class Computed(View, Base):
    __tablename__ = "computed"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


def test_a_declaration_says_whether_rows_have_a_key() -> None:
    with pytest.raises(
        DeclarationError, match=r"Line is a Node, .* nothing tells the rows of Loose apart: class Line\(R"
    ):

        @entity(Loose)
        class Line(Node):
            keyed_id: int | None

    with pytest.raises(
        DeclarationError, match=r"Whole is a Row, but the rows of Keyed have a key, id: class Whole\(No"
    ):

        @entity(Keyed)
        class Whole(Row):
            id: int

    with pytest.raises(DeclarationError, match=r"Named is a Row, .* leave out keys=\['keyed_id'\]"):

        @entity(Loose, keys=["keyed_id"])
        class Named(Row):
            keyed_id: int | None

    with pytest.raises(DeclarationError, match=r"Maybe: id is part of the key of Told and may be null.*nullable=False"):

        @entity(Told)
        class Maybe(Node):
            pass

    with pytest.raises(
        DeclarationError, match=r"Shape: id is part of the key of Shapeless, and ids have no form for JSON"
    ):

        @entity(Shapeless)
        class Shape(Node):
            pass


def test_relationships_that_would_need_a_key_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"First.first: the rows of Loose have no key to tell which of them"):

        @entity(Keyed)
        class First(Node):
            first: Line | None  # type: ignore[name-defined]  # noqa: F821 - never looked up

    with pytest.raises(DeclarationError, match=r"Larger.larger: the join is more than equal columns, and the rows"):

        @entity(Loose)
        class Larger(Row):
            larger: Connection[Keyed]


def test_rows_without_a_key_are_found_referred_to_and_written_by_nothing() -> None:
    with pytest.raises(NoKeyOfRows, match=r"SaleLine is a Row: nothing tells its rows apart"):
        row(types.SaleLine, 1)
    with pytest.raises(NoKeyOfRows):
        viewer_field(types.SaleLine, "Who asks.")
    with pytest.raises(NoKeyOfRows):
        search_field(types.SaleLine, lambda _text: pytest.fail("never asked"), "Found.")
    with pytest.raises(NoKeyOfRows):
        Crud(types.Good, ["code"], may=lambda _viewer, _row: True, create=SIGNED_IN)


def test_a_view_is_not_written() -> None:
    @entity(Computed, plural="computed")
    class Total(Node):
        number: int

    with pytest.raises(WrittenView, match=r"Total shows a view, Computed, whose rows are computed. Declare the change"):
        Crud(Total, ["number"], may=lambda _viewer, _row: True)


def test_a_schema_without_any_key_has_no_node() -> None:
    query = query_type(types.Good, types.Note)
    assert {field.graphql_name for field in query.__strawberry_definition__.fields} == {
        "goods", "goodsAggregate", "notes", "notesAggregate",
    }  # fmt: skip


def test_models_of_views_are_no_tables_to_make() -> None:
    assert [table.name for table in made_tables(models.Base.metadata)] == ["good", "note", "shop", "sale", "stocked"]
    assert is_view(models.SaleLine.__table__)
    assert is_view(models.ShopTotal.__table__)
    assert not is_view(models.Good.__table__)
