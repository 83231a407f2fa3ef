"""Values that a column of PostgreSQL cannot take: an answer or an error that says so, and never our own fault."""

from collections.abc import AsyncIterator

import pytest

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.errors import code_of
from graph.masking import for_client
from graph.viewer import Viewer
from tests.databases import Database
from tests.entity.narrow import SCHEMA, Base
from tests.entity.serving import settings_of

pytestmark = pytest.mark.postgresql

VALUES = {
    "at": ('"12:00:00"', '"12:00:00+01:00"'),
    "positive": ("-1", "5", "2147483647"),
    "word": ('"bad"', '"good"', '"much too long"'),
    "small": ("70000", "-1"),
    "moment": ('"2024-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"'),
    "price": ('"12345.678"', '"1.5"', '"-0.001"'),
    **dict.fromkeys(("address", "network", "card", "number"), ('"x"', '"10.0.0.1/33"')),
}
TEXTS = ("word",)
OPERATORS = ("eq", "notIn", "lt")
TEXT_OPERATORS = ("startsWith", "eqIgnoreCase")
MAKER = Viewer(1, frozenset())

ERRORS = "errors { ... on UserError { code message } }"


@pytest.fixture
async def engines(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engines
    await engines.dispose()


async def codes(engines: Engines, document: str) -> set[str | None]:
    """The codes of the errors that a client sees."""
    result = await SCHEMA.execute(document, None, context_value=ContextFactory(engines, viewer=MAKER))
    return {code_of(error) for error in for_client(result.errors or [])}


async def test_no_value_in_a_filter_or_an_input_is_our_own_fault(engines: Engines) -> None:
    for name, values in VALUES.items():
        for value in values:
            many = "{hosts: [{%s: %s}, {%s: %s}]}" % (name, value, name, value)  # noqa: UP031 - braces
            documents = [
                f"mutation {{ createHost(input: {{{name}: {value}}}) {{ {ERRORS} }} }}",
                f"mutation {{ createHosts(input: {many}) {{ {ERRORS} }} }}",
            ]
            for operator in OPERATORS + (TEXT_OPERATORS if name in TEXTS else ()):
                operand = f"[{value}]" if operator in ("in", "notIn") else value
                documents.append(f"{{ hosts(where: {{{name}: {{{operator}: {operand}}}}}) {{ totalCount }} }}")
            for document in documents:
                for _ in range(2):  # through SQLAlchemy, and past it
                    assert await codes(engines, document) <= {
                        "BAD_USER_INPUT",
                        "INVALID_FILTER",
                        "GRAPHQL_VALIDATION_FAILED",
                    }, document
    assert not await codes(engines, "{ hosts { nodes { id } } }")


async def test_a_domain_is_compared_as_what_it_restricts(engines: Engines) -> None:
    row = 'positive: 5, word: "good", small: -1, moment: "2024-01-01T00:00:00Z", price: "1.5"'
    await codes(engines, f"mutation {{ createHost(input: {{{row}}}) {{ errors {{ ... on UserError {{ code }} }} }} }}")
    for where, count in (
        ("{positive: {eq: 5}}", 1),
        ("{positive: {gt: -7}}", 1),
        ("{positive: {in: [5, -1]}}", 1),
        ('{word: {contains: "oo"}}', 1),
        ('{word: {eqIgnoreCase: "GOOD"}}', 1),
        ('{word: {eq: "much too long"}}', 0),
        ("{small: {lt: 70000}}", 1),
        ('{moment: {gte: "2024-01-01T01:00:00+01:00"}}', 1),
        ('{price: {eq: "1.500"}}', 1),
        ('{price: {lt: "12345.678"}}', 1),
    ):
        result = await SCHEMA.execute(
            f"{{ hosts(where: {where}) {{ totalCount }} }}", None, context_value=ContextFactory(engines)
        )
        assert (result.data, result.errors) == ({"hosts": {"totalCount": count}}, None), where


async def test_an_input_keeps_the_rules_of_the_type_below_a_domain(engines: Engines) -> None:
    for value, path in (('word: "much too long"', "word"), ("small: 70000", "small"), ('price: "12345.678"', "price")):
        document = f"mutation {{ createHost(input: {{{value}}}) {{ errors {{ ... on UserError {{ code path }} }} }} }}"
        result = await SCHEMA.execute(document, None, context_value=ContextFactory(engines, viewer=MAKER))
        assert result.data == {"createHost": {"errors": [{"code": "INVALID_INPUT", "path": ["input", path]}]}}
