"""Changes of many rows whose key has two parts, and whose noun has rules of its own for each."""

from sqlalchemy import select, update

from db.session import Mode, RequestSession
from tests.databases import StatementRecorder
from tests.writing.test_bulk import errors_of
from tests.writing.theatre import AskingTheatre, NoteRow, SeatRow

SEATS = "seats { line number price } count"


async def prices(theatre: AskingTheatre) -> list[int]:
    async with RequestSession(theatre.engines, Mode.CURRENT) as session:
        return [row[0] for row in await session.rows(select(SeatRow.price).order_by(SeatRow.line, SeatRow.number))]


async def test_a_nouns_own_rule_is_asked_for_each_row(theatre: AskingTheatre, statements: StatementRecorder) -> None:
    asked = {"all": True, "set": {"price": 15}}
    refused = [("InvalidInput", ("input", "set", "price")), ("InvalidState", ("input", "where"))]
    assert await theatre.refused("updateSeats", asked, SEATS) == refused
    assert await prices(theatre) == [10, 20, 30, 40]
    with statements() as seen:
        payload = await theatre.do("updateSeats", {**asked, "onError": "REJECT_FAILED"}, SEATS)
    assert payload["seats"] == [{"line": "A", "number": 1, "price": 15}, {"line": "B", "number": 1, "price": 15}]
    assert errors_of(payload) == refused
    # lock + the rows as the rule takes them + change, then read back
    assert len([it for it in seen if "SAVEPOINT" not in it]) == 4, seen
    counted = {"where": {"label": {"ne": "broken"}}, "increment": {"price": 1}}
    assert (await theatre.do("updateSeats", counted, "count"))["count"] == 3
    assert await prices(theatre) == [16, 21, 16, 40]


async def test_rows_with_keys_of_two_parts_are_deleted_as_far_as_they_may(theatre: AskingTheatre) -> None:
    asked = {"where": {"floor": {"eq": 1}}, "onError": "REJECT_FAILED"}
    payload = await theatre.do("deleteSeats", asked, "count")
    assert payload["count"] == 1
    assert errors_of(payload) == [("InvalidState", ("input", "where")), ("StillReferenced", ("input", "where"))]
    assert await prices(theatre) == [20, 30, 40]


async def test_a_nouns_own_rule_sees_a_sum_as_a_value(theatre: AskingTheatre) -> None:
    cheaper = {"where": {"isTaken": {"eq": True}}, "increment": {"price": -1}}
    assert await theatre.refused("updateSeats", cheaper, "count") == [("InvalidInput", ("input", "increment", "price"))]
    asked = await theatre("{ seats(where: {isTaken: {eq: true}}) { nodes { id } } }")
    single = {"id": asked["seats"]["nodes"][0]["id"], "increment": {"price": -1}}
    assert await theatre.refused("updateSeat", single, "seat { price }") == [
        ("InvalidInput", ("input", "increment", "price"))
    ]
    assert await prices(theatre) == [10, 20, 30, 40]


async def test_what_a_rule_does_along_is_kept_with_rows_that_go_alone(theatre: AskingTheatre) -> None:
    """The rule of a deletion writes a ticket before it refuses a seat, and before the database would keep another."""
    asked = {"all": True, "onError": "IGNORE_FAILED"}
    assert (await theatre.do("deleteSeats", asked, "count"))["count"] == 2
    async with RequestSession(theatre.engines, Mode.CURRENT) as session:
        notes = [row[0] for row in await session.rows(select(NoteRow.text).order_by(NoteRow.text))]
    assert notes == ["A1 goes", "B2 goes"]


async def test_rows_that_refer_to_each_other_go_together_or_stay(theatre: AskingTheatre) -> None:
    async with theatre.engines.writing().begin() as connection:
        await connection.execute(update(SeatRow).where(SeatRow.price == 40).values(beside_line="A", beside_number=1))
    alone = {"where": {"price": {"eq": 10}}}
    assert await theatre.refused("deleteSeats", alone, "count") == [("StillReferenced", ("input", "where"))]
    assert (await theatre.do("deleteSeats", {"where": {"price": {"in": [10, 40]}}}, "count"))["count"] == 2
    assert await prices(theatre) == [20, 30]


async def test_nothing_is_done_where_a_rule_keeps_every_row(theatre: AskingTheatre) -> None:
    taken = {"where": {"isTaken": {"eq": True}}, "onError": "REJECT_FAILED"}
    assert await theatre.refused("deleteSeats", taken, "count") == [("InvalidState", ("input", "where"))]
    ignored = await theatre.do("deleteSeats", {**taken, "onError": "IGNORE_FAILED"}, "deletedIds count")
    assert ignored == {"deletedIds": [], "count": 0, "errors": []}
