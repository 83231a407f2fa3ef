"""The catalogue of attacks, and random questions as dear as their price allows, over many rows (promise 19).

Each has the same bounds: what the server and its database take, what the server's memory grows by, and what it answers.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from graphql import OperationType
from starlette.types import ASGIApp

from graph.app import create_app
from graph.entity import Schema
from graph.errors import ClientError
from graph.prepare.documents import InvalidDocument, OperationRequest
from graph.schema import make_schema
from tests.attacks import catalogue, mutations
from tests.attacks.measuring import MIB, Cost, Meter, Reply, Request, send
from tests.attacks.seeds import dice
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import stage

POSTS, SCALE = 40_000, 60
CPU_S, PEAK_BYTES = 0.5, 50 * MIB
QUESTIONS = 60
TRIES = 3
"""A busy machine makes no attack dear: the least counts."""
LONGEST_BODY = 256 * 1024


class Tried(NamedTuple):
    """What an attack has taken, for each of its requests."""

    name: str
    cpu_s: float
    peak_bytes: int
    answer_bytes: int
    wrong: Sequence[str]
    """What the answers have that they should not have."""


async def many_posts(dialect: str, _minutes: float) -> Finding:
    """40,000 posts with contributors and tags, all in one process, so that its figures are those of the server."""
    async with stage(dialect, scale=SCALE, posts=POSTS) as made:
        settings = made.settings.model_copy(update={"record_usage": False})
        app, schema = create_app(settings), make_schema(settings)
        meter = Meter(None if made.server is None else made.server.postmaster)
        async with app.router.lifespan_context(app):
            await send(app, Request(catalogue.plain(dice("plain"))))
            tried = [await _try(app, meter, name, attack) for name, attack in catalogue.ATTACKS.items()]
            for body in _questions(schema, dice("questions")):
                attack = catalogue.Attack(lambda _dice, body=body: [Request(body)])  # type: ignore[misc]  # bound now
                tried.append(await _try(app, meter, body[:2_000].decode(), attack))
    return _found(tried)


def _questions(schema: Schema, chance: random.Random) -> Iterable[bytes]:
    asked = mutations.questions(schema._schema, chance, _allowed(schema))  # noqa: SLF001 - graphql-core's own
    return (next(asked) for _ in range(QUESTIONS))


def _allowed(schema: Schema) -> Callable[[bytes], bool]:
    def allowed(body: bytes) -> bool:
        request = OperationRequest(*mutations.read(body))
        try:
            schema.preparer.checked(request, {OperationType.QUERY})
        except (ClientError, InvalidDocument):
            return False
        return len(body) < LONGEST_BODY

    return allowed


async def _try(app: ASGIApp, meter: Meter, name: str, attack: catalogue.Attack) -> Tried:
    """Try it until it keeps its bounds, three times at most."""
    least: Tried | None = None
    for turn in range(TRIES):
        requests, replies = attack.requests(dice(name, turn)), list[Reply]()

        async def work(requests: Sequence[Request] = requests, replies: list[Reply] = replies) -> None:
            replies.extend([await send(app, request) for request in requests])

        cost: Cost = await meter.cost(work, exact=name in catalogue.ATTACKS)
        wrong = sorted({fault for reply in replies for fault in catalogue.faults(attack, reply)})
        wrong += [f"status {reply.status}" for reply in replies if reply.status >= 500]
        largest = max(reply.length for reply in replies)
        found = Tried(name, cost.cpu_s / len(requests), cost.peak_bytes, largest, wrong)
        least = found if least is None or found.cpu_s < least.cpu_s or wrong else least
        if wrong or (found.cpu_s <= CPU_S and found.peak_bytes <= attack.peak_bytes):
            return found
    assert least is not None
    return least


def _found(tried: Sequence[Tried]) -> Finding:
    dearest, largest = max(tried, key=lambda one: one.cpu_s), max(tried, key=lambda one: one.peak_bytes)
    longest = max(one.answer_bytes for one in tried)
    figure = (
        f"{len(tried)} attacks: {dearest.cpu_s:.2f} s ({dearest.name[:400]}), {largest.peak_bytes / MIB:.0f} MiB"
        f" ({largest.name[:60]}), {longest / MIB:.1f} MiB of answer"
    )
    dear = [f"{one.cpu_s:.2f} s: {one.name}" for one in tried if one.cpu_s > CPU_S]
    wrong = [f"{one.name}: {', '.join(one.wrong)}" for one in tried if one.wrong]
    bars = broken(
        half_a_second_of_processors=not dear,
        peak_of_50_MiB=largest.peak_bytes <= PEAK_BYTES,
        answers_of_20_MiB=longest <= catalogue.ANSWER_BYTES,
        answers_as_expected=not wrong,
    )
    return Finding(figure, [*bars, *dear[:5], *wrong[:5]])
