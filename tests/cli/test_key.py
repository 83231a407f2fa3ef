"""`trellis key`, run as people run it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.base import utcnow
from db.models import ApiKey
from db.session.engines import Engines
from graph.auth import opaque
from graph.cli.errors import Exit
from graph.errors import Unauthenticated
from graph.identity.identify import Identify
from graph.settings import Settings
from graph.viewer import Viewer
from tests.cli.running import Finished, trellis, trellis_process
from tests.databases import Database
from tests.identity.people import make_user, writing


def trellis_key(database: Database, *arguments: str, status: Exit = Exit.OK) -> Finished:
    return trellis("key", *arguments, status=status, TRELLIS_DATABASE_URL=database.url)


async def the_key(engines: Engines) -> ApiKey:
    async with writing(engines) as session:
        return (await session.scalars(select(ApiKey))).one()


async def viewer_with(engines: Engines, key: str) -> Viewer:
    return await Identify(engines, Settings()).by_bearer(key)


def listed(database: Database) -> list[list[str]]:
    return [line.split("\t") for line in trellis_key(database, "list").stdout.splitlines()]


@pytest.mark.process
async def test_a_key_is_alone_on_stdout_and_works(database: Database, engines: Engines) -> None:
    roles = ("--role", "editor", "--role", "author")
    done = trellis_process("key", "create", "importer", *roles, TRELLIS_DATABASE_URL=database.url)
    assert done.stderr == "Keep it now; it cannot be shown again.\n"
    key, end = done.stdout.split("\n")
    assert end == ""
    viewer = await viewer_with(engines, key)
    assert viewer == Viewer(None, frozenset({"editor", "author"}), key_id=viewer.key_id)


async def test_only_a_digest_of_a_key_is_kept(database: Database, engines: Engines) -> None:
    text = trellis_key(database, "create", "importer", "--role", "editor").stdout.strip()
    key = await the_key(engines)
    assert key.secret_hash == opaque.digest(text)
    assert key.shown == text[:12]
    assert listed(database) == [["importer", f"{text[:12]}…", "editor", "", "active"]]


async def test_a_key_may_act_for_a_user_read_only_and_for_a_time(database: Database, engines: Engines) -> None:
    user = await make_user(engines, "ada@example.org", "admin", "member")
    options = ("--role", "member", "--user", "Ada@example.org", "--read-only", "--expires-days", "90")
    text = trellis_key(database, "create", "report", *options).stdout.strip()
    viewer = await viewer_with(engines, text)
    assert viewer == Viewer(user.id, frozenset({"member"}), key_id=viewer.key_id, read_only=True)
    expires_at = (await the_key(engines)).expires_at
    assert expires_at is not None
    assert timedelta(days=89, hours=23) < expires_at - utcnow() < timedelta(days=90)
    assert listed(database)[0][3:] == ["ada@example.org", f"read-only, expires {expires_at:%Y-%m-%d}"]


async def test_a_key_that_is_revoked_works_no_more(database: Database, engines: Engines) -> None:
    text = trellis_key(database, "create", "importer", "--role", "editor").stdout.strip()
    assert trellis_key(database, "revoke", "importer").stdout == "The key importer was ended.\n"
    with pytest.raises(Unauthenticated):
        await viewer_with(engines, text)
    revoked_at = (await the_key(engines)).revoked_at
    assert revoked_at is not None
    assert listed(database)[0][4] == f"revoked {revoked_at:%Y-%m-%d}"
    trellis_key(database, "revoke", "importer")
    assert (await the_key(engines)).revoked_at == revoked_at


async def test_a_key_that_has_expired_is_listed_as_that(database: Database, engines: Engines) -> None:
    trellis_key(database, "create", "importer", "--role", "editor")
    async with writing(engines) as session:
        await session.execute(update(ApiKey).values(expires_at=utcnow() - timedelta(days=2)))
    assert listed(database)[0][4] == f"expired {utcnow() - timedelta(days=2):%Y-%m-%d}"


async def test_a_name_is_for_one_key_and_stays_with_it(database: Database, engines: Engines) -> None:
    trellis_key(database, "create", "importer", "--role", "editor")
    trellis_key(database, "revoke", "importer")
    done = trellis_key(database, "create", "importer", "--role", "editor", status=Exit.FAILED)
    assert done.stdout == ""
    assert "There is a key with the name 'importer' already, perhaps an ended one; take another name." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("create", "x", "--role", "admin", "--read-only"), Exit.FAILED, "so it cannot be an admin's; give it another"),
        (("create", "x", "--role", "amin"), Exit.FAILED, "There is no role 'amin'; take one of admin, author,"),
        (("create", "x"), Exit.FAILED, "A key that acts for itself needs a role; give it one, or a user."),
        (("create", "", "--role", "editor"), Exit.FAILED, "A key's name has 1 to 100 characters"),
        (("create", "x" * 101, "--role", "editor"), Exit.FAILED, "this one has 101"),
        (("create", "x", "--role", "editor", "--user", "nobody@example.org"), Exit.FAILED, "There is no user"),
        (("create", "x", "--role", "editor", "--expires-days", "0"), Exit.USAGE, "--expires-days"),
        (("create", "x", "--role", "editor", "--expires-days", "999999999"), Exit.USAGE, "--expires-days"),
        (("revoke", "x"), Exit.FAILED, "There is no key with the name 'x'; `trellis key list` has them all."),
    ],
)
@pytest.mark.sqlite  # about the command, whatever the database
def test_what_is_wrong_is_told_and_no_key_is_made(
    database: Database, arguments: tuple[str, ...], status: Exit, sentence: str
) -> None:
    done = trellis_key(database, *arguments, status=status)
    assert sentence in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert listed(database) == []


@pytest.mark.sqlite  # about the command, whatever the database
async def test_nobody_gets_a_key_for_a_user_who_may_not_sign_in(database: Database, engines: Engines) -> None:
    await make_user(engines, is_active=False)
    done = trellis_key(database, "create", "x", "--role", "author", "--user", "ada@example.org", status=Exit.FAILED)
    assert "ada@example.org may not sign in, so no key can act for them; activate them first." in done.stderr
