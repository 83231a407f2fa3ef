"""Variables without a value in mutations of our nouns: nothing more is changed than was asked for."""

from typing import Any

import pytest

from tests.mutations.asking import Asking, make_user
from tests.mutations.banking import balance_of, make_account, place
from tests.writing.asking import ERRORS

CANCEL = "cancelOrders(input: {%s}) { count errors { ... on UserError { code path message } } }"

LEFT_OUT: tuple[tuple[str, str, str], ...] = (
    ("$id: ID", "where: {id: {eq: $id}}", "where.id.eq"),
    ("$ids: [ID!]", "where: {id: {in: $ids}}", "where.id.in"),
    ("$id: IDFilter", "where: {id: $id}", "where.id"),
    ("$where: OrderFilter", "where: $where", "where"),
    ("$id: ID", 'where: {currency: {eq: "EUR"}, id: {eq: $id}}', "where.id.eq"),
    ("$id: ID", "where: {and: [{id: {eq: $id}}]}", "where.and.0.id.eq"),
    ("$all: [OrderFilter!]", "where: {and: $all}", "where.and"),
    ("$any: [OrderFilter!]", "where: {or: $any}", "where.or"),
    ("$not: OrderFilter", "where: {not: $not}", "where.not"),
    ("$id: IDFilter", "where: {customer: {id: $id}}", "where.customer.id"),
    ("$some: OrderLineFilter", "where: {lines: {some: $some}}", "where.lines.some"),
    ("$what: StringFilter", "where: {lines: {some: {description: $what}}}", "where.lines.some.description"),
    ("$what: String", "where: {lines: {none: {description: {eq: $what}}}}", "where.lines.none.description.eq"),
    ("$all: Boolean", "all: $all", "where"),
)


async def pending(ask: Asking) -> int:
    return int((await ask("{ orders(where: {status: {eq: PENDING}}) { totalCount } }"))["orders"]["totalCount"])


async def test_a_comparison_whose_variable_was_left_out_cancels_nothing(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    await place(ada, (1, "1"))
    for variables, given, at in LEFT_OUT:
        payload = (await ada(f"mutation ({variables}) {{ {CANCEL % given} }}"))["cancelOrders"]
        assert payload["count"] is None, given
        (error,) = payload["errors"]
        assert (error["code"], ".".join(error["path"])) == ("INVALID_INPUT", f"input.{at}"), given
        assert await pending(ada) == 1


async def test_an_empty_filter_in_a_variable_cancels_nothing(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    await place(ada, (1, "1"))
    document = f"mutation ($where: OrderFilter) {{ {CANCEL % 'where: $where'} }}"
    empty: tuple[Any, ...] = ({}, {"id": {}}, {"and": [{}]}, {"customer": {"id": {}}}, {"lines": {"every": {}}}, None)
    for where in empty:
        payload = (await ada(document, where=where))["cancelOrders"]
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [
            ("INVALID_INPUT", ["input", "where"])
        ], where
    assert await pending(ada) == 1


@pytest.mark.parametrize(
    ("given", "count"), [("where: {lines: {some: {}}}", 1), ("where: {id: {in: []}}", 0), ("all: true", 1)]
)
async def test_what_is_said_is_meant(ask: Asking, given: str, count: int) -> None:
    ada = ask.by(await make_user(ask.engines))
    await place(ada, (1, "1"))
    payload = (await ada(f"mutation {{ {CANCEL % given} }}"))["cancelOrders"]
    assert payload == {"count": count, "errors": []}
    assert await pending(ada) == 1 - count


async def test_a_key_that_was_left_out_moves_no_money(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines))
    source, target = await make_account(ada, "10"), await make_account(ada)
    money = f'fromAccountId: "{source}", toAccountId: "{target}", amount: "1"'
    document = f"""mutation ($key: String) {{
        transferFunds(input: {{{money}, idempotencyKey: $key}}) {{ transfer {{ id }} {ERRORS} }}
    }}"""
    given: tuple[dict[str, Any], ...] = ({}, {"key": None})
    for variables in given:
        payload = (await ada(document, **variables))["transferFunds"]
        assert [error["path"] for error in payload["errors"]] == [["input", "idempotencyKey"]]
    assert await balance_of(ada, target) == "0.00"
    for _ in range(2):
        assert not (await ada(document, key="k"))["transferFunds"]["errors"]
    assert await balance_of(ada, target) == "1.00"
