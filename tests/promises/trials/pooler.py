"""PgBouncer between us and PostgreSQL: what is asked through it, and how it is when either of them fails (3 and 12)."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from db.models.role import ADMIN
from graph.app import create_app
from graph.settings import Settings
from tests.explorer.serving import serving
from tests.pgbouncer import PgBouncer, pgbouncer
from tests.promises.bank import (
    BALANCES,
    HEADER,
    TOTAL,
    TOTAL_MONEY,
    Client,
    Ledger,
    by_header,
    check_books,
    open_accounts,
    total_in,
)
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.outages import LIMIT_S, OUTAGE_CODES, SETTINGS, WHOLE_S
from tests.promises.trials.stage import Clients, Stage, stage, whole_again

BANKERS = 8
READERS = 4
CALM_S = 1.0
OUTAGE_S = 2.0
LATE_S = 0.5

Fault = Callable[[Stage, PgBouncer], Awaitable[None]]


async def transaction(_dialect: str, _minutes: float) -> Finding:
    """Connections of PostgreSQL are lent for a transaction."""
    return await _try("transaction")


async def session(_dialect: str, _minutes: float) -> Finding:
    """Connections of PostgreSQL are lent for as long as ours live."""
    return await _try("session")


async def _try(mode: str) -> Finding:
    """Move money and read through every fault; nothing is lost, and each is over three seconds after its end."""
    figures, whole, ledger = list[str](), list[float](), Ledger()
    async with stage("postgresql", scale=0) as made, pgbouncer(made.url, mode) as bouncer:
        accounts, until = await open_accounts(made.settings), asyncio.Event()
        settings = Settings.model_validate(
            SETTINGS | {"database_url": bouncer.url, "direct_url": made.url, "pgbouncer": mode == "transaction"}
        )
        async with serving(create_app(settings, identify=by_header)) as origin:
            clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(BANKERS)]
            readers = Clients(origin, {HEADER: ADMIN})
            async with readers.open() as http, asyncio.TaskGroup() as group:
                for number, client in enumerate(clients):
                    group.create_task(client.run(f"client {number}", until))
                for number in range(READERS):
                    group.create_task(readers.ask_on(http, BALANCES if number % 2 else TOTAL, until, 0.02))
                await asyncio.sleep(CALM_S * 2)
                calm = [*ledger.codes, *(code for told in readers.told for code in told.codes)]
                for name, fault in FAULTS.items():
                    known = len(ledger.done)
                    await fault(made, bouncer)
                    whole.append(await whole_again(origin))
                    figures.append(f"{name} {whole[-1]:.1f} s")
                    await ledger.more_than(known)
                    await asyncio.sleep(CALM_S)
                until.set()
            await asyncio.gather(*(client.close() for client in clients))
        await check_books(made.settings, ledger, accounts)
    longest = max(one.seconds for one in readers.told)
    figure = (
        f"whole after: {', '.join(figures)}; longest answer {longest:.1f} s; {len(ledger.done)} transfers, none"
        f" missing, none twice; {dict(readers.codes())} and {dict(ledger.codes)}"
    )
    readable = all(
        one.fine or (one.codes <= OUTAGE_CODES and (one.status == 503 or one.codes == {"DEADLINE_EXCEEDED"}))
        for one in readers.told
    )
    return Finding(
        figure,
        broken(
            no_error_in_calm=not calm,
            every_reading_sums_up=all(total_in(one.body) == TOTAL_MONEY for one in readers.told if one.fine),
            whole_within_3_s=max(whole) <= WHOLE_S,
            errors_within_the_limit=longest <= LIMIT_S + LATE_S,
            errors_are_503_UNAVAILABLE=readable,
            errors_of_changes_say_so="INTERNAL_SERVER_ERROR" not in ledger.codes,
        ),
    )


async def _kill_pgbouncer(_made: Stage, bouncer: PgBouncer) -> None:
    bouncer.kill()
    await asyncio.sleep(OUTAGE_S)
    await bouncer.start()


async def _crash_postgresql(made: Stage, _bouncer: PgBouncer) -> None:
    assert made.server is not None
    await asyncio.to_thread(made.server.stop)
    await asyncio.sleep(OUTAGE_S)
    await asyncio.to_thread(made.server.start)


async def _pause(_made: Stage, bouncer: PgBouncer) -> None:
    """As before a change-over: statements wait inside of PgBouncer, longer than an operation may take."""
    pausing = asyncio.create_task(bouncer.tell("PAUSE"))
    await asyncio.sleep(LIMIT_S + 1)
    pausing.cancel()
    await asyncio.wait({pausing})
    await bouncer.tell("RESUME")


async def _silent_pgbouncer(_made: Stage, bouncer: PgBouncer) -> None:
    bouncer.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LIMIT_S + 1)
    bouncer.send_signal(signal.SIGCONT)


async def _silent_postgresql(made: Stage, _bouncer: PgBouncer) -> None:
    assert made.server is not None
    made.server.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LIMIT_S + 1)
    made.server.send_signal(signal.SIGCONT)


FAULTS: dict[str, Fault] = {
    "PgBouncer killed": _kill_pgbouncer,
    "PostgreSQL crashed": _crash_postgresql,
    "PAUSE": _pause,
    "PgBouncer silent": _silent_pgbouncer,
    "PostgreSQL silent": _silent_postgresql,
}
