"""Side by side: every server answers rightly first, then all take turns, round by round.

Running servers and a plan enter, samples leave. The order changes from round to round, so that what else happens on
the machine meets all alike.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from bench.answers import Common, NoAnswer, ask, first_difference
from bench.load import CONNECTIONS, LoadFailed, Sample, apply
from bench.operations import FEED, OPERATIONS, Operation
from bench.processes import Running
from bench.servers import LIMIT

ANSWERS_PER_SAMPLE = 24
"""A slow server gets more time than the plan says, so that a sample has about this many answers."""

WATCHED_S = 1
"""How long a sample must be to say what a request costs: processor time is counted in hundredths of a second."""

ROUNDS_OF_ANSWERS = 2
"""How often each connection of a slow server should be answered while it warms up."""

STEADY = 0.04
"""Two successive samples of a warm server differ by less than this part of their processor time for a request."""

Tell: TypeAlias = Callable[[str], None]
Seconds: TypeAlias = float


class Plan(NamedTuple):
    """How long and how often."""

    rounds: int
    seconds: Seconds
    longest_s: Seconds
    """What a sample of a slow server may take."""
    warm_up_s: Seconds
    """The least; a server that compiles is watched until it gets no faster, and in a full run all are."""
    longest_warm_up_s: Seconds
    watch_all: bool


FULL = Plan(rounds=5, seconds=3, longest_s=8, warm_up_s=2, longest_warm_up_s=20, watch_all=True)
QUICK = Plan(rounds=2, seconds=1, longest_s=2, warm_up_s=0.4, longest_warm_up_s=4, watch_all=False)


class Measured(NamedTuple):
    """One operation on all servers."""

    samples: Mapping[str, list[Sample]]
    unanswered: Mapping[str, str]
    """By the names of servers: why there is no number."""


class Start(NamedTuple):
    """How a server began."""

    cpu_s: float
    """Its processor time until it listened."""
    first_ms: float | None
    """How long its first answer took, with all that it puts off until then; None for no answer."""


def begin(running: Running) -> Start:
    """Ask a server that has just begun to listen for its first answer."""
    cpu_s, began = running.cpu_s(), time.monotonic()
    try:
        ask(running, OPERATIONS[FEED])
    except NoAnswer:
        return Start(cpu_s, None)
    return Start(cpu_s, 1000 * (time.monotonic() - began))


def measure(operation: Operation, servers: Sequence[Running], plan: Plan, tell: Tell) -> Measured:
    """Compare the answers, warm up, take turns. The first server that is `LIMIT` says what is right."""
    servers = [running for running in servers if running.server.answers(operation)]
    unanswered = dict(_wrong(operation, servers))
    lengths: dict[str, Seconds] = {}
    for running in _without(servers, unanswered):
        tell(f"{operation.name}: warming up {running.server.title}")
        try:
            lengths[running.server.name] = _warm_up(running, operation, plan)
        except (LoadFailed, NoAnswer) as failure:
            unanswered[running.server.name] = str(failure)
    samples: dict[str, list[Sample]] = {name: [] for name in lengths}
    for number in range(plan.rounds):
        for running in _in_turn(_without(servers, unanswered), number):
            name = running.server.name
            tell(f"{operation.name}: round {number + 1} of {plan.rounds}, {running.server.title}")
            try:
                samples[name].append(apply(running, operation, lengths[name]))
            except LoadFailed as failure:
                unanswered[name] = str(failure)
    return Measured({name: taken for name, taken in samples.items() if name not in unanswered}, unanswered)


def _without(servers: Sequence[Running], unanswered: Mapping[str, str]) -> list[Running]:
    return [running for running in servers if running.server.name not in unanswered]


def _in_turn(servers: Sequence[Running], number: int) -> list[Running]:
    """Another one begins each round."""
    turn = number % max(1, len(servers))
    return [*servers[turn:], *servers[:turn]]


def _wrong(operation: Operation, servers: Sequence[Running]) -> Iterator[tuple[str, str]]:
    """The servers that do not answer as the limit does, and how they differ; without a limit, as the first does."""
    answers: dict[str, Common] = {}
    for running in sorted(servers, key=lambda running: running.server.name != LIMIT):
        name = running.server.name
        try:
            answers[name] = ask(running, operation)
        except NoAnswer as failure:
            yield name, f"cannot answer: {failure}"
            continue
        difference = first_difference(next(iter(answers.values())), answers[name])
        if difference is not None:
            yield name, f"wrong answer: {difference}"


def _warm_up(running: Running, operation: Operation, plan: Plan) -> Seconds:
    """Let caches fill and compilers work; tell how long a sample must be to have enough answers.

    Processor time says whether a server is warm: unlike its rate, it does not change with what else the machine does.
    """
    began = time.monotonic()
    ask(running, operation)
    alone = time.monotonic() - began
    length = max(plan.seconds, min(plan.longest_s, ANSWERS_PER_SAMPLE * alone))
    watched = running.server.compiles or plan.watch_all
    seconds = min(plan.longest_s, max(plan.warm_up_s, ROUNDS_OF_ANSWERS * CONNECTIONS * alone))
    if watched:
        seconds = max(seconds, WATCHED_S)
    began = time.monotonic()
    last = apply(running, operation, seconds).cpu_ms
    while watched and time.monotonic() - began < plan.longest_warm_up_s:
        before, last = last, apply(running, operation, seconds).cpu_ms
        watched = not steady(before, last)
    return length


def steady(before: float, after: float) -> bool:
    """Whether a server that took so much for a request, and then so much, is warm."""
    return abs(after - before) <= STEADY * max(before, after)
