"""What `/metrics` says of operations: how many, of which kind, what became of them, how long they took, what they read.

Records enter one by one and are added up in a ledger; names come from documents that are known, and only so many.
"""

from typing import TypeAlias

from graph.durations import BUCKETS_S, bucket_of
from graph.errors import InvalidPage, Overloaded, RateLimited, TooCostly, Unauthenticated
from graph.telemetry.described import INVALID
from graph.telemetry.ledger import Family, Kind, Ledger, counter, of_counter, of_histogram
from graph.telemetry.record import NO_CODE, OK, OperationRecord, RequestRecord

OTHER = "other"
MAX_NAMES = 200
"""How many names of operations are told apart; later ones are `other`."""
MAX_CODES = 100
"""How many codes of errors are: resolvers may make up their own."""
MAX_CODE = 100
"""Characters of a code."""
UNAUTHENTICATED = Unauthenticated.code
NO_REFUSALS = frozenset({"CLIENT_HAS_LEFT", "INTERNAL_SERVER_ERROR", "UNAVAILABLE", NO_CODE})
"""Codes in the place of an answer that nobody has decided on."""
LIMITS = frozenset(
    {
        *(error.code for error in (InvalidPage, Overloaded, RateLimited, TooCostly)),
        *("DEADLINE_EXCEEDED", "EXPORT_TOO_LONG"),
    }
)
"""Codes of limits that operations meet when they run."""
SIGN_INS = frozenset({"SIGN_IN_FAILED"})
"""Codes of user errors of those who could not prove who they are."""

ENDED = counter("trellis_operations", "Operations by type, name and outcome: OK, or a code.")
STATEMENTS = counter("trellis_operation_statements", "Statements that they sent.")
ROWS = counter("trellis_operation_rows", "Rows that their loaders read.")
POINTS = counter("trellis_operation_points", "Points that they cost.")
DURATION = Family(
    "trellis_operation_duration_seconds", Kind.HISTOGRAM, "Seconds that operations took, by type and name."
)
REFUSED = counter("trellis_refusals", "Requests and operations that were refused, or ended by a limit.")
USER_ERRORS = counter("trellis_user_errors", "Errors in the payloads of mutations, by code.")
SIGN_IN_FAILURES = counter("trellis_sign_in_failures", "Passwords, tokens and keys that were not right.")

Key: TypeAlias = tuple[str, ...]


class OperationSums:
    """The sums over all operations of one process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ended: dict[Key, tuple[int, int]] = {}
        self._taken: dict[Key, int] = {}
        self._rest: dict[Key, int] = {}
        """Where numbers stand, by their labels."""
        self._names: set[str] = {""}
        self._codes: set[str] = {OK}
        for series in ledger.series():  # those of a process before this one are known, too
            if series.family == ENDED:
                _, (_, name), (_, outcome) = series.labels
                self._names.add(name)
                self._codes.add(outcome)
        for code in (UNAUTHENTICATED, *SIGN_INS):  # an alert wants to see the first one rise from 0
            self._place(SIGN_IN_FAILURES, ("code", code))

    def __call__(self, record: RequestRecord) -> None:
        """Add a request that was answered."""
        operations = record.operations
        for operation in operations:
            seconds = record.seconds if len(operations) == 1 else operation.seconds
            code = record.code or operation.code
            self._add(operation, code, seconds)
            if code != OK and record.code is None and (operation.prepared is None or code in LIMITS):
                self._count_refusal(code, record.status)
        if record.code is not None and record.code not in NO_REFUSALS:
            self._count_refusal(record.code, record.status)
        for code in record.user_errors:
            self._count_user_error(code)

    def _add(self, operation: OperationRecord, code: str, seconds: float) -> None:
        told = operation.described
        kind = told["type"] or INVALID
        # Only documents that were registered have names that are known: others may have any.
        name = _one_of(self._names, told["operation"] or "", MAX_NAMES) if operation.is_registered else ""
        ended = kind, name, code if code == OK else self._known_code(code)
        values, places = self._ledger.values, self._ended.get(ended)
        at_ended, at = self._places_of(ended) if places is None else places
        values[at_ended] += 1
        values[at] += operation.statements
        values[at + 1] += operation.rows
        values[at + 2] += operation.points
        values[at + 3] += seconds
        values[at + 4 + bucket_of(seconds)] += 1

    def _places_of(self, ended: Key) -> tuple[int, int]:
        labels = zip(("type", "operation", "outcome"), ended, strict=True)
        at_ended = self._ledger.place(of_counter(ENDED, *labels))
        kind, name, _ = ended
        at = self._taken.get((kind, name))
        found = self._ended[ended] = at_ended, self._place_of_taken(kind, name) if at is None else at
        return found

    def _place_of_taken(self, kind: str, name: str) -> int:
        labels = ("type", kind), ("operation", name)
        sums = [of_counter(family, *labels) for family in (STATEMENTS, ROWS, POINTS)]
        at = self._taken[kind, name] = self._ledger.block([*sums, *of_histogram(DURATION, BUCKETS_S, *labels)])
        return at

    def _count_refusal(self, code: str, status: int) -> None:
        code = self._known_code(code)
        self._ledger.values[self._place(REFUSED, ("code", code), ("status", str(status)))] += 1
        if code == UNAUTHENTICATED:
            self._ledger.values[self._place(SIGN_IN_FAILURES, ("code", code))] += 1

    def _count_user_error(self, code: str) -> None:
        self._ledger.values[self._place(USER_ERRORS, ("code", self._known_code(code)))] += 1
        if code in SIGN_INS:
            self._ledger.values[self._place(SIGN_IN_FAILURES, ("code", code))] += 1

    def _place(self, family: Family, *labels: tuple[str, str]) -> int:
        key = family.name, *(value for _, value in labels)
        at = self._rest.get(key)
        if at is None:
            at = self._rest[key] = self._ledger.place(of_counter(family, *labels))
        return at

    def _known_code(self, code: str) -> str:
        return _one_of(self._codes, code[:MAX_CODE], MAX_CODES)


def _one_of(known: set[str], name: str, most: int) -> str:
    """The name, or `other` where there are too many."""
    if name in known:
        return name
    if len(known) > most:
        return OTHER
    known.add(name)
    return name
