"""Idempotency keys in an `@atomic` operation: each names the whole of it.

The names that clients gave to changes enter, with a digest of all that the operation asks for. The first operation
under them claims all of them in its own transaction; the same operation, sent again, gets the answers of the first, and
nothing is done. A name that stands for anything else is a conflict at its field. As with single calls, rejections are
kept, too, in a transaction after the one that was undone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from db.session import RequestSession
from graph.context import RequestContext
from graph.writing.change import Change
from graph.writing.errors import Place, UserError
from graph.writing.idempotency import Keys, restored, restored_errors, stored, stored_errors, used_before
from graph.writing.payload import Answer, Payload

ANSWERS, CAUSE = "together", "cause"


class Named(NamedTuple):
    """A client's own name for one of the changes."""

    key: str
    at: int
    """Which of the changes."""
    place: Place
    """Where the name stands among the arguments."""


class Outcome(NamedTuple):
    """What an operation has come to."""

    answers: Sequence[Answer] = ()
    cause: int | None = None
    """Which of the changes was rejected; None: all were done."""
    errors: Sequence[UserError] = ()


class RepeatedTogether(Exception):
    """The operation was done, or rejected, before: this is what it came to."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__("This was done before.")


class Conflict(Exception):
    """A name stands for something else."""

    def __init__(self, named: Named) -> None:
        self.at = named.at
        self.error = used_before(named.place)
        super().__init__(self.error.message)


class Repeats:
    """One operation under the names of its changes."""

    def __init__(
        self,
        keys: Keys,
        owner: str,
        named: Iterable[Named],
        asked: Sequence[tuple[str, str | None]],
        payloads: Sequence[Payload],
    ) -> None:
        """Make it; `asked` has for each change the digest of its call, and its name."""
        self._keys = keys
        self._owner = owner
        self._named = list({it.key: it for it in named}.values())
        """Each once: a name that was claimed by this operation would look like one of an operation before."""
        self._payloads = payloads
        self._fingerprint = hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    async def begin(self, change: Change) -> None:
        """Claim all names. Raises `RepeatedTogether` and `Conflict`."""
        for named in self._named:
            claim = await self._keys.claim(change, self._owner, named.key, self._fingerprint)
            if claim is not None and claim.fingerprint != self._fingerprint:
                raise Conflict(named)
            if claim is not None:
                raise RepeatedTogether(self._restored(claim.answer))

    async def done(self, results: Sequence[object], change: Change) -> None:
        """Keep the answers to changes that were done."""
        answers = [stored(result, payload) for result, payload in zip(results, self._payloads, strict=True)]
        await self._keep(change, {ANSWERS: answers, CAUSE: None})

    async def rejected(self, cause: int, errors: Sequence[UserError], context: RequestContext) -> None:
        """Keep why everything was undone. Raises `RepeatedTogether` and `Conflict` where others came in between."""

        async def work(session: RequestSession) -> None:
            change = Change(session, context)
            await self.begin(change)
            await self._keep(change, {ANSWERS: [stored_errors(errors)], CAUSE: cause})

        await context.session.write(work)

    async def _keep(self, change: Change, answer: Mapping[str, Any]) -> None:
        for named in self._named:
            await self._keys.keep(change, self._owner, named.key, answer)

    def _restored(self, kept: Mapping[str, Any]) -> Outcome:
        """What is kept of the operation. Raises `Undeclared` for an error that is not declared any more."""
        cause = kept[CAUSE]
        if cause is not None:
            (answer,) = kept[ANSWERS]
            return Outcome(cause=cause, errors=restored_errors(answer, self._payloads[cause]))
        return Outcome(
            [restored(answer, payload) for answer, payload in zip(kept[ANSWERS], self._payloads, strict=True)]
        )
