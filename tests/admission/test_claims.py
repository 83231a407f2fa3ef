"""What a request needs is known before anything is asked of a database, and so is the gate that it passes."""

import asyncio
import itertools
from typing import Any

import pytest
from graphql import OperationType
from pydantic import SecretStr
from starlette.requests import Request
from starlette.types import Message

from db.session.engines import Engines
from graph.admission.admission import LARGE, PRIMARY, REPLICAS, REST_S, Admission
from graph.admission.claims import UNKNOWN
from graph.documents import Documents
from graph.domain import has_authorization
from graph.entity import Schema
from graph.errors import Overloaded
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest
from graph.prepare.fields import Weight
from graph.prepare.weight import NOTHING, Bulk, Claim
from graph.settings import Settings
from tests.entity.market import Query

PAGE = "{ albums { nodes { title } } }"
DEAR = "{ albums { totalCount } }"
READING = (OperationType.QUERY,)
SCHEMA = Schema(Query, Settings.model_construct())
NOWHERE = "sqlite:///nowhere/trellis.db"


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def sent(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "method": "POST", "headers": list(headers)}, never)


class House:
    """A server's admission, without a server; no database is ever asked."""

    def __init__(self, **settings: Any) -> None:
        made = Settings(database_url=SecretStr(NOWHERE), **settings)
        self.engines = Engines(made)
        self.preparer = SCHEMA.preparer
        self.documents = Documents(self.preparer, self.engines, made)
        self.admission = Admission(self.engines, made, self.documents, self.preparer, has_authorization)

    def gate_of(self, query: str, request: Request | None = None) -> str | None:
        """The name of the gate that a request passes; None where it needs no place."""
        _, claim = self.admission.claimed(OperationRequest(query))
        gate = self.admission.place(request or sent(), claim).gate
        return next((name for name, it in self.admission.gates.items() if it is gate), None)


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ("{ __typename }", NOTHING),
        ("{ __schema { types { name } } }", NOTHING),
        ("{ nonsense }", NOTHING),
        ("{", NOTHING),
        (PAGE, Claim(True, True, Weight.PAGE, 0)),
        ('{ album(id: "x") { title } }', Claim(True, True, Weight.LOOK_UP, 0)),
        (DEAR, Claim(True, True, Weight.DEAR, 2)),  # a statement and a row
        (
            "{ albums(first: 100) { nodes { tracks(first: 100) { nodes { name } } } } }",
            Claim(True, True, Weight.DEAR, 14, Bulk.MEDIUM),
        ),
        ("", UNKNOWN),
    ],
)
def test_a_request_claims_what_it_costs(query: str, claim: Claim) -> None:
    assert House().admission.claimed(OperationRequest(query))[1] == claim


@pytest.mark.parametrize(("mode", "claim"), [("accept", Claim(True, True, Weight.PAGE, 0)), ("strict", UNKNOWN)])
def test_a_text_that_is_not_registered_is_not_parsed_for_its_claim_by_a_strict_server(mode: str, claim: Claim) -> None:
    asked, found = House(documents=mode).admission.claimed(OperationRequest(PAGE))
    assert found == claim
    assert (asked == OperationRequest(PAGE)) is (mode == "strict")


def test_a_document_that_clients_have_added_claims_what_its_text_does() -> None:
    house = House(documents="accept")
    asked = OperationRequest("", document_id="0" * 64)
    assert house.admission.claimed(asked)[1] == UNKNOWN
    house.documents.added.add("0" * 64, PAGE)
    assert house.admission.claimed(asked)[1].weight is Weight.PAGE


@pytest.mark.parametrize("query", ["{ nonsense }", "query ($x: Int!) { albums(first: $x) { nodes { title } } }"])
def test_what_is_wrong_with_a_request_is_found_once(query: str) -> None:
    house = House()
    asked, claim = house.admission.claimed(OperationRequest(query))
    assert isinstance(asked, OperationRequest)
    assert isinstance(asked.checked, InvalidDocument)
    with pytest.raises(InvalidDocument) as raised:
        house.preparer.checked(asked, READING)
    assert [id(error) for error in raised.value.errors] == [id(error) for error in asked.checked.errors]
    assert claim is NOTHING


def test_what_is_right_with_a_request_is_found_once() -> None:
    house = House()
    asked, _ = house.admission.claimed(OperationRequest(PAGE))
    assert isinstance(asked, OperationRequest)
    assert house.preparer.checked(asked, READING) is asked.checked
    with pytest.raises(NotAllowed):
        house.preparer.checked(asked, ())


def test_whoever_says_who_it_is_needs_a_place_to_be_believed() -> None:
    house = House()
    assert house.gate_of("{ __typename }") is None
    assert house.gate_of("{ __typename }", sent((b"authorization", b"x"))) == PRIMARY
    assert house.gate_of(PAGE) == PRIMARY


async def test_replicas_add_their_places_for_those_who_only_read() -> None:
    house = House(pool_size=5, replica_urls=(SecretStr(NOWHERE), SecretStr(NOWHERE)))
    gates, engines = house.admission.gates, house.engines
    assert house.gate_of(PAGE) == REPLICAS
    assert house.gate_of("") == PRIMARY  # nobody knows yet
    assert (gates[PRIMARY].places, gates[REPLICAS].places) == (5, 10)
    engines.leave_out("replica 1", "it is away")
    assert house.gate_of(PAGE) == REPLICAS
    assert gates[REPLICAS].places == 5
    engines.leave_out("replica 2", "it is away, too")
    assert house.gate_of(PAGE) == PRIMARY
    await engines.dispose()
    assert house.gate_of(PAGE) == REPLICAS
    assert gates[REPLICAS].places == 10


@pytest.mark.parametrize(
    ("settings", "places", "queued"),
    [
        ({}, 15, 300),
        ({"pool_size": 5, "pool_max_overflow": 3}, 8, 160),
        ({"max_in_flight": 4}, 4, 80),
        ({"max_queued": 0}, 15, 0),
    ],
)
def test_the_gate_is_tied_to_the_pool_unless_settings_say_otherwise(
    settings: dict[str, int], places: int, queued: int
) -> None:
    gate = House(**settings).admission.gates[PRIMARY]
    assert (gate.places, gate.max_queued) == (places, queued)


async def test_a_place_is_not_lost_at_whatever_moment_a_request_is_cancelled() -> None:
    house = House(pool_size=1)
    gate = house.admission.gates[PRIMARY]
    for moment in range(8):
        assert gate.enter_at_once(Weight.LOOK_UP)
        place = house.admission.place(sent(), UNKNOWN)
        assert not place.is_taken
        waiting = asyncio.create_task(place.wait())
        await asyncio.sleep(0)
        gate.leave(Weight.LOOK_UP)
        for _ in range(moment):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        place.leave()  # whoever has waited to the end does, and twice does nothing
        assert (gate.in_flight, gate.queued) == (0, 0)


async def test_who_has_waited_too_long_is_refused() -> None:
    house = House(pool_size=1, queue_timeout_s=0.01)
    gate = house.admission.gates[PRIMARY]
    assert gate.enter_at_once(Weight.LOOK_UP)
    place = house.admission.place(sent(), UNKNOWN)
    with pytest.raises(Overloaded):
        await place.wait()
    place.leave()
    assert (gate.in_flight, gate.queued) == (1, 0)


async def test_who_comes_back_goes_before_those_who_had_no_place_yet() -> None:
    house = House(pool_size=1)
    away = house.admission.place(sent(), UNKNOWN)
    assert away.is_taken
    away.leave()
    inside, waiting = (house.admission.place(sent((b"authorization", b"x")), UNKNOWN) for _ in range(2))
    assert inside.is_taken
    tasks = [asyncio.create_task(waiting.wait()), asyncio.create_task(away.come_back())]
    await asyncio.sleep(0)
    inside.leave()
    await tasks[1]
    assert not tasks[0].done()
    away.leave()
    await tasks[0]


async def test_of_operations_that_take_a_while_one_begins_in_each_round_of_the_loop() -> None:
    admission, rounds, ended = House().admission, [0], asyncio.Event()
    began: list[int] = []

    async def count_rounds() -> None:
        while not ended.is_set():
            rounds[0] += 1
            await asyncio.sleep(0)

    async def begin() -> None:
        turn = await admission.turn(sent(), Bulk.MEDIUM)
        began.append(rounds[0])
        turn.leave()

    counting = asyncio.create_task(count_rounds())
    await asyncio.gather(*(begin() for _ in range(10)))
    ended.set()
    await counting
    assert len(set(began)) == 10
    assert max(began) - min(began) < 3 * 10  # none waits for anything but those before it


LONG_LISTS = "{ albums(first: 100) { nodes { title tracks(first: 100) { nodes { %s } } } } }"


@pytest.mark.parametrize(
    ("field", "at_first", "of_few_rows"),
    [("name", Bulk.MEDIUM, Bulk.SMALL), (" ".join(f"n{n}: name" for n in range(20)), Bulk.LARGE, Bulk.MEDIUM)],
)
def test_long_pages_that_were_short_in_the_last_runs_keep_nobody_waiting(
    field: str, at_first: Bulk, of_few_rows: Bulk
) -> None:
    house, asked = House(), OperationRequest(LONG_LISTS % field)

    def bulk() -> Bulk:
        found: Bulk = house.admission.claimed(asked)[1].bulk
        return found

    checked = house.preparer.checked(asked, READING)
    assert bulk() is at_first
    checked.operation.note_rows(checked.cost, 300)
    assert bulk() is at_first  # one run says little
    for _ in range(5):
        checked.operation.note_rows(checked.cost, 300)
    assert bulk() is of_few_rows
    checked.operation.note_rows(checked.cost, checked.cost.rows)  # one that is long says enough
    assert bulk() is at_first


def test_many_fields_take_a_while_in_however_few_rows() -> None:
    house, titles = House(), " ".join(f"t{n}: title" for n in range(101))
    asked = OperationRequest(f"{{ albums(first: 100) {{ nodes {{ {titles} }} }} }}")
    checked = house.preparer.checked(asked, READING)
    for _ in range(20):
        checked.operation.note_rows(checked.cost, 0)
    assert house.admission.claimed(asked)[1].bulk is Bulk.MEDIUM


async def test_large_operations_are_done_one_at_a_time_with_a_rest_while_others_wait() -> None:
    admission, loop = House().admission, asyncio.get_running_loop()
    at_once, most, times = 0, 0, []

    async def large() -> None:
        nonlocal at_once, most
        turn = await admission.turn(sent(), Bulk.LARGE)
        at_once += 1
        most = max(most, at_once)
        times.append(loop.time())
        await asyncio.sleep(0)
        at_once -= 1
        turn.leave()

    await asyncio.gather(*(large() for _ in range(4)))
    assert most == 1
    assert all(after - before >= REST_S for before, after in itertools.pairwise(times))


async def test_who_asks_for_one_large_operation_after_the_other_does_not_wait() -> None:
    admission, loop = House().admission, asyncio.get_running_loop()
    started = loop.time()
    for _ in range(20):
        (await admission.turn(sent(), Bulk.LARGE)).leave()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert loop.time() - started < REST_S
    assert admission.gates[LARGE].in_flight == 0


@pytest.mark.parametrize(
    ("query", "bulk"),
    [
        (PAGE, Bulk.SMALL),
        (f"{PAGE} # {'x' * 2_000}", Bulk.MEDIUM),
        (f"{PAGE} # {'x' * 6_000}", Bulk.LARGE),
        ("{ %s }" % " ".join(f"a{n}: __typename" for n in range(200)), Bulk.MEDIUM),  # noqa: UP031 - braces
        ("{ albums(first: 100) { nodes { tracks(first: 100) { nodes { id name } } } } }", Bulk.MEDIUM),
        (
            "{ albums(first: 100) { nodes { tracks(first: 100) { nodes { a: id b: id c: id d: id e: id } } } } }",
            Bulk.LARGE,
        ),
    ],
)
def test_a_document_that_is_long_and_new_is_prepared_in_its_turn(query: str, bulk: Bulk) -> None:
    admission = House().admission
    asked = OperationRequest(query)
    claim = admission.claimed(asked)[1]
    assert claim.bulk is bulk
    if len(query) > 1_000:
        assert not admission.claimed(asked)[0].checked
        prepared, claim = admission.claimed(asked, has_turn=True)
        assert prepared.checked is not None
    assert admission.claimed(asked)[1].bulk is claim.bulk  # it is known now
