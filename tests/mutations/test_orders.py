"""Orders: placing, paying, shipping and cancelling, with every refusal."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from db import models
from db.base import utcnow
from db.money import to_decimal
from db.session import Mode, RequestSession
from db.session.engines import Engines
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.banking import ORDER, balance_of, make_account, place

HOUSE = "house@trellis.example"
LINE = {"description": "Rose", "quantity": 2, "unitPrice": "3.50"}
CANCELLED = "orders { id status } count"


async def one(engines: Engines, statement: Any) -> Any:
    """The one value that a statement gives."""
    async with RequestSession(engines) as session:
        ((value,),) = await session.rows(statement)
    return value


async def pay(customer: Asking, order: str, account: str, **more: Any) -> Any:
    return await customer.do("payOrder", {"orderId": order, "fromAccountId": account, **more}, "order { status }")


async def test_an_order_has_the_prices_that_it_was_placed_with(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    lines = [LINE, {"description": "  Twine ", "quantity": 1, "unitPrice": "0"}]
    payload = await ada.do("placeOrder", {"currency": "EUR", "lines": lines}, ORDER)
    assert payload["errors"] == []
    order = payload["order"]
    assert (order["status"], order["currency"], order["totalPrice"]) == ("PENDING", "EUR", "7.00")
    assert order["lines"]["nodes"] == [
        {"description": "Rose", "quantity": 2, "unitPrice": "3.50"},
        {"description": "Twine", "quantity": 1, "unitPrice": "0.00"},
    ]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"lines": []}, ("lines",)),
        ({"lines": [LINE] * 101}, ("lines",)),
        ({"currency": "EURO"}, ("currency",)),
        ({"lines": [LINE, LINE | {"quantity": 0}]}, ("lines", "1", "quantity")),
        ({"lines": [LINE | {"unitPrice": "-1"}]}, ("lines", "0", "unitPrice")),
        ({"lines": [LINE | {"unitPrice": "1.001"}]}, ("lines", "0", "unitPrice")),
        ({"lines": [LINE | {"unitPrice": "1e30"}]}, ("lines", "0", "unitPrice")),
        ({"lines": [LINE | {"description": " "}]}, ("lines", "0", "description")),
        ({"lines": [LINE | {"description": "x" * 201}]}, ("lines", "0", "description")),
        ({"lines": [LINE, LINE | {"unitPrice": "92233720368547758.07"}]}, ("lines", "1")),
    ],
)
async def test_what_is_wrong_with_an_order_is_named(ask: Asking, asked: dict[str, Any], path: tuple[str, ...]) -> None:
    ada = ask.by(await make_user(ask.engines))
    refused = await ada.refused("placeOrder", {"currency": "EUR", "lines": [LINE]} | asked)
    assert refused == [("InvalidInput", ("input", *path))]


async def test_an_order_has_a_customer(ask: Asking) -> None:
    asked = {"currency": "EUR", "lines": [LINE]}
    assert await ask.refused("placeOrder", asked) == [("NotSignedIn", ())]
    assert await ask.by(ADMIN).refused("placeOrder", asked) == [("Forbidden", ("input",))]


async def test_paying_moves_the_total_to_the_house(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    account, order = await make_account(ada, "10"), await place(ada, (2, "3.50"))
    asked = {"orderId": order, "fromAccountId": account}
    payload = await ada.do("payOrder", asked, "order { status } transfer { amount fromAccount { balance } }")
    assert payload["errors"] == []
    assert payload["order"] == {"status": "PAID"}
    assert payload["transfer"] == {"amount": "7.00", "fromAccount": {"balance": "3.00"}}
    house = await ask.by(ADMIN)(
        "query($email: String!) { user(email: $email) { accounts { nodes { currency balance } } } }",
        email=HOUSE,
    )
    assert house["user"]["accounts"]["nodes"] == [{"currency": "EUR", "balance": "7.00"}]


async def test_the_house_has_one_account_for_each_currency_however_many_pay_at_once(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    for currency in ("EUR", "JPY"):  # neither the house nor its account is there; then only its account is not
        accounts = [await make_account(ada, "1", currency) for _ in range(5)]
        orders = [await place(ada, (1, "1"), currency=currency) for _ in range(5)]
        paid = (pay(ada, order, account) for order, account in zip(orders, accounts, strict=True))
        assert [payload["errors"] for payload in await asyncio.gather(*paid)] == [[]] * 5
        of_house = select(models.Account.balance_minor).join(models.Account.owner).where(models.User.email == HOUSE)
        balance = await one(ask.engines, of_house.where(models.Account.currency == currency))
        assert to_decimal(balance, currency) == 5
    assert await one(ask.engines, select(func.count()).where(models.User.email == HOUSE)) == 1


async def test_what_stands_against_paying_is_named(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    account, yen, theirs = (
        await make_account(ada, "10"),
        await make_account(ada, "9", "JPY"),
        await make_account(bob, "9"),
    )
    order, free, dear = await place(ada, (1, "1")), await place(ada, (1, "0")), await place(ada, (1, "10.01"))
    bobs = await place(bob, (1, "1"))

    async def refused(order: str, account: str) -> list[tuple[str, tuple[str, ...]]]:
        return await ada.refused("payOrder", {"orderId": order, "fromAccountId": account})

    assert await refused(bobs, account) == [("NotFound", ("input", "orderId"))]
    assert await refused(order, theirs) == [("NotFound", ("input", "fromAccountId"))]
    assert await refused(order, yen) == [("CurrencyMismatch", ("input", "fromAccountId"))]
    assert await refused(dear, account) == [("InsufficientFunds", ("input", "fromAccountId"))]
    assert await refused(free, account) == [("InvalidState", ("input", "orderId"))]
    await pay(ada, order, account)
    assert await refused(order, account) == [("InvalidState", ("input", "orderId"))]
    assert await balance_of(ask, account) == "9.00"


async def test_two_who_pay_the_same_order_at_once_pay_it_once(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    account, order = await make_account(ada, "10"), await place(ada, (1, "4"))
    done = await asyncio.gather(*(pay(ada, order, account) for _ in range(4)))
    kinds = sorted(error["__typename"] for payload in done for error in payload["errors"])
    assert kinds == ["InvalidState"] * 3
    assert await balance_of(ask, account) == "6.00"


async def test_a_user_with_a_password_is_not_the_house(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    taken = await make_user(ask.engines, email=HOUSE, hashed_password="x")
    await make_account(ask.by(taken))
    account, order = await make_account(ada, "10"), await place(ada, (1, "4"))
    assert await ada.refused("payOrder", {"orderId": order, "fromAccountId": account}) == [("InvalidState", ("input",))]
    assert await balance_of(ask, account) == "10.00"


async def test_the_house_does_not_pay_itself(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    await pay(ada, await place(ada, (1, "4")), await make_account(ada, "4"))
    accounts = await ask.by(ADMIN)("query($e: String!) { user(email: $e) { accounts { nodes { id } } } }", e=HOUSE)
    house = accounts["user"]["accounts"]["nodes"][0]["id"]
    asked = {"orderId": await place(ada, (1, "4")), "fromAccountId": house}
    assert await ask.by(ADMIN).refused("payOrder", asked) == [("InvalidInput", ("input", "fromAccountId"))]


async def test_the_house_is_called_as_the_environment_says(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_HOUSE_EMAIL", "till@example.org")
    ada = ask.by(await make_user(ask.engines))
    await pay(ada, await place(ada, (1, "4")), await make_account(ada, "4"))
    paid = await ask.by(ADMIN)("query($e: String!) { user(email: $e) { name } }", e="till@example.org")
    assert paid == {"user": {"name": "The house"}}


async def test_only_admins_ship_and_only_what_is_paid(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    order = await place(ada, (1, "4"))
    assert await ada.refused("shipOrder", {"id": order}) == [("Forbidden", ())]
    assert await ask.by(ADMIN).refused("shipOrder", {"id": order}) == [("InvalidState", ("input", "id"))]
    await pay(ada, order, await make_account(ada, "4"))
    shipped = await ask.by(ADMIN).do("shipOrder", {"id": order}, "order { status }")
    assert shipped["order"] == {"status": "SHIPPED"}
    assert await ask.by(ADMIN).refused("shipOrder", {"id": order}) == [("InvalidState", ("input", "id"))]


async def test_all_cancels_all_that_is_pending_and_ones_own(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    paid, first, second = [await place(ada, (1, "4")) for _ in range(3)]
    bobs = await place(bob, (1, "4"))
    await pay(ada, paid, await make_account(ada, "4"))
    payload = await ada.do("cancelOrders", {"all": True}, CANCELLED)
    assert payload["count"] == 2
    assert payload["orders"] == [{"id": id_, "status": "CANCELLED"} for id_ in (first, second)]
    assert (await ada.do("cancelOrders", {"all": True}, CANCELLED))["count"] == 0
    theirs = await ask.by(ADMIN).do("cancelOrders", {"all": True}, CANCELLED)
    assert [order["id"] for order in theirs["orders"]] == [bobs]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"totalPrice": {"gte": "5"}}, {"dear"}),
        ({"currency": {"eq": "JPY"}}, {"yen"}),
        ({"lines": {"some": {"description": {"contains": "Thing 1"}}}}, {"dear"}),
        ({"lines": {"count": {"lt": 2}}}, {"cheap", "yen"}),
        ({"customer": {"name": {"eq": "Nobody"}}}, set()),
        ({"or": [{"currency": {"eq": "JPY"}}, {"totalPrice": {"eq": "1.00"}}]}, {"cheap", "yen"}),
        ({"status": {"eq": "CANCELLED"}}, set()),
        ({"not": {"currency": {"eq": "EUR"}}}, {"yen"}),
        ({"createdAt": {"between": ["$NOW-P1D", "$NOW+P1D"]}, "currency": {"ne": "JPY"}}, {"cheap", "dear"}),
        ({"createdAt": {"lt": "$NOW-P1D"}}, set()),
        ({"customer": {"id": {"eq": "$VIEWER"}}, "lines": {"count": {"gt": 1}}}, {"dear"}),
        ({"customer": {"id": {"notIn": ["$VIEWER"]}}}, set()),
        ({"compareColumns": [{"column": "CREATED_AT", "is": "GT", "to": "UPDATED_AT"}]}, set()),
    ],
)
async def test_a_filter_means_what_it_means_for_reads(ask: Asking, where: Any, expected: set[str]) -> None:
    ada = ask.by(await make_user(ask.engines))
    orders = {
        await place(ada, (1, "1")): "cheap",
        await place(ada, (1, "1"), (2, "2")): "dear",
        await place(ada, (1, "3"), currency="JPY"): "yen",
    }
    read = await ada("query($where: OrderFilter) { orders(where: $where) { nodes { id } } }", where=where)
    payload = await ada.do("cancelOrders", {"where": where}, CANCELLED)
    assert {orders[it["id"]] for it in payload["orders"]} == expected
    assert {orders[it["id"]] for it in read["orders"]["nodes"]} == expected
    assert payload["count"] == len(expected)


EMPTY: tuple[Any, ...] = (
    {},
    None,
    {"id": {}},
    {"id": None},
    {"id": {"eq": None}},
    {"id": {"in": None}},
    {"id": {"notIn": []}},
    {"currency": {"contains": ""}},
    {"currency": {"eq": "EUR"}, "id": {}},
    {"and": []},
    {"and": [{}]},
    {"and": [{"currency": {"eq": "EUR"}}, {"id": {}}]},
    {"or": [{"id": {}}]},
    {"not": {}},
    {"not": {"id": {"notIn": []}}},
    {"lines": {}},
    {"lines": {"every": {}}},
    {"lines": {"count": {}}},
    {"lines": {"some": {"quantity": {}}}},
    {"lines": {"none": {"description": {"startsWith": ""}}}},
    {"customer": {}},  # every order has one
    {"customer": {"name": {}}},
    {"compareColumns": []},
)


async def test_a_filter_that_says_nothing_is_refused_and_nothing_cancelled(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    await place(ada, (1, "1"))
    for where in EMPTY:
        assert await ada.refused("cancelOrders", {"where": where}) == [("InvalidInput", ("input", "where"))], where
    for input_ in ({}, {"all": False}, {"all": True, "where": {"currency": {"eq": "EUR"}}}):
        assert await ada.refused("cancelOrders", input_) == [("InvalidInput", ("input", "where"))], input_
    assert await ada.refused("cancelOrders", {"all": None}) == [("InvalidInput", ("input", "all"))]
    assert await ask.refused("cancelOrders", {"where": {}}) == [("NotSignedIn", ())]
    assert (await ada.do("cancelOrders", {"all": True}, CANCELLED))["count"] == 1


async def test_no_filter_reaches_the_orders_of_others(ask: Asking) -> None:
    ada, bob = ask.by(await make_user(ask.engines)), ask.by(await make_user(ask.engines))
    bobs = await place(bob, (1, "1"))
    where = {"or": [{"id": {"eq": bobs}}, {"currency": {"eq": "EUR"}}]}
    assert (await ada.do("cancelOrders", {"where": where}, CANCELLED))["count"] == 0


async def test_a_thousand_are_listed_and_all_are_counted(ask: Asking, statements: StatementRecorder) -> None:
    ada = await make_user(ask.engines)

    async def fill(transaction: Any) -> None:
        rows = [{"currency": "EUR", "customer_id": ada.id}] * 1_001
        await transaction.execute(insert(models.Order), rows)

    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        await session.write(fill)
    with statements() as seen:
        payload = await ask.by(ada).do("cancelOrders", {"all": True}, CANCELLED)
    assert payload["count"] == 1_001
    assert len(payload["orders"]) == 1_000
    # UPDATE, INSERT of the record, SELECT of what is answered: the same for one and for a thousand.
    assert len(seen) == 3, seen


async def test_cancelling_sends_what_the_session_holds_and_overwrites_none_of_it(engines: Engines) -> None:
    """What `transaction.rows` does for any statement in bulk."""
    ada = await make_user(engines)

    async def work(transaction: Any) -> tuple[int, str]:
        held = models.Order(currency="EUR", customer_id=ada.id)
        transaction.add(held)
        statement = update(models.Order).values(currency="USD", updated_at=utcnow())
        changed = await transaction.rows(statement.returning(models.Order.id))
        return len(changed), held.currency

    async with RequestSession(engines, Mode.CURRENT) as session:
        assert await session.write(work) == (1, "EUR")
