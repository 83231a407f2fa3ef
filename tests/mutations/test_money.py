"""Accounts and transfers: who may move what, how amounts are written, and what every refusal says."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, text

from db.own import IdempotencyKey
from db.session.engines import Engines
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.types.account import Account
from graph.types.user import User
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.banking import TRANSFER, balance_of, make_account, place, transfer

NOWHERE = encode_id(entity_of(Account), (999,))
MOST = "92233720368547758.07"


async def test_a_transfer_moves_what_leaves_one_account_to_the_other(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "100"), await make_account(ada, "1")
    payload = await ada.do("transferFunds", transfer(source, target, "60.5"), TRANSFER)
    assert payload["errors"] == []
    assert payload["transfer"]["amount"] == "60.50"
    assert payload["transfer"]["currency"] == "EUR"
    assert payload["fromAccount"] == {"id": source, "balance": "39.50"}
    assert payload["toAccount"] == {"id": target, "balance": "61.50"}


async def test_money_reaches_an_account_that_its_sender_may_not_see(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(bob)
    payload = await ada.do("transferFunds", transfer(source, target, "10"), TRANSFER)
    assert payload["errors"] == []
    assert payload["toAccount"] is None
    assert await balance_of(ask, target) == "10.00"
    assert await balance_of(ask, source) == "0.00"


async def test_no_refusal_tells_of_an_account_that_may_not_be_seen(ask: Asking) -> None:
    """Only money that arrives does, and that costs its sender."""
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(bob)
    yen, full = await make_account(bob, currency="JPY"), await make_account(bob, MOST)
    await ada.do("transferFunds", transfer(source, target, "1", "rent"), TRANSFER)

    async def asked(given: Any) -> Any:
        async with ask.engines.writing().begin() as connection:  # as two days later
            await connection.execute(delete(IdempotencyKey))
        return await ada.do("transferFunds", given, TRANSFER)

    async def told(amount: str, name: str | None = None, *accounts: str) -> Any:
        answers = [await asked(transfer(source, it, amount, name)) for it in (*accounts, yen, full, NOWHERE)]
        assert answers == [answers[-1]] * len(answers)
        return [(error["__typename"], error["path"], error["message"]) for error in answers[-1]["errors"]]

    says = "There is no such account in EUR; it may have been deleted. Use an id that you can still read."
    assert await told("1") == [("NotFound", ["input", "toAccountId"], says)]
    assert await told("1", "new") == [("NotFound", ["input", "toAccountId"], says)]
    for amount, name, error in (
        ("9.01", None, ("InsufficientFunds", ["input", "amount"])),
        ("0.001", None, ("InvalidInput", ["input", "amount"])),
        ("1", "rent", ("IdempotencyConflict", ["input", "idempotencyKey"])),
    ):
        assert [it[:2] for it in await told(amount, name, target)] == [error]
    assert await balance_of(ask, source) == "9.00"


async def test_nobody_moves_the_money_of_others_but_admins(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    theirs, own = await make_account(ada, "10"), await make_account(bob)
    asked = transfer(theirs, own, "1")
    assert await bob.refused("transferFunds", asked) == [("NotFound", ("input", "fromAccountId"))]
    assert await ask.refused("transferFunds", asked) == [("NotSignedIn", ())]
    assert (await ask.by(ADMIN).do("transferFunds", asked, TRANSFER))["fromAccount"]["balance"] == "9.00"


async def test_accounts_that_are_not_there_are_named(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source = await make_account(ada, "10")
    missing = [
        await ada.refused("transferFunds", transfer(NOWHERE, source, "1")),
        await ada.refused("transferFunds", transfer(source, NOWHERE, "1")),
        await ask.by(ADMIN).refused("deposit", {"accountId": NOWHERE, "amount": "1"}),
    ]
    fields = ("fromAccountId", "toAccountId", "accountId")
    assert missing == [[("NotFound", ("input", field))] for field in fields]


async def test_money_needs_two_accounts_of_one_currency_and_enough(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    euro, other, yen = await make_account(ada, "10"), await make_account(ada), await make_account(ada, currency="JPY")

    async def refused(*asked: str) -> list[tuple[str, tuple[str, ...]]]:
        return await ada.refused("transferFunds", transfer(*asked), TRANSFER)

    assert await refused(euro, euro, "1") == [("InvalidInput", ("input", "toAccountId"))]
    assert await refused(euro, yen, "1") == [("CurrencyMismatch", ("input", "toAccountId"))]
    assert await refused(euro, other, "10.01") == [("InsufficientFunds", ("input", "amount"))]
    assert await balance_of(ask, euro) == "10.00"


@pytest.mark.parametrize(
    ("currency", "amount", "message"),
    [
        ("EUR", "12.345", "EUR has 2 digits after the point; round it, for instance to 12.34."),
        ("JPY", "1.5", "JPY has no digits after the point; round it, for instance to 1."),
        ("KWD", "0.0001", "KWD has 3 digits after the point; round it, for instance to 0.000."),
        ("EUR", "92233720368547758.08", f"That is more than an account can hold; {MOST} EUR is the most."),
        ("EUR", "1e900", f"That is more than an account can hold; {MOST} EUR is the most."),
        ("EUR", "1e-900", "EUR has 2 digits after the point; round it, for instance to 0.00."),
        ("EUR", "0", "An amount is more than 0; to send money back, change the accounts over."),
        ("EUR", "-1", "An amount is more than 0; to send money back, change the accounts over."),
    ],
)
async def test_an_amount_fits_its_currency(ask: Asking, currency: str, amount: str, message: str) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "1000", currency), await make_account(ada, currency=currency)
    for name, asked in (
        ("transferFunds", transfer(source, target, amount)),
        ("deposit", {"accountId": source, "amount": amount}),
    ):
        payload = await ask.by(ADMIN).do(name, asked)
        assert [(it["__typename"], it["path"]) for it in payload["errors"]] == [("InvalidInput", ["input", "amount"])]
        assert payload["errors"][0]["message"] == message


async def test_trailing_zeros_are_no_digits(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    assert await balance_of(ask, await make_account(ada, "12.3400000")) == "12.34"
    assert await balance_of(ask, await make_account(ada, "1.2e3", "JPY")) == "1200"
    assert await place(ada, (1, "0e900"), (1, "0.000"))


async def test_an_account_holds_what_64_bits_hold_and_no_more(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    full, more = await make_account(ada, MOST), await make_account(ada, "1")
    place = [("InvalidInput", ("input", "amount"))]
    assert await ask.by(ADMIN).refused("deposit", {"accountId": full, "amount": "0.01"}) == place
    assert await ada.refused("transferFunds", transfer(more, full, "0.01")) == place
    assert await balance_of(ask, full) == MOST


async def test_only_admins_put_money_in(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines, "editor"))
    account = await make_account(ada)
    assert await ada.refused("deposit", {"accountId": account, "amount": "1"}) == [("Forbidden", ())]
    payload = await ask.by(ADMIN).do("deposit", {"accountId": account, "amount": "1"}, "account { balance }")
    assert payload["account"] == {"balance": "1.00"}


async def test_only_admins_open_accounts_for_others(ask: Asking) -> None:
    ada = await make_user(ask.engines)
    owner = (await ask.by(ada)("{ viewer { id } }"))["viewer"]["id"]
    bob = ask.by(await make_user(ask.engines))
    asked = {"currency": "EUR", "ownerId": owner}
    place = ("input", "ownerId")
    assert await bob.refused("openAccount", asked) == [("Forbidden", place)]
    assert await ask.by(ADMIN).refused("openAccount", {"currency": "EUR"}) == [("InvalidInput", place)]
    assert await ask.refused("openAccount", {"currency": "EUR"}) == [("NotSignedIn", ())]
    assert await bob.refused("openAccount", {"currency": "XXX"}) == [("InvalidInput", ("input", "currency"))]
    payload = await ask.by(ADMIN).do("openAccount", asked, "account { balance owner { id } }")
    assert payload["account"] == {"balance": "0.00", "owner": {"id": owner}}
    nobody = encode_id(entity_of(Account), (1,)).replace("QWNjb3VudDox", "VXNlcjo5OTk")
    refused = await ask.by(ADMIN).refused("openAccount", asked | {"ownerId": nobody})
    assert refused == [("NotFound", place)]


async def test_a_key_of_a_transfer_serves_one_account_once_whoever_sends_it(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(ada)
    asked = transfer(source, target, "1", "rent")
    assert (await ada.do("transferFunds", asked, TRANSFER))["transfer"]["idempotencyKey"] == "rent"
    # The admin's keys are not Ada's, but the account's own list of them is the last wall.
    refused = await ask.by(ADMIN).refused("transferFunds", asked, TRANSFER)
    assert refused == [("IdempotencyConflict", ("input", "idempotencyKey"))]
    assert await balance_of(ask, source) == "9.00"


async def test_a_transfer_is_in_the_record(ask: Asking) -> None:
    ada = await make_user(ask.engines)
    source, target = await make_account(ask.by(ada), "1"), await make_account(ask.by(ada))
    made = await ask.by(ada).do("transferFunds", transfer(source, target, "1"), "transfer { id }")
    entries = await ask.by(ADMIN)(
        '{ auditEntries(where: {action: {eq: "transferFunds"}}) { nodes { actor objectIds } } }'
    )
    assert entries["auditEntries"]["nodes"] == [
        {"actor": encode_id(entity_of(User), (ada.id,)), "objectIds": [made["transfer"]["id"]]}
    ]


@pytest.mark.parametrize("key", [None, "once"])
async def test_a_transfer_takes_few_statements(ask: Asking, statements: StatementRecorder, key: str | None) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "100"), await make_account(ada)
    with statements() as seen:
        payload = await ada.do("transferFunds", transfer(source, target, "1", key), "transfer { id amount }")
    assert payload["errors"] == []
    # SELECT both accounts; UPDATE them and INSERT the transfer, one statement on PostgreSQL; INSERT the record; SELECT
    # what is answered. With a key: INSERT it, UPDATE it with the answer.
    moving = 1 if ask.engines.dialect == "postgresql" else 2
    assert len(seen) == 1 + moving + 1 + 1 + (2 if key else 0), seen


async def test_the_check_of_the_database_is_the_last_wall(engines: Engines, ask: Asking) -> None:
    ada = ask.by(await make_user(engines))
    account = await make_account(ada, "1")
    async with engines.writing().connect() as connection:
        with pytest.raises(Exception, match="balance_is_not_negative"):
            await connection.execute(text("UPDATE accounts SET balance = balance - 101"))
    assert await balance_of(ask, account) == "1.00"


async def test_transfers_in_both_directions_at_once_all_come_through(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    one, other = await make_account(ada, "100"), await make_account(ada, "100")
    asked = [transfer(one, other, "1"), transfer(other, one, "1")] * 4
    done = await asyncio.gather(*(ada.do("transferFunds", it, "transfer { id }") for it in asked))
    assert [payload["errors"] for payload in done] == [[]] * 8
    assert [await balance_of(ask, id_) for id_ in (one, other)] == ["100.00"] * 2
