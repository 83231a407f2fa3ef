"""Who asks in tests: viewers by value and by name, beside the application's own identification."""

from dataclasses import replace

import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING
from graph.domain import Domain, Started
from graph.entity import Schema
from graph.errors import Unauthenticated
from graph.settings import Settings
from graph.testing import UnknownViewer, http_client, viewer
from graph.testing.viewers import found_viewer
from graph.viewer import NOBODY, Viewer
from tests.testing.asking import WHO, Query

GRACE = viewer(7, roles=["keeper"])
SETTINGS = Settings.model_construct(database_url=SecretStr("sqlite:///nowhere/trellis.db"))
OPEN = Domain(lambda settings: Schema(Query, settings), lambda _viewer: EVERYTHING)


async def by_header(request: HTTPConnection) -> Viewer:
    """The identification of an application: a number in a header, and nothing else."""
    given = request.headers.get("authorization")
    if given is None:
        return NOBODY
    if not given.isdigit():
        raise Unauthenticated
    return Viewer(int(given))


KNOWING = replace(OPEN, start=lambda _engines, _settings: Started(by_header))


def test_a_viewer_is_made_of_what_is_known_of_it() -> None:
    assert viewer() is NOBODY
    assert viewer(1, roles=["a", "b"], org_id=7) == Viewer(1, frozenset("ab"), claims=viewer(org_id=7).claims)
    assert viewer("ann", read_only=True).read_only
    with pytest.raises(TypeError, match=r"roles=\['admin'\]"):
        viewer(roles="admin")


def test_a_viewer_is_found_by_its_name() -> None:
    assert found_viewer("grace", {"grace": GRACE}) is GRACE
    assert found_viewer(GRACE, {}) is GRACE
    with pytest.raises(UnknownViewer, match="Did you mean 'grace'"):
        found_viewer("grave", {"grace": GRACE})
    with pytest.raises(TypeError, match="7 is no viewer"):
        found_viewer(7, {})  # type: ignore[arg-type]  # that is what is tried


@pytest.mark.parametrize("domain", [OPEN, KNOWING], ids=["of nobody", "that knows people"])
async def test_a_test_says_who_asks_whatever_the_application_knows(domain: Domain) -> None:
    async with http_client(SETTINGS, domain, {"grace": GRACE}) as client:
        assert await client.query(WHO) == {"who": "nobody"}
        assert await client.query(WHO, viewer="grace") == {"who": "user:7"}
        assert await client.query(WHO, viewer=viewer(8)) == {"who": "user:8"}
        grace = client.as_viewer("grace")
        assert await grace.query(WHO) == {"who": "user:7"}
        assert await grace.query(WHO, viewer=viewer()) == {"who": "nobody"}
        assert await client.query(WHO) == {"who": "nobody"}  # nothing is left of those before


async def test_without_a_viewer_the_application_finds_who_asks() -> None:
    async with http_client(SETTINGS, KNOWING, {"grace": GRACE}) as client:
        assert await client.with_headers(authorization="5").query(WHO) == {"who": "user:5"}
        answer = await client.with_headers(authorization="five").execute(WHO)
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        assert await client.with_headers(authorization="5").query(WHO, viewer="grace") == {"who": "user:7"}
