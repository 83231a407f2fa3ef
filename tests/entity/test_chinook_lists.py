"""Chinook's lists, filtered, ordered and summed: the same as plain statements say, on both databases."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, not_, or_, select
from sqlalchemy.orm import aliased

from graph.entity.registry import entity_of
from tests.databases import StatementRecorder
from tests.entity import chinook_types as types
from tests.entity.chinook import (
    Album,
    Artist,
    Customer,
    Employee,
    Genre,
    Invoice,
    InvoiceLine,
    Playlist,
    PlaylistTrack,
    Track,
)
from tests.entity.chinook_rows import OPENED
from tests.entity.serving import Api, global_id

Manager = aliased(Employee)
Report = aliased(Employee)


class Filter(NamedTuple):
    """A `where` of a type, and the same in SQL."""

    type: type[Any]
    where: str
    condition: ColumnElement[bool]


def count_of(model: Any, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(model).where(condition).scalar_subquery()


FILTERS = [
    Filter(
        types.Track, '{album: {artist: {name: {eq: "Bach"}}}}', Track.album.has(Album.artist.has(Artist.name == "Bach"))
    ),
    Filter(types.Track, "{not: {album: {}}}", Track.album_id.is_(None)),
    Filter(types.Track, '{name: {startsWith: "100%"}}', func.substr(Track.name, 1, 4) == "100%"),
    Filter(types.Track, '{name: {contains: "r_s"}}', Track.name.contains("r_s", autoescape=True)),
    Filter(types.Track, '{composer: {ne: "Bach"}}', or_(Track.composer != "Bach", Track.composer.is_(None))),
    Filter(types.Track, '{composer: {eqIgnoreCase: "BACH"}}', func.lower(Track.composer) == "bach"),
    Filter(
        types.Track,
        "{bytes: {isNull: true}, milliseconds: {gte: 60000, lt: 200000}}",
        and_(Track.bytes.is_(None), Track.milliseconds >= 60_000, Track.milliseconds < 200_000),
    ),
    Filter(types.Track, '{unitPrice: {gt: "0.5"}}', Track.unit_price > Decimal("0.5")),
    Filter(
        types.Track,
        '{unitPrice: {in: ["0.99", "0.490"]}}',
        Track.unit_price.in_([Decimal("0.99"), Decimal("0.49")]),
    ),
    Filter(types.Track, '{playlists: {some: {name: {eq: "Movies"}}}}', Track.playlists.any(Playlist.name == "Movies")),
    Filter(types.Track, "{invoiceLines: {none: {}}}", not_(Track.invoice_lines.any())),
    Filter(types.Playlist, "{tracks: {every: {genre: {}}}}", not_(Playlist.tracks.any(Track.genre_id.is_(None)))),
    Filter(
        types.Playlist,
        "{entries: {count: {gt: 12}}}",
        count_of(PlaylistTrack, PlaylistTrack.playlist_id == Playlist.playlist_id) > 12,
    ),
    Filter(
        types.Employee,
        '{reportsTo: {title: {eq: "Manager"}}}',
        Employee.reports_to.of_type(Manager).has(Manager.title == "Manager"),
    ),
    Filter(
        types.Employee,
        "{reports: {some: {customers: {count: {gte: 3}}}}}",
        Employee.reports.of_type(Report).any(count_of(Customer, Customer.support_rep_id == Report.employee_id) >= 3),
    ),
    Filter(types.Employee, "{not: {reportsTo: {}}}", Employee.reports_to_id.is_(None)),
    Filter(
        types.Employee,
        '{birthDate: {lt: "1977-01-01T00:00:00"}}',
        Employee.birth_date < OPENED.replace(year=1977, month=1, day=1, hour=0, tzinfo=None),
    ),
    Filter(
        types.Invoice,
        '{invoiceDate: {gt: "2009-01-03T14:00:00+02:00", lte: "2009-01-10T11:00:00-01:00"}}',
        Invoice.invoice_date.between(OPENED.replace(day=3, minute=1), OPENED.replace(day=10)),
    ),
    Filter(
        types.Customer,
        "{or: [{supportRep: {reportsTo: {reportsTo: {}}}}, {invoices: {none: {}}}]}",
        or_(
            Customer.support_rep.has(Employee.reports_to.of_type(Manager).has(Manager.reports_to_id.is_not(None))),
            not_(Customer.invoices.any()),
        ),
    ),
    Filter(
        types.Invoice,
        '{customer: {supportRep: {firstName: {eq: "First 4"}}}, total: {gte: "3.00"}}',
        and_(
            Invoice.customer.has(Customer.support_rep.has(Employee.first_name == "First 4")),
            Invoice.total >= Decimal("3.00"),
        ),
    ),
]


async def keys_of(api: Api, type_: type[Any], condition: ColumnElement[bool] | None = None) -> list[str]:
    """The ids of the rows that fit, in the order of their keys."""
    model = entity_of(type_).model
    key = model.__mapper__.primary_key
    statement = select(*key).order_by(*key)
    return [
        global_id(type_, *row)
        for row in await api.rows(statement.where(condition) if condition is not None else statement)
    ]


async def test_a_filter_means_what_its_sql_says(
    chinook: Api, statements: StatementRecorder, subtests: pytest.Subtests
) -> None:
    for type_, where, condition in FILTERS:
        with subtests.test(where):
            expected = await keys_of(chinook, type_, condition)
            field = entity_of(type_).plural
            with statements() as seen:
                found = await chinook.ask(f"{{ {field}(first: 100, where: {where}) {{ totalCount nodes {{ id }} }} }}")
            # the page with the count
            assert len(seen) == 1
            assert 0 < len(expected) < len(await keys_of(chinook, type_))
            assert found[field]["totalCount"] == len(expected)
            assert [node["id"] for node in found[field]["nodes"]] == expected[:100]


class Order(NamedTuple):
    """An `orderBy` of a type, and the same in SQL; the primary key comes behind it."""

    type: type[Any]
    order_by: str
    terms: Sequence[SQLColumnExpression[Any]]


ARTIST_OF_TRACK = (
    select(Artist.name).join(Album).where(Album.album_id == Track.album_id).correlate(Track).scalar_subquery()
)
ENTRIES_OF_TRACK = count_of(PlaylistTrack, PlaylistTrack.track_id == Track.track_id)
REPRESENTATIVE = select(Employee.last_name).where(Employee.employee_id == Customer.support_rep_id).scalar_subquery()
COUNTRY_OF_MANAGER = (
    select(Manager.country).where(Manager.employee_id == Employee.reports_to_id).correlate(Employee).scalar_subquery()
)

ORDERS = [
    Order(types.Invoice, "{total: DESC}", [Invoice.total.desc(), Invoice.invoice_id.desc()]),
    Order(types.Track, "{unitPrice: ASC}", [Track.unit_price, Track.track_id]),
    Order(
        types.Track,
        "[{album: {artist: {name: DESC_NULLS_FIRST}}}, {milliseconds: ASC}]",
        [ARTIST_OF_TRACK.desc().nulls_first(), Track.milliseconds, Track.track_id],
    ),
    Order(
        types.Track,
        "[{playlists: {count: DESC}}, {composer: ASC}]",
        [ENTRIES_OF_TRACK.desc(), Track.composer.asc().nulls_last(), Track.track_id],
    ),
    Order(
        types.Customer,
        "[{supportRep: {lastName: ASC_NULLS_FIRST}}, {country: DESC}]",
        [REPRESENTATIVE.asc().nulls_first(), Customer.country.desc().nulls_last(), Customer.customer_id.desc()],
    ),
    Order(
        types.Employee,
        "[{reportsTo: {country: DESC}}, {birthDate: DESC_NULLS_FIRST}]",
        [
            COUNTRY_OF_MANAGER.desc().nulls_last(),
            Employee.birth_date.desc().nulls_first(),
            Employee.employee_id.desc(),
        ],
    ),
    Order(types.PlaylistTrack, "{id: DESC}", [PlaylistTrack.playlist_id.desc(), PlaylistTrack.track_id.desc()]),
]


async def walked(api: Api, type_: type[Any], order_by: str) -> list[str]:
    """The ids of all rows, page by page."""
    field = entity_of(type_).plural
    document = f"""
      query ($after: String) {{
        {field}(first: 17, after: $after, orderBy: {order_by}) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}
      }}
    """
    found: list[str] = []
    after = None
    while True:
        page = (await api.ask(document, after=after))[field]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_an_order_means_what_its_sql_says(chinook: Api, subtests: pytest.Subtests) -> None:
    for type_, order_by, terms in ORDERS:
        with subtests.test(f"{type_.__name__} {order_by}"):
            key = entity_of(type_).mapper.primary_key
            expected = await chinook.rows(select(*key).order_by(*terms))
            assert await walked(chinook, type_, order_by) == [global_id(type_, *row) for row in expected]


async def test_aggregates_are_those_of_plain_statements(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              tracksAggregate(where: {composer: {isNull: false}}) {
                count
                min { unitPrice name }
                max { milliseconds }
                sum { unitPrice bytes }
                avg { milliseconds }
              }
            }
            """
        )
    assert len(seen) == 1
    columns = func.count(), func.min(Track.unit_price), func.min(Track.name), func.max(Track.milliseconds)
    (row,) = await chinook.rows(
        select(
            *columns,
            func.sum(Track.unit_price).label("price"),
            func.sum(Track.bytes).label("bytes"),
            func.avg(Track.milliseconds).label("milliseconds"),
        ).where(Track.composer.is_not(None))
    )
    assert found["tracksAggregate"] == {
        "count": row[0],
        "min": {"unitPrice": str(row[1]), "name": row[2]},
        "max": {"milliseconds": row[3]},
        "sum": {"unitPrice": format(row.price.normalize(), "f"), "bytes": str(row.bytes)},
        "avg": {"milliseconds": pytest.approx(float(row.milliseconds))},
    }


async def test_groups_are_those_of_group_by_and_having(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              tracksAggregate {
                groupBy(by: [{value: GENRE}, {value: UNIT_PRICE}],
                  having: {count: {gte: 5}, sum: {milliseconds: {gt: "1000000"}}}) { nodes {
                  key { genre { name } unitPrice composer }
                  count
                  sum { milliseconds }
                } }
              }
            }
            """
        )
    # the groups and their genres
    assert len(seen) == 2
    milliseconds = func.sum(Track.milliseconds)
    expected = await chinook.rows(
        select(Genre.name, Track.unit_price, func.count(), milliseconds)
        .select_from(Track)
        .outerjoin(Genre)
        .group_by(Genre.genre_id, Genre.name, Track.unit_price)
        .having(and_(func.count() >= 5, milliseconds > 1_000_000))
        .order_by(func.count().desc(), Genre.genre_id.asc().nulls_last(), Track.unit_price)
    )
    assert len(expected) > 3
    assert found["tracksAggregate"]["groupBy"]["nodes"] == [
        {
            "key": {"genre": name and {"name": name}, "unitPrice": str(price), "composer": None},
            "count": count,
            "sum": {"milliseconds": str(total)},
        }
        for name, price, count, total in expected
    ]


async def test_aggregates_of_relations_cost_one_statement_for_all_parents(
    chinook: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        found = await chinook.ask(
            """
            {
              invoices(first: 100) {
                nodes { id lines { aggregate { count sum { quantity }
                  groupBy(by: [{value: TRACK}]) { nodes { count } } } } }
              }
            }
            """
        )
    # the invoices, the sums of all of them, the groups of all of them
    assert len(seen) == 1 + 1 + 1
    expected = await chinook.rows(
        select(
            Invoice.invoice_id,
            func.count(InvoiceLine.invoice_line_id),
            func.sum(InvoiceLine.quantity),
            func.count(InvoiceLine.track_id.distinct()),
        )
        .outerjoin(Invoice.lines)
        .group_by(Invoice.invoice_id)
        .order_by(Invoice.invoice_id)
    )
    shown = [(node["id"], node["lines"]["aggregate"]) for node in found["invoices"]["nodes"]]
    assert [
        (id_, aggregate["count"], aggregate["sum"]["quantity"], len(aggregate["groupBy"]["nodes"]))
        for id_, aggregate in shown
    ] == [
        (global_id(types.Invoice, key), count, None if total is None else str(total), tracks)
        for key, count, total, tracks in expected
    ]
