"""Who sent a request: one statement tells, and what has ended is refused at once."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import delete, literal_column, select, update

from db.base import utcnow
from db.models import ApiKey, Role, User, user_roles
from db.session.engines import Engines
from graph.auth import opaque
from graph.auth.tokens import Tokens
from graph.errors import Unauthenticated
from graph.identity import api_keys, sign_ins, users
from graph.identity.errors import InvalidKey
from graph.identity.identify import COOKIE, Identify
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import StatementRecorder
from tests.identity.people import make_key, make_request, make_sign_in, make_user, writing

OURS = {"sec_fetch_site": "same-origin"}


async def by_bearer(identify: Identify, text: str) -> Viewer:
    return await identify(make_request(authorization=f"Bearer {text}"))


async def by_cookie(identify: Identify, text: str) -> Viewer:
    return await identify(make_request(cookie=f"theme=dark; {COOKIE}={text}", **OURS))


async def refused(identify: Identify, **headers: str) -> None:
    with pytest.raises(Unauthenticated) as error:
        await identify(make_request(**headers, **OURS))
    assert error.value.message == "These credentials are not valid, or not any more; sign in again, or send none."


@pytest.mark.parametrize("headers", [{}, {"cookie": "theme=dark"}, {"cookie": f"{COOKIE}="}, {"cookie": f"x={COOKIE}"}])
async def test_who_sends_nothing_is_nobody_without_a_statement(
    identify: Identify, headers: dict[str, str], statements: StatementRecorder
) -> None:
    with statements() as seen:
        assert await identify(make_request(**headers)) is NOBODY
    assert seen == []


async def test_a_token_is_a_user_with_roles_in_one_statement(
    engines: Engines, identify: Identify, tokens: Tokens, statements: StatementRecorder
) -> None:
    user = await make_user(engines, "ada@example.org", "editor", "author")
    opened = await make_sign_in(engines, user)
    token = tokens.issue(user.id, opened.sign_in.id).text
    expected = Viewer(user.id, frozenset({"editor", "author"}), opened.sign_in.id)
    for _ in range(3):  # the first learns, the later go past SQLAlchemy
        with statements() as seen:
            assert await by_bearer(identify, token) == expected
        assert len(seen) == 1
        assert await by_bearer(identify, token) == expected


async def test_a_cookie_is_a_user_in_one_statement(
    engines: Engines, identify: Identify, statements: StatementRecorder
) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user, in_cookie=True)
    for _ in range(2):
        with statements() as seen:
            assert await by_cookie(identify, opened.text) == Viewer(user.id, frozenset(), opened.sign_in.id)
        assert len(seen) == 1


async def test_a_key_is_itself_in_one_statement(
    engines: Engines, identify: Identify, statements: StatementRecorder
) -> None:
    key = await make_key(engines, "editor", read_only=True)
    with statements() as seen:
        viewer = await by_bearer(identify, key)
    assert len(seen) == 1
    assert viewer == Viewer(None, frozenset({"editor"}), key_id=viewer.key_id, read_only=True)
    assert (viewer.name, viewer.is_known) == (f"key:{viewer.key_id}", True)


async def test_a_key_may_act_for_a_user_with_some_of_the_roles(engines: Engines, identify: Identify) -> None:
    user = await make_user(engines, "ada@example.org", "admin", "member")
    viewer = await by_bearer(identify, await make_key(engines, "member", user=user))
    assert viewer == Viewer(user.id, frozenset({"member"}), key_id=viewer.key_id)
    viewer = await by_bearer(identify, await make_key(engines, name="without a role", user=user))
    assert viewer == Viewer(user.id, frozenset(), key_id=viewer.key_id)


async def test_a_key_has_no_more_than_its_user_from_the_moment_that_a_role_goes(
    engines: Engines, identify: Identify, statements: StatementRecorder
) -> None:
    user = await make_user(engines, "ada@example.org", "admin", "author")
    await make_user(engines, "grace@example.org", "editor", "admin")  # whose roles are nobody else's
    key = await make_key(engines, "admin", "author", user=user)
    machine = await make_key(engines, "admin", "editor", name="of nobody")
    assert (await by_bearer(identify, key)).roles == {"admin", "author"}
    for gone, left in (("admin", {"author"}), ("author", set())):
        async with writing(engines) as session:
            role = await session.scalar(select(Role.id).where(Role.name == gone))
            held = user_roles.c
            await session.execute(delete(user_roles).where(held.role_id == role, held.user_id == user.id))
        with statements() as seen:
            assert await by_bearer(identify, key) == Viewer(
                user.id, frozenset(left), key_id=(await by_bearer(identify, key)).key_id
            )
        assert len(seen) == 2
    assert (await by_bearer(identify, machine)).roles == {"admin", "editor"}


async def test_no_key_is_made_with_a_role_that_its_user_has_not(engines: Engines) -> None:
    user = await make_user(engines, "ada@example.org", "author")
    with pytest.raises(InvalidKey, match=r"ada@example\.org has not the role 'editor'.*grant the role first"):
        await make_key(engines, "author", "editor", user=user)
    with pytest.raises(InvalidKey, match="needs a role; give it one, or a user"):
        await make_key(engines)
    assert (await make_key(engines, "author", user=user)).startswith(opaque.API_KEY_PREFIX)


async def test_a_token_goes_before_a_cookie(engines: Engines, identify: Identify, tokens: Tokens) -> None:
    ada, grace = await make_user(engines), await make_user(engines, "grace@example.org")
    token = tokens.issue(ada.id, (await make_sign_in(engines, ada)).sign_in.id).text
    cookie = f"{COOKIE}={(await make_sign_in(engines, grace, in_cookie=True)).text}"
    assert (await identify(make_request(authorization=f"bearer {token}", cookie=cookie))).id == ada.id
    await refused(identify, authorization="Bearer nonsense", cookie=cookie)  # and is not made up for by it


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer trellis_",
        "Bearer trellis_nonsense",
        "Bearer trellis_" + "x" * 5000,
        "Bearer " + "x" * 5000,
        "Bearer \xe9\xff",
        "Basic YWRhOnB3",
        "nonsense",
    ],
    ids=lambda text: text[:24],
)
async def test_what_is_no_credential_is_refused(identify: Identify, authorization: str) -> None:
    await refused(identify, authorization=authorization)


@pytest.mark.parametrize(
    "text", ["x", "x.y", f"{uuid.UUID(int=7)}.secret", f"{uuid.UUID(int=7)}", "\xe9.\xff", "." * 5000], ids=ascii
)
async def test_what_is_no_cookie_of_ours_is_refused_and_to_be_forgotten(identify: Identify, text: str) -> None:
    with pytest.raises(Unauthenticated) as error:
        await by_cookie(identify, text)
    assert error.value.cookie == COOKIE
    with pytest.raises(Unauthenticated) as error:
        await by_bearer(identify, text)
    assert error.value.cookie is None


async def test_a_secret_is_compared_and_not_the_sign_in_alone(engines: Engines, identify: Identify) -> None:
    opened = await make_sign_in(engines, await make_user(engines), in_cookie=True)
    await refused(identify, cookie=f"{COOKIE}={opaque.joined(opened.sign_in.id, opaque.make_secret())}")
    await refused(identify, cookie=f"{COOKIE}={opened.sign_in.id}.")
    await refused(identify, cookie=f"{COOKIE}={opaque.joined(opened.sign_in.id, opened.sign_in.secret_hash)}")


async def test_a_refresh_token_is_neither_a_cookie_nor_a_token(engines: Engines, identify: Identify) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    await refused(identify, cookie=f"{COOKIE}={opened.text}")
    await refused(identify, authorization=f"Bearer {opened.text}")


async def test_a_token_is_for_the_user_of_its_sign_in(engines: Engines, identify: Identify, tokens: Tokens) -> None:
    ada, grace = await make_user(engines), await make_user(engines, "grace@example.org")
    opened = await make_sign_in(engines, ada)
    await refused(identify, authorization=f"Bearer {tokens.issue(grace.id, opened.sign_in.id).text}")


async def test_what_a_revoked_sign_in_gave_is_refused_at_once(
    engines: Engines, identify: Identify, tokens: Tokens
) -> None:
    user = await make_user(engines)
    opened, in_cookie = await make_sign_in(engines, user), await make_sign_in(engines, user, in_cookie=True)
    token = tokens.issue(user.id, opened.sign_in.id).text
    assert (await by_bearer(identify, token)).id == (await by_cookie(identify, in_cookie.text)).id == user.id
    async with writing(engines) as session:
        await sign_ins.revoke_all(session, user.id)
    await refused(identify, authorization=f"Bearer {token}")
    await refused(identify, cookie=f"{COOKIE}={in_cookie.text}")


async def test_an_inactive_user_is_refused_at_once(engines: Engines, identify: Identify, tokens: Tokens) -> None:
    user = await make_user(engines, "ada@example.org", "author")
    opened, in_cookie = await make_sign_in(engines, user), await make_sign_in(engines, user, in_cookie=True)
    token, key = tokens.issue(user.id, opened.sign_in.id).text, await make_key(engines, "author", user=user)
    assert (await by_bearer(identify, token)).id == (await by_bearer(identify, key)).id == user.id
    async with writing(engines) as session:
        await session.execute(update(User).values(is_active=False))
    for text in (token, key):
        await refused(identify, authorization=f"Bearer {text}")
    await refused(identify, cookie=f"{COOKIE}={in_cookie.text}")


async def test_a_user_who_was_deactivated_signs_in_anew(engines: Engines, identify: Identify, tokens: Tokens) -> None:
    user = await make_user(engines)
    token = tokens.issue(user.id, (await make_sign_in(engines, user)).sign_in.id).text
    async with writing(engines) as session:
        assert await users.deactivate(session, await users.by_email(session, user.email)) == 1
    async with writing(engines) as session:
        (await users.by_email(session, user.email)).is_active = True
    await refused(identify, authorization=f"Bearer {token}")


async def test_a_sign_in_that_has_expired_is_refused(engines: Engines, identify: Identify, tokens: Tokens) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user, life_s=-1)
    in_cookie = await make_sign_in(engines, user, in_cookie=True, life_s=0)
    await refused(identify, authorization=f"Bearer {tokens.issue(user.id, opened.sign_in.id).text}")
    await refused(identify, cookie=f"{COOKIE}={in_cookie.text}")


async def test_a_key_that_has_ended_is_refused_at_once(engines: Engines, identify: Identify) -> None:
    key = await make_key(engines, "editor", expires_at=utcnow() + timedelta(hours=1))
    assert (await by_bearer(identify, key)).is_known
    async with writing(engines) as session:
        await api_keys.revoke(session, "importer")
    await refused(identify, authorization=f"Bearer {key}")
    expired = await make_key(engines, "editor", name="expired", expires_at=utcnow() - timedelta(seconds=1))
    await refused(identify, authorization=f"Bearer {expired}")


@pytest.mark.sqlite
@pytest.mark.parametrize("written", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S"])
async def test_the_end_of_a_key_may_be_written_in_any_form(engines: Engines, identify: Identify, written: str) -> None:
    key = await make_key(engines, "editor")
    for hours, is_good in ((-1, False), (1, True)):
        ends = (utcnow() + timedelta(hours=hours)).strftime(written)
        async with engines.writing().begin() as connection:
            await connection.execute(update(ApiKey).values(expires_at=literal_column(f"'{ends}'")))
        if is_good:
            assert (await by_bearer(identify, key)).is_known
        else:
            await refused(identify, authorization=f"Bearer {key}")


async def test_roles_count_from_the_moment_that_they_change(
    engines: Engines, identify: Identify, tokens: Tokens
) -> None:
    user = await make_user(engines, "ada@example.org", "admin")
    token = tokens.issue(user.id, (await make_sign_in(engines, user)).sign_in.id).text
    assert (await by_bearer(identify, token)).roles == frozenset({"admin"})
    async with writing(engines) as session:
        await session.execute(delete(Role))
    assert (await by_bearer(identify, token)).roles == frozenset()


async def test_a_connection_is_given_back(engines: Engines, identify: Identify) -> None:
    key = await make_key(engines, "editor")
    for _ in range(3):
        await by_bearer(identify, key)
        await refused(identify, authorization="Bearer trellis_nonsense")
    assert engines.pools()["primary"].checked_out == 0


async def test_keys_of_the_settings_are_those_that_count(engines: Engines, settings: Settings, tokens: Tokens) -> None:
    user = await make_user(engines)
    token = tokens.issue(user.id, (await make_sign_in(engines, user)).sign_in.id).text
    others = settings.model_copy(update={"token_keys": ()})
    others = Settings(**{**others.model_dump(), "token_keys": "x" * 40})
    await refused(Identify(engines, others), authorization=f"Bearer {token}")
