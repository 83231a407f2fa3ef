"""What the settings take, and what a server does not start with."""

import pytest
from pydantic import SecretStr, ValidationError
from strawberry.extensions import SchemaExtension

from db.session.engines import Engines
from graph.domain import Domain
from graph.endpoint import GraphQLEndpoint
from graph.entity import Schema
from graph.errors import CannotStart
from graph.response_cache.cache import ages_of
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.response_cache import shop


def settings(**told: object) -> Settings:
    return Settings(database_url=SecretStr("sqlite:///nowhere.db"), **told)  # type: ignore[arg-type]  # as from outside


def test_queries_are_named_with_their_seconds() -> None:
    digest = f"sha256:{'0' * 64}"
    assert ages_of(settings(cached_operations=f"Feed=60, Home=300,{digest}=5").cached_operations) == {
        "Feed": 60,
        "Home": 300,
        digest: 5,
    }
    for wrong in ("Feed", "Feed=", "Feed=0", "Feed=-1", "=60", "1a=3", "sha256:12=3", "Feed:60"):
        with pytest.raises(ValidationError, match="write the name of an operation"):
            settings(cached_operations=wrong)


def test_answers_are_kept_in_memory_or_in_a_redis() -> None:
    for wrong in ("", "disk", "http://example.org"):
        with pytest.raises(ValidationError, match="is none of off, memory, and no URL such as redis://"):
            settings(response_cache=wrong)
    assert "s3same" not in repr(settings(response_cache="redis://:s3same@host/0"))
    with pytest.raises(ValidationError, match="is no name of a header"):
        settings(surrogate_keys="Surrogate Key")


class Extension(SchemaExtension):
    """Does nothing."""


@pytest.mark.parametrize(
    ("domain", "told", "sentence"),
    [
        (DOMAIN, {"response_cache": "memory"}, "nothing may be kept; put @cache_control"),
        (shop.DOMAIN, {"response_cache": "redis://127.0.0.1:1/0"}, "TRELLIS_COMMIT does not say which one this is"),
        (
            Domain(lambda made: Schema(shop.Query, made, extensions=[Extension]), shop.DOMAIN.visibility),
            {"response_cache": "memory"},
            "has extensions of Strawberry's",
        ),
    ],
)
def test_a_server_does_not_start_that_would_keep_what_it_must_not(
    domain: Domain, told: dict[str, object], sentence: str
) -> None:
    made = settings(**told)
    with pytest.raises(CannotStart, match=sentence):
        GraphQLEndpoint(
            domain.schema(made), Engines(made), made, domain.start(Engines(made), made).identify, domain.visibility
        )
