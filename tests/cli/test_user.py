"""`trellis user`, run as people run it."""

import asyncio
import fcntl
import os
import pty
import subprocess
import termios
from select import select as select_ready

import pytest
from sqlalchemy import select

from db.models import Role, User
from db.session.engines import Engines
from graph.auth.passwords import HASHER
from graph.cli.errors import Exit
from tests.cli.running import TRELLIS, Finished, environment, refused, trellis
from tests.databases import Database
from tests.identity.people import found, make_sign_in, make_user, writing

PASSWORD = "correct horse"
PATIENCE_S = 60
ADA = ("create", "ada@example.org", "--name", "Ada")


def trellis_user(database: Database, *arguments: str, status: Exit = Exit.OK, given: str = "") -> Finished:
    """Run a command without a terminal, with this text on stdin."""
    return trellis("user", *arguments, status=status, given=given, TRELLIS_DATABASE_URL=database.url)


async def the_user(engines: Engines) -> User:
    async with writing(engines) as session:
        return (await session.scalars(select(User))).one()


def listed(database: Database) -> list[list[str]]:
    return [line.split("\t") for line in trellis_user(database, "list").stdout.splitlines()]


async def test_a_user_is_added_with_roles_and_a_password(database: Database, engines: Engines) -> None:
    roles = ("--role", "admin", "--role", "author", "--role", "admin")
    done = trellis_user(database, "create", "Ada@Example.org", "--name", "Ada", *roles, "--password-stdin",
                        given=PASSWORD + "\n")  # fmt: skip
    assert (done.stdout, done.stderr) == ("added ada@example.org\n", "")
    user = await the_user(engines)
    assert user.hashed_password is not None
    assert HASHER.verify(user.hashed_password, PASSWORD)
    assert not HASHER.check_needs_rehash(user.hashed_password)
    assert listed(database) == [["ada@example.org", "Ada", "admin, author", "active"]]


async def test_roles_that_are_there_are_taken_and_missing_ones_made(database: Database, engines: Engines) -> None:
    async with writing(engines) as session:
        session.add_all([Role(id=7, name="editor"), Role(id=8, name="owner")])
    trellis_user(database, *ADA, "--role", "editor", "--role", "owner", "--role", "member")
    async with writing(engines) as session:
        assert sorted(await session.scalars(select(Role.name))) == ["editor", "member", "owner"]
    assert listed(database)[0][2] == "editor, member, owner"


def test_without_a_password_it_says_how_to_set_one(database: Database) -> None:
    done = trellis_user(database, *ADA)
    assert done.stdout == "added ada@example.org\n"
    assert "set a password with `trellis user password ada@example.org`" in done.stderr
    assert listed(database) == [["ada@example.org", "Ada", "", "active, no password"]]


def test_an_address_that_somebody_has_is_refused(database: Database) -> None:
    trellis_user(database, *ADA)
    done = trellis_user(database, "create", "ADA@example.org", "--name", "Other", status=Exit.FAILED)
    assert done.stderr == refused(
        "There is a user with the address ada@example.org already; take another address.", "error-codes", "EMAIL_TAKEN"
    )
    assert len(listed(database)) == 1


@pytest.mark.parametrize(
    ("arguments", "given", "status", "sentence"),
    [
        (("create", "ada", "--name", "Ada"), "", Exit.USAGE, "This is no e-mail address: "),
        (("create", "ada@example.org", "--name", ""), "", Exit.USAGE, "A name has 1 to 200 characters"),
        (("create", "ada@example.org", "--name", "\u202eadA"), "", Exit.USAGE, "This is no name: U+202E turns"),
        ((*ADA, "--role", "amin"), "", Exit.FAILED, "no role 'amin'; take one of admin, author, editor, member."),
        ((*ADA, "--password-stdin"), "short\n", Exit.USAGE, "A password has 8 to 128 characters; this one has 5."),
        ((*ADA, "--password-stdin"), "", Exit.USAGE, "this one has 0."),
        (("create", "ada@example.org"), "", Exit.USAGE, "--name"),
        (("create", "House@trellis.example", "--name", "A"), "", Exit.FAILED, "a user with the address house@trellis"),
        (("password", "House@trellis.example", "--password-stdin"), PASSWORD, Exit.FAILED, "Nobody signs in as"),
        (("deactivate", "ada@example.org"), "", Exit.FAILED, "There is no user with the address ada@example.org"),
        (("activate", "ada@example.org"), "", Exit.FAILED, "There is no user with the address ada@example.org"),
        (("password", "ada@example.org"), "", Exit.USAGE, "no terminal to ask for the password; give it with"),
        (("password", "ada@example.org", "--password-stdin"), PASSWORD, Exit.FAILED, "There is no user"),
    ],
)
@pytest.mark.sqlite  # about the command, whatever the database
def test_what_is_wrong_is_told_and_nothing_changes(
    database: Database, arguments: tuple[str, ...], given: str, status: Exit, sentence: str
) -> None:
    done = trellis_user(database, *arguments, status=status, given=given)
    assert sentence in done.stderr
    assert done.stdout == ""
    assert listed(database) == []


async def test_a_user_may_sign_in_no_more_and_again(database: Database, engines: Engines) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user)
    done = trellis_user(database, "deactivate", "ADA@example.org")
    assert done.stdout == "ADA@example.org may not sign in any more; 1 sign-in was ended.\n"
    assert not (await the_user(engines)).is_active
    assert (await found(engines, opened)).revoked_at is not None
    assert listed(database)[0][3] == "inactive, no password"
    trellis_user(database, "activate", "ada@example.org")
    assert (await the_user(engines)).is_active
    assert (await found(engines, opened)).revoked_at is not None


async def test_another_password_ends_all_sign_ins(database: Database, engines: Engines) -> None:
    user = await make_user(engines, hashed_password="old")
    opened = [await make_sign_in(engines, user) for _ in range(2)]
    done = trellis_user(database, "password", "ada@example.org", "--password-stdin", given=PASSWORD)
    assert done.stdout == "ada@example.org has another password; 2 sign-ins were ended.\n"
    hashed = (await the_user(engines)).hashed_password
    assert hashed is not None
    assert HASHER.verify(hashed, PASSWORD)
    assert all([(await found(engines, one)).revoked_at for one in opened])


@pytest.mark.process
@pytest.mark.sqlite  # about the terminal, whatever the database
async def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    database: Database, engines: Engines
) -> None:
    await make_user(engines)
    shown = await asyncio.to_thread(asked_on_a_terminal, database, [PASSWORD, "another one", PASSWORD, PASSWORD])
    # The first two differ, so it asks for two more.
    assert [line.split(":")[0] for line in shown.splitlines()] == [
        "Password",
        "Repeat for confirmation",
        "Error",
        "Password",
        "Repeat for confirmation",
        "ada@example.org has another password; 0 sign-ins were ended.",
    ]
    hashed = (await the_user(engines)).hashed_password
    assert hashed is not None
    assert HASHER.verify(hashed, PASSWORD)


def asked_on_a_terminal(database: Database, answers: list[str]) -> str:
    """Give one answer to each prompt; everything that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [TRELLIS, "user", "password", "ada@example.org"],
        env=environment(TRELLIS_DATABASE_URL=database.url),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # passwords are asked for on the session's terminal
    )
    os.close(theirs)
    shown, waiting = b"", list(answers)
    try:
        while chunk := read(ours):
            shown += chunk
            if shown.endswith(b": "):
                os.write(ours, waiting.pop(0).encode() + b"\n")
        assert process.wait(timeout=PATIENCE_S) == Exit.OK, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode()


def read(terminal: int) -> bytes:
    """What is shown next; nothing at the end."""
    assert select_ready([terminal], [], [], PATIENCE_S)[0], "nothing was shown for a long time"
    try:
        return os.read(terminal, 1024)
    except OSError:  # Linux: nobody has the other end open any more
        return b""


async def test_the_list_is_in_order_and_keeps_to_its_lines(database: Database, engines: Engines) -> None:
    for email in ("grace@example.org", "ada@example.org"):
        await make_user(engines, email)
    async with writing(engines) as session:
        grace = await session.get(User, 1)
        assert grace is not None
        grace.name = "Gra\tce\n\x1b[31m é"
    lines = listed(database)
    assert [line[0] for line in lines] == ["ada@example.org", "grace@example.org"]
    assert lines[1][1] == r"Gra\tce\n\x1b[31m é"


@pytest.mark.sqlite  # about the command, whatever the database
def test_a_database_without_tables_is_told(blank_database: Database) -> None:
    done = trellis_user(blank_database, "list", status=Exit.UNAVAILABLE)
    assert "Run `trellis db upgrade`." in done.stderr
