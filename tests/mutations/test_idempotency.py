"""Idempotency keys: a change that is sent again gives the same answer and is not made again."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field
from sqlalchemy import delete, func, select

from db.fast import CompiledStatement
from db.own import IdempotencyKey as StoredKey
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.errors import DeclarationError
from graph.masking import for_client
from graph.prepare.documents import OperationRequest
from graph.testing.clients import EVERY_KIND
from graph.writing import Change, IdempotencyKey, Input, idempotency_key, mutation
from graph.writing.idempotency import fingerprint_of
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, SCHEMA, Asking, make_user
from tests.mutations.banking import ORDER, TRANSFER, balance_of, make_account, place, transfer

CONFLICT = [("IdempotencyConflict", ("input", "idempotencyKey"))]


async def keys(engines: Engines) -> int:
    """How many keys are kept."""
    async with RequestSession(engines, Mode.CURRENT) as session:
        ((count,),) = await session.rows(select(func.count()).select_from(StoredKey))
    return int(count)


async def test_the_same_call_again_gives_the_same_answer_and_moves_nothing(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(ada)
    asked = transfer(source, target, "4", "k")
    first = await ada.do("transferFunds", asked, TRANSFER)
    again = await ada.do("transferFunds", asked | {"amount": "4.00"}, TRANSFER)
    assert first["errors"] == []
    assert again == first
    assert await balance_of(ask, source) == "6.00"


async def test_a_repeated_call_costs_two_statements_and_its_answer(ask: Asking, statements: StatementRecorder) -> None:
    ada = ask.by(await make_user(ask.engines))
    asked = transfer(await make_account(ada, "10"), await make_account(ada), "4", "k")
    await ada.do("transferFunds", asked, "transfer { id }")
    with statements() as seen:
        await ada.do("transferFunds", asked, "transfer { id }")
    # INSERT of the key, which is taken; SELECT of what was answered; SELECT of the transfer.
    assert len(seen) == 3, seen


async def test_three_at_once_make_one_transfer_and_get_one_answer(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(ada)
    asked = transfer(source, target, "4", "k")
    first, *others = await asyncio.gather(*(ada.do("transferFunds", asked, TRANSFER) for _ in range(3)))
    assert first["errors"] == []
    assert others == [first, first]
    assert await balance_of(ask, source) == "6.00"


async def test_three_orders_at_once_are_one(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    line = {"description": "Rose", "quantity": 1, "unitPrice": "1"}
    asked = {"currency": "EUR", "lines": [line], "idempotencyKey": "k"}
    first, *others = await asyncio.gather(*(ada.do("placeOrder", asked, ORDER) for _ in range(3)))
    assert first["order"]["totalPrice"] == "1.00"
    assert others == [first, first]
    changed = asked | {"lines": [line, line]}
    assert await ada.refused("placeOrder", changed) == CONFLICT


async def test_an_order_is_paid_once_under_a_key(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    account, order = await make_account(ada, "10"), await place(ada, (1, "4"))
    asked = {"orderId": order, "fromAccountId": account, "idempotencyKey": "k"}
    selection = "order { status } transfer { id amount }"
    first, *others = await asyncio.gather(*(ada.do("payOrder", asked, selection) for _ in range(3)))
    assert (first["errors"], first["order"]) == ([], {"status": "PAID"})
    assert others == [first, first]


async def test_a_key_for_something_else_is_a_conflict(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines, "admin"))
    source, target = await make_account(ada, "10"), await make_account(ada)
    await ada.do("transferFunds", transfer(source, target, "4", "k"))
    assert await ada.refused("transferFunds", transfer(source, target, "5", "k")) == CONFLICT
    assert await ada.refused("transferFunds", transfer(target, source, "4", "k")) == CONFLICT
    assert await ada.refused("deposit", {"accountId": source, "amount": "4", "idempotencyKey": "k"}) == CONFLICT
    assert await balance_of(ask, source) == "6.00"


async def test_everybody_has_keys_of_their_own(ask: Asking) -> None:
    for _ in range(2):
        ada = ask.by(await make_user(ask.engines))
        source, target = await make_account(ada, "10"), await make_account(ada)
        assert (await ada.do("transferFunds", transfer(source, target, "4", "k")))["errors"] == []


async def test_what_stood_against_the_work_is_answered_again(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "1"), await make_account(ada)
    asked = transfer(source, target, "4", "k")
    first = await ada.do("transferFunds", asked, TRANSFER)
    await ask.by(ADMIN).do("deposit", {"accountId": source, "amount": "10"})
    again = await ada.do("transferFunds", asked, TRANSFER)
    assert [error["__typename"] for error in first["errors"]] == ["InsufficientFunds"]
    assert again == first
    assert await balance_of(ask, source) == "11.00"


async def test_an_error_that_the_program_has_not_any_more_is_still_answered(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    asked = transfer(await make_account(ada, "1"), await make_account(ada), "4", "k")
    first = (await ada.do("transferFunds", asked, TRANSFER))["errors"][0]

    async def rename(session: RequestSession) -> None:
        (row,) = await session.scalars(select(StoredKey))
        kept: Any = row.answer
        row.answer = {"errors": [{**kept["errors"][0], "type": "Renamed"}]}
        await session.flush()

    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        await session.write(rename)
    text = "mutation($input: TransferFundsInput!) { transferFunds(input: $input) { transfer { id } } }"
    answer = await SCHEMA.operations.answer(OperationRequest(text, {"input": asked}), ada.context(), EVERY_KIND)
    (error,) = for_client(answer.errors or [])
    assert (error.message, (error.extensions or {})["code"]) == (first["message"], first["code"])


async def test_three_at_once_that_are_refused_get_one_answer(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    asked = transfer(await make_account(ada, "1"), await make_account(ada), "4", "k")
    first, *others = await asyncio.gather(*(ada.do("transferFunds", asked, TRANSFER) for _ in range(3)))
    assert [error["__typename"] for error in first["errors"]] == ["InsufficientFunds"]
    assert others == [first, first]
    assert await keys(ask.engines) == 1


async def test_what_was_refused_before_any_work_does_not_use_the_key_up(ask: Asking) -> None:
    ada = await make_user(ask.engines)
    asker = ask.by(ada)
    source, target = await make_account(asker, "10"), await make_account(asker)
    wrong = transfer(source, target, "-4", "k")
    assert await asker.refused("transferFunds", wrong) == [("InvalidInput", ("input", "amount"))]
    assert await ask.refused("transferFunds", transfer(source, target, "4", "k")) == [("NotSignedIn", ())]
    deposit = {"accountId": source, "amount": "4", "idempotencyKey": "k"}
    assert await asker.refused("deposit", deposit) == [("Forbidden", ())]
    assert await keys(ask.engines) == 0
    assert (await asker.do("transferFunds", transfer(source, target, "4", "k")))["errors"] == []


@pytest.mark.parametrize("key", ["", "x" * 101])
async def test_a_key_has_1_to_100_characters(ask: Asking, key: str) -> None:
    ada = ask.by(await make_user(ask.engines))
    account = await make_account(ada, "1")
    refused = await ada.refused("transferFunds", transfer(account, account, "1", key))
    assert refused == [("InvalidInput", ("input", "idempotencyKey"))]


async def test_calls_without_a_key_leave_none(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(ada)
    for _ in range(2):
        await ada.do("transferFunds", transfer(source, target, "4"))
    assert await balance_of(ask, source) == "2.00"
    assert await keys(ask.engines) == 0


async def test_an_account_knows_the_keys_of_its_transfers_for_ever(ask: Asking) -> None:
    ada = await make_user(ask.engines)
    source, target = await make_account(ask.by(ada), "10"), await make_account(ask.by(ada))
    await ask.by(ada).do("transferFunds", transfer(source, target, "4", "k"))

    async def forget(transaction: Any) -> None:
        await transaction.rows(CompiledStatement(delete(StoredKey)))

    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        await session.write(forget)
    assert await ask.by(ada).refused("transferFunds", transfer(source, target, "4", "k")) == CONFLICT


class PlainInput(Input):
    """An input without a key."""


class KeyedInput(Input):
    """An input with a key."""

    amounts: list[Decimal] = Field(description="Amounts.")
    idempotency_key: IdempotencyKey | None = idempotency_key()


def test_an_idempotent_mutation_declares_its_key_and_answers_what_can_be_kept() -> None:
    async def no_key(values: PlainInput, change: Change) -> None:
        """Do nothing."""

    async def odd(values: KeyedInput, change: Change) -> None:
        """Do nothing."""

    with pytest.raises(DeclarationError, match="has no idempotency_key"):
        mutation(idempotent=True)(no_key)
    with pytest.raises(DeclarationError, match="thing cannot be kept"):
        mutation(idempotent=True, thing=(bytes, "Bytes."))(odd)


def test_a_fingerprint_is_of_what_is_asked_and_not_of_how_it_is_written() -> None:
    def of(name: str, *amounts: str, key: str = "k") -> str:
        return fingerprint_of(
            name, KeyedInput.model_validate({"amounts": [*map(Decimal, amounts)], "idempotencyKey": key})
        )

    assert of("a", "1.0", "100") == of("a", "1.00", "1E+2", key="other")
    assert len({of("a", "1"), of("b", "1"), of("a", "1", "1"), of("a", "10"), of("a", "0"), of("a")}) == 6
