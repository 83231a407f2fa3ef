"""The promises, by number: what each bar is, and what tries it.

A promise is tried by tests, which pytest runs, or by trials, which `tests.promises.trials` holds. People read
docs/promises.md.
"""

import importlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tests.promises.trials.finding import Finding

BOTH = ("sqlite", "postgresql")
LOAD_S = "20"
"""How long tests of a load try it; in CI it is less."""


class Suite(NamedTuple):
    """Tests that hold a promise, by their ids."""

    ids: Sequence[str]
    most_s: int = 240
    at_once: int = 1
    """By how many workers they are run: more than one where no figure is of time."""


Trying: TypeAlias = Callable[[str, float], Coroutine[Any, Any, Finding]]
"""Takes the dialect, and for how many minutes memory is watched."""


class Trial(NamedTuple):
    """A function of `tests.promises.trials`: `overload.flood`."""

    name: str
    dialects: Sequence[str] = ("postgresql",)
    most_s: int = 120

    def function(self) -> Trying:
        """What is to be called."""
        module, _, name = self.name.partition(".")
        found: Trying = getattr(importlib.import_module(f"tests.promises.trials.{module}"), name)
        return found


class NotBuilt(NamedTuple):
    """A promise about what is not there yet."""

    why: str


Evidence: TypeAlias = Suite | Trial | NotBuilt


class Promise(NamedTuple):
    """A promise, in a line."""

    name: str
    bar: str
    evidence: Sequence[Evidence]


PROMISES: Mapping[int, Promise] = {
    1: Promise("conservation", "every reading sums up", [Suite(["tests/promises/test_conservation.py"])]),
    2: Promise("durable answers", "each transfer is there once", [Suite(["tests/promises/test_durability.py"])]),
    3: Promise(
        "durable, though the database fails",
        "each transfer is there once",
        [Suite(["tests/promises/test_database_faults.py"]), Trial("outages.bank", most_s=240)],
    ),
    4: Promise(
        "idempotency",
        "one row, three equal answers",
        [Suite(["tests/promises/test_repeats.py", "tests/mutations/test_idempotency.py"])],
    ),
    5: Promise("no deadlock surfaces", "none", [Suite(["tests/promises/test_deadlocks.py"])]),
    6: Promise(
        "two editors",
        "nothing changes",
        [Suite(["tests/mutations/test_versions.py", "tests/writing/test_versions.py"])],
    ),
    7: Promise("migrations with data", "rows are the same", [Suite(["tests/migrations/test_revisions.py"])]),
    8: Promise("no leaks", "none after 5 s", [Trial("leaving.leavers", BOTH)]),
    9: Promise(
        "abandoned work stops",
        "1 s",
        [Trial("leaving.abandoned"), Suite(["tests/http/test_disconnect.py"])],
    ),
    10: Promise(
        "deadlines", "200 ms", [Trial("deadlines.deadlines"), Suite(["tests/db/session/test_session_ends.py"])]
    ),
    11: Promise("overload", "503, no 500, whole after 2 s", [Trial("overload.flood", BOTH), Trial("overload.locked")]),
    12: Promise(
        "the database stops",
        "whole in 3 s",
        [
            Trial("outages.restart"),
            Trial("outages.black_hole"),
            Trial("pooler.transaction"),
            Trial("pooler.session"),
        ],
    ),
    13: Promise(
        "SIGTERM drains",
        "200, exit 0, no orphan",
        [Trial("draining.drain"), Trial("draining.orphans", ("sqlite",)), Suite(["tests/cli/test_serve.py"])],
    ),
    14: Promise(
        "subscriptions",
        "bounded, cleaned up, ended in 5 s",
        [
            Suite(
                ["tests/live/test_limits.py", "tests/live/test_identity.py", "tests/live/test_events.py"], most_s=400
            ),
            Suite(["tests/identity/test_over_sockets.py"], most_s=200),
        ],
    ),
    15: Promise("memory is flat", "1 MiB a minute", [Trial("soak.soak", BOTH)]),
    16: Promise("DDL under load", "no read is wrong", [Trial("ddl.ddl")]),
    17: Promise("SQLite's writers", "none is told of locks", [Suite(["tests/promises/test_many_writers.py"])]),
    18: Promise(
        "hostile input",
        "no 500",
        [
            Suite(["tests/http/test_hostile_bodies.py", "tests/http/test_hostile_references.py"]),
            Trial("operations.operations", BOTH, most_s=240),
        ],
    ),
    19: Promise(
        "amplification",
        "bounds of CPU, memory, bytes",
        [
            Suite(["tests/attacks"], most_s=400),
            Trial("attacks.many_posts", BOTH, most_s=300),
            Suite(["tests/prepare/test_limits.py"]),
            Trial("transport.unfinished", ("sqlite",)),
            Trial("transport.slow_readers", ("sqlite",)),
        ],
    ),
    20: Promise(
        "specifications",
        "all of the audits",
        [Suite(["tests/http/test_audits.py", "tests/execute/core"], most_s=300, at_once=2)],
    ),
    21: Promise(
        "CSRF",
        "refused",
        [Suite(["tests/identity/test_requests.py", "tests/http/test_requests.py", "tests/http/test_cors.py"])],
    ),
    22: Promise(
        "every path, every role",
        "not to be told apart",
        [
            Suite(
                [f"tests/policies/test_{name}.py" for name in ("mutations", "nobody_can_tell", "policies", "rows")],
                most_s=600,
                at_once=2,
            )
        ],
    ),
    23: Promise("injection", "nothing of others", [Suite(["tests/policies/test_injection.py"], most_s=300, at_once=2)]),
    24: Promise(
        "identity", "refused", [Suite(["tests/auth", "tests/identity", "tests/outside", "tests/api_keys"], at_once=2)]
    ),
    25: Promise(
        "quiet", "no word of the inside", [Suite(["tests/http/test_ends.py", "tests/prepare/test_mistakes.py"])]
    ),
    26: Promise("a bad request harms nobody", "nobody", [Suite(["tests/db/session/test_after_errors.py"], at_once=2)]),
    27: Promise(
        "health is truth",
        "200 or 503 as it is",
        [Suite(["tests/http/test_probes.py"]), Trial("disk.full", ("sqlite",))],
    ),
    28: Promise(
        "a dead replica harms nobody",
        "no read lost",
        [
            Trial("outages.replicas"),
            Trial("outages.silent_replica"),
            Suite(["tests/db/session/test_replicas.py"]),
            Suite(["tests/db/session/test_replication.py", "tests/http/test_own_writes.py"]),
            Suite(["tests/db/session/test_failover.py"]),
        ],
    ),
    29: Promise(
        "the price is the truth",
        "one row within 1 s",
        [Trial("worst.worst", BOTH), Suite(["tests/prepare/test_cost.py"])],
    ),
    30: Promise(
        "one answer everywhere",
        "the same",
        [Suite(["tests/execute/agreement", "tests/entity/test_locales.py"], most_s=600, at_once=2)],
    ),
    31: Promise(
        "what is not ours stays",
        "as it is",
        [Suite(["tests/migrations/test_own.py", "tests/migrations/test_evolution.py"])],
    ),
    32: Promise("live", "", [NotBuilt("there are no subscriptions yet")]),
}
