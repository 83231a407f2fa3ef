"""One key, sent three times at once over HTTP, is one transfer and three equal answers."""

import asyncio

from db.models.role import ADMIN
from graph.app import create_app
from tests.databases import Database
from tests.explorer.serving import serving
from tests.promises.bank import (
    HEADER,
    START,
    Call,
    Client,
    Ledger,
    by_header,
    check_books,
    input_of,
    open_accounts,
    patient,
)

ROUNDS = 15
DOCUMENT = """mutation($input: TransferFundsInput!) { transferFunds(input: $input) {
  transfer { id amount createdAt } errors { ... on UserError { __typename message code path } }
} }"""


async def test_one_key_three_times_at_once_is_one_transfer_and_three_equal_answers(database: Database) -> None:
    settings = patient(database)
    accounts, ledger = await open_accounts(settings), Ledger()
    async with serving(create_app(settings, identify=by_header)) as origin:
        clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(3)]
        for number in range(ROUNDS):
            # Every third asks for more than there is: what is refused is answered alike, too.
            cents = START * 100 if number % 3 == 2 else number + 1
            call = Call(f"key {number}", accounts[number % 8], accounts[(number + 1) % 8], cents)
            first, *others = await asyncio.gather(*(it.ask(DOCUMENT, input=input_of(call)) for it in clients))
            assert others == [first, first]
            made = first["transferFunds"]["transfer"]
            kinds = [error["__typename"] for error in first["transferFunds"]["errors"]]
            assert kinds == ([] if made else ["InsufficientFunds"])
            if made:
                ledger.done[call.key] = (call, made["id"])
        changed = input_of(Call("key 0", accounts[0], accounts[1], 2))
        conflict = (await clients[0].ask(DOCUMENT, input=changed))["transferFunds"]
        await asyncio.gather(*(client.close() for client in clients))
    assert [error["code"] for error in conflict["errors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert len(ledger.done) == ROUNDS - ROUNDS // 3
    await check_books(settings, ledger, accounts)
