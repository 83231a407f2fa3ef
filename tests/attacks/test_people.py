"""Attacks by and on people who sign in: in this process, from addresses that the test chooses."""

import json
from typing import Any

from db.demo import ADMIN_EMAIL, PASSWORD
from tests.attacks.conftest import Site
from tests.attacks.measuring import Request, send
from tests.attacks.seeds import dice
from tests.attacks.shapes import word
from tests.identity.signing import SIGN_IN, SIGN_UP

SPREAD = "guesses at one account from many addresses"

DECEIVING_NAMES = (
    "Ada \u202egro.live",
    "Ada\u2066 \u2069",
    "A\u200bda Lovelace",
    "Ada\u2060 Lovelace",
    "\ufeffAda",
    "Ada \x1b[2J",
    "A\u0085da",
    "\U000e0041da",
)
"""With marks of direction, of no width, of terminals, of lines, and tags."""


async def told(site: Site, document: str, address: str, **input_: Any) -> dict[str, Any]:
    """The payload of a mutation with one field, asked from a network address."""
    body = json.dumps({"query": document, "variables": {"input": input_}}).encode()
    reply = await send(site.app, Request(body, client=(address, 40_000)))
    answer = json.loads(reply.beginning)
    if answer.get("data") is None:
        return {"errors": [error["extensions"] for error in answer["errors"]]}
    (payload,) = answer["data"].values()
    return dict(payload)


async def guesses(site: Site, email: str, *addresses: str) -> list[str]:
    """The codes of wrong guesses at an account's password, one from each address."""
    codes = []
    for number, address in enumerate(addresses):
        payload = await told(site, SIGN_IN, address, email=email, password=f"guess number {number}")
        codes += [error["code"] for error in payload["errors"]]
    return codes


async def test_whoever_has_the_password_comes_in_whatever_strangers_have_guessed(site: Site) -> None:
    for strangers_guess in (0, 14):  # the owner has been at this place before
        await guesses(site, ADMIN_EMAIL, *["203.0.113.66"] * strangers_guess)
        payload = await told(site, SIGN_IN, "198.51.100.1", email=ADMIN_EMAIL, password=PASSWORD)
        assert (payload["errors"], payload["viewer"]) == ([], {"name": "Ada Ashworth", "email": ADMIN_EMAIL})


async def test_guesses_are_counted_though_they_come_from_many_addresses(site: Site) -> None:
    chance = dice(SPREAD)
    addresses = [f"198.51.{chance.randint(0, 255)}.{number}" for number in range(40)]
    assert "RATE_LIMITED" in await guesses(site, f"{word(chance)}@example.org", *addresses)


async def test_a_name_is_what_it_looks_like(site: Site) -> None:
    for wanted in DECEIVING_NAMES:
        email, hidden = (
            f"{word(dice('names that deceive', wanted))}@example.org",
            set(wanted) - set("Ada Lovelcgr.iv[2J"),
        )
        payload = await told(site, SIGN_UP, "192.0.2.9", email=email, name=wanted, password="correct horse battery")
        assert [error["__typename"] for error in payload["errors"]] in ([], ["InvalidInput"])
        shown = payload["viewer"]["name"] if payload["viewer"] else ""
        assert not hidden & set(shown), ascii(wanted)
