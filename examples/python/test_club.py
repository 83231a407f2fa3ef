"""The member's work against a server with the demo's data: `TRELLIS_URL`, or the one of `make serve`."""

import os
import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest

import club
from trellis_client import AccountsAccountsNodes as Account
from trellis_client import Client

URL = os.environ.get("TRELLIS_URL", "http://127.0.0.1:8000/graphql")


@pytest.fixture
def grace() -> Iterator[Client]:
    with club.sign_in(URL, "grace.omalley@example.org", "trellis demo") as client:
        yield client


def euro_account(client: Client) -> Account:
    """An account in euros with something in it."""
    accounts = client.accounts().accounts.nodes
    return next(account for account in accounts if account.currency == "EUR" and account.balance)


def test_a_wrong_password_is_refused() -> None:
    with pytest.raises(club.Refused, match="password"):
        club.sign_in(URL, "grace.omalley@example.org", "not this one")


def test_pages_follow_each_other_until_every_post_has_come_once(grace: Client) -> None:
    ids = [post.id for post in club.posts(grace)]
    assert len(ids) > club.PAGE
    assert len(set(ids)) == len(ids) == grace.posts(first=1).posts.total_count


def test_what_is_wrong_with_a_post_is_said(grace: Client) -> None:
    with pytest.raises(club.Refused, match="title: This must not be empty"):
        club.write(grace, "", "Dig deep.")


def test_of_two_edits_of_one_version_the_second_is_a_conflict(grace: Client) -> None:
    post = club.write(grace, f"Roses in chalk {uuid.uuid4()}", "Dig deep.")
    saved = club.rename(grace, post, "Roses in lime")
    with pytest.raises(club.Conflict) as conflict:
        club.rename(grace, post, "Roses in loam")
    assert conflict.value.current_version == saved.version == post.version + 1
    assert club.rename(grace, saved, "Roses in loam").title == "Roses in loam"


def test_a_transfer_that_is_sent_twice_moves_the_money_once(grace: Client) -> None:
    euros, savings, key = euro_account(grace), club.open_account(grace, "EUR"), str(uuid.uuid4())
    first = club.send(grace, euros.id, savings, Decimal("0.02"), key)
    assert club.send(grace, euros.id, savings, Decimal("0.02"), key) == first
    balances = {account.id: account.balance for account in grace.accounts().accounts.nodes}
    assert balances[savings] == Decimal("0.02")
    assert balances[euros.id] == euros.balance - Decimal("0.02")


def test_a_key_serves_one_transfer(grace: Client) -> None:
    euros, savings, key = euro_account(grace), club.open_account(grace, "EUR"), str(uuid.uuid4())
    club.send(grace, euros.id, savings, Decimal("0.02"), key)
    with pytest.raises(club.Refused, match="key"):
        club.send(grace, euros.id, savings, Decimal("0.01"), key)
