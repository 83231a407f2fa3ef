"""The operations that GraphiQL opens with: each is answered, and the sign-in has the form that the page reads."""

import json

from graphql import OperationDefinitionNode, OperationType, parse

from db.session.engines import Engines
from graph.domain import Tab
from graph.explorer import answered_once
from graph.tabs import SIGN_IN, TABS
from tests.mutations.asking import ADMIN, Asking, make_user

LIVE = " @live"
"""Needs a transport of several answers: tests/explorer/demo/test_live.py. Here its first answer is asked for."""
SUBSCRIPTION = OperationType.SUBSCRIPTION
"""Answered when something happens, by the same transport; tried there."""


NEED_SOCKETS = ("Live", "Following")


def name_of(tab: Tab) -> str:
    return operation(tab.query).name.value  # type: ignore[union-attr]  # a test below: each has a name


def operation(document: str) -> OperationDefinitionNode:
    (definition,) = parse(document).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition


def test_every_example_has_a_name_of_its_own_and_says_what_it_shows() -> None:
    names = [name_of(tab) for tab in TABS]
    assert len({*names}) == len(names) > 4
    assert all(tab.query.startswith("# ") for tab in TABS)


async def test_every_example_is_answered_to_somebody_and_to_nobody(engines: Engines) -> None:
    ask = Asking(engines)
    await ask.by(ADMIN).do("createTag", {"slug": "pruning", "name": "Pruning"})
    author = ask.by(await make_user(engines, "author"))
    for tab in TABS:
        if operation(tab.query).operation is SUBSCRIPTION:
            continue
        variables = json.loads(tab.variables or "{}")
        once = tab.query.replace(LIVE, "")
        data = await author(once, **variables)
        assert data.get("createPost", {"errors": []})["errors"] == [], name_of(tab)
        assert await ask(once, **variables)  # what was not done for nobody is an answer, too


def test_without_sockets_there_are_no_examples_that_need_them() -> None:
    names = [name_of(tab) for tab in TABS]
    assert [name_of(tab) for tab in TABS if LIVE in tab.query] == ["Live"]
    assert [name_of(tab) for tab in TABS if operation(tab.query).operation is SUBSCRIPTION] == ["Following"]
    assert [name_of(tab) for tab in answered_once(TABS)] == [name for name in names if name not in NEED_SOCKETS]
    assert answered_once([Tab("subscription S { postChanged }"), Tab("fragment F on Post { id } query Q { a }")]) == [
        Tab("fragment F on Post { id } query Q { a }")
    ]


async def test_who_asks_has_a_name(engines: Engines) -> None:
    ask = Asking(engines)
    assert await ask(SIGN_IN.viewer) == {"viewer": None}
    user = ask.by(await make_user(engines, "author", name="Ada"))
    assert next(iter((await user(SIGN_IN.viewer))["viewer"].values())) == "Ada"


def test_the_fields_of_the_form_are_texts() -> None:
    form = operation(SIGN_IN.sign_in).variable_definitions or ()
    assert [(it.variable.name.value, it.type.to_dict()["type"]["name"]["value"]) for it in form] == [
        ("email", "String"),
        ("password", "String"),
    ]
    assert not operation(SIGN_IN.sign_out).variable_definitions
