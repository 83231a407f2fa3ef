"""Who did what, when and with which input: one row for each change that was kept, in any application."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from db.own import AuditEntry
from db.session import Mode, RequestSession
from graph.app import create_app
from graph.audit import forget_user
from graph.audit.secrets import HIDDEN, MAX_BYTES, without_secrets
from graph.errors import CannotStart
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.audit.garden import ADA, DOMAIN, AskingGarden, AskingTersely
from tests.databases import StatementRecorder
from tests.entity.laws import tried

CHANGES = "{ changes(first: 100) { nodes { action actor userId objectIds input } } }"


async def entries(ask: AskingGarden) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(CHANGES))["changes"]["nodes"]
    return found


async def test_any_application_has_a_record_for_one_statement_a_change(
    garden: AskingGarden, statements: StatementRecorder
) -> None:
    with statements() as seen:
        made = await garden.do("createPlant", {"name": "Rose"}, "plant { id }")
    # the plant, the entry; the plant read back
    assert [it.split()[0] for it in seen] == ["INSERT", "INSERT", "SELECT"]
    await garden.refused("createPlant", {"name": "Rose"}, "plant { id }")
    assert await entries(garden) == [
        {
            "action": "createPlant",
            "actor": "user:ada",
            "userId": "ada",
            "objectIds": [made["plant"]["id"]],
            "input": {"name": "Rose"},
        }
    ]


async def test_secrets_are_hidden_by_their_type_and_by_their_name(garden: AskingGarden) -> None:
    notes: dict[str, Any] = {
        "Password": "x",
        "api-key": ["x"],
        "colour": "red",
        "accessToken": None,
        "deep": [{"client_secret": {}}],
    }
    gate = {"code": "1234", "sign": "Keep out", "locks": [{"code": "5678", "colour": "red"}], "notes": notes}
    await garden.do("closeGate", gate, "done")
    (entry,) = await entries(garden)
    hidden = {"Password": HIDDEN, "api-key": HIDDEN, "deep": [{"client_secret": HIDDEN}]}
    assert entry["input"] == {
        "code": HIDDEN,
        "sign": "Keep out",
        "locks": [{"code": HIDDEN, "colour": "red"}],
        "notes": notes | hidden,
    }


async def test_long_inputs_are_not_kept_nor_those_of_an_application_that_wants_none(garden: AskingGarden) -> None:
    await garden.do("closeGate", {"sign": "x" * MAX_BYTES}, "done")
    await garden.do("closeGate", {"notes": {"big": 2**70}}, "done")
    await AskingTersely(garden.engines, ADA).do("closeGate", {"sign": "x"}, "done")
    assert [entry["input"] for entry in await entries(garden)] == [None, {"notes": {"big": 2**70}}, None]


@pytest.mark.parametrize(
    ("viewer", "name", "user"),
    [
        (NOBODY, "nobody", None),
        (Viewer(7), "user:7", "7"),
        (Viewer("ada", key_id=3), "key:3", "ada"),
        (Viewer(None, frozenset({"gardener", "admin"})), "roles:admin,gardener", None),
    ],
)
async def test_whoever_changes_something_is_named(
    garden: AskingGarden, viewer: Viewer, name: str, user: str | None
) -> None:
    async def written() -> list[Any]:
        async with garden.engines.writing().connect() as connection:
            columns = (AuditEntry.actor, AuditEntry.user_id, AuditEntry.user_number)
            return [tuple(row) for row in await connection.execute(select(*columns))]

    await garden.by(viewer).do("createPlant", {"name": "Rose"}, "plant { id }")
    expected = [(name, user, viewer.number)] if viewer.is_known else []
    assert await written() == expected
    if not viewer.is_known or user is None:
        return

    async def forget(session: Any) -> None:
        assert viewer.id is not None
        await forget_user(session, viewer.id)

    async with RequestSession(garden.engines, Mode.CURRENT) as session:
        await session.write(forget)
    assert await written() == [(name, None, None)]


def test_an_application_that_forgets_the_table_does_not_start() -> None:
    settings = Settings(database_url=SecretStr("sqlite:///nowhere.db"))
    with pytest.raises(CannotStart, match=r"add Feature\.AUDIT to its Domain\(own=…\)"):
        create_app(settings, domain=replace(DOMAIN, own=[]))
    create_app(settings, domain=DOMAIN)


DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé_", max_size=5) | st.just("Secret"), inner),
)


@tried(100)
@given(DOCUMENTS)
def test_nothing_but_secrets_is_changed(document: Any) -> None:
    found = without_secrets(document, ())
    assert found == without_secrets(found, ())
    if "secret" not in str(document).lower():
        assert found == document
