"""Introspection is priced by what it returns, type by type: what is long is dear, and counting it takes no longer."""

import contextlib
from typing import Any

import pytest
from graphql import get_introspection_query

from db.session.engines import Engines
from graph.entity import Schema
from graph.errors import TooCostly
from tests.execute.running import codes, only_error, run
from tests.prepare.calls import calls

DOCUMENTS = {
    "the tools' own query": get_introspection_query(input_value_deprecation=True, specified_by_url=True),
    "arguments of the longest type": """{ __type(name: "Query") { fields(includeDeprecated: true) {
        args(includeDeprecated: true) { type { x: inputFields(includeDeprecated: true) { type { name } } } } } } }""",
    "what is not there": '{ __type(name: "Nothing") { fields { name } } }',
    "through fragments": """{ __schema { ...S a: types { ...T } } }
        fragment S on __Schema { directives { locations args { name ...V } } queryType { ...T } }
        fragment T on __Type { enumValues(includeDeprecated: true) { name }
        possibleTypes { ... { name } ofType { name } } }
        fragment V on __InputValue { defaultValue type { ofType { ofType { kind } } } }""",
    "what is left out": """{ __schema { types @skip(if: true) { name }
        directives { name @include(if: false) isRepeatable } } }""",
    "interfaces": "{ __schema { types { interfaces { name possibleTypes { name kind } } } } }",
}


def values_and_elements(data: Any) -> int:
    """How many fields an answer holds, and elements of lists."""
    if isinstance(data, dict):
        return len(data) + sum(map(values_and_elements, data.values()))
    return len(data) + sum(map(values_and_elements, data)) if isinstance(data, list) else 0


async def priced(schema: Schema, engines: Engines, document: str, variables: Any = None) -> tuple[int, int]:
    """The price of a document in values, and what its answer holds."""
    result = await run(schema, engines, document, variables, operation_extensions={"cost": True})
    assert result.errors is None
    assert result.extensions is not None
    return result.extensions["cost"]["values"], values_and_elements(result.data)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_the_price_is_the_number_of_values(schema: Schema, nowhere: Engines, document: str) -> None:
    price, answered = await priced(schema, nowhere, document)
    assert price == answered


async def test_deprecated_parts_are_in_the_price(schema: Schema, nowhere: Engines) -> None:
    price, answered = await priced(schema, nowhere, "{ __schema { types { fields { name } enumValues { name } } } }")
    assert answered <= price < 2 * answered


async def test_a_type_is_priced_by_the_name_in_the_variables(schema: Schema, nowhere: Engines) -> None:
    document = "query ($name: String!) { __type(name: $name) { fields(includeDeprecated: true) { name } } }"
    prices = []
    for name in ("Query", "Genre", "Nothing", "Query"):
        price, answered = await priced(schema, nowhere, document, {"name": name})
        assert price == answered
        prices.append(price)
    assert prices[0] == prices[3] > prices[1] > prices[2] == 1


async def test_the_longest_lists_under_many_names_are_too_costly(schema: Schema, nowhere: Engines) -> None:
    aliases = " ".join(f"x{number}: inputFields {{ name type {{ name }} }}" for number in range(400))
    document = f'{{ __type(name: "Query") {{ fields {{ args {{ type {{ {aliases} }} }} }} }} }}'
    result = await run(schema, nowhere, document)
    assert (codes(result), result.data) == ({"TOO_COSTLY"}, None)
    assert "introspected values" in only_error(result).message


async def test_the_whole_schema_may_be_asked_for_once_but_not_four_times(schema: Schema, nowhere: Engines) -> None:
    query = DOCUMENTS["the tools' own query"]
    once = query.replace("__schema {", "a: __schema {")
    assert (await run(schema, nowhere, once)).errors is None
    start, end = query.index("{") + 1, query.index("fragment")
    body = query[start:end].rstrip().removesuffix("}")
    often = "{" + "".join(body.replace("__schema", f"a{n}: __schema") for n in range(4)) + "}" + query[end:]
    refused = await run(schema, nowhere, often)
    assert (codes(refused), refused.data) == ({"TOO_COSTLY"}, None)


def nested(names: int, levels: int) -> str:
    """A selection in which each of several names is followed by all of them again, through fragments."""
    parts = []
    for level in range(levels):
        below = " ".join(f"a{n}: ofType {{ ...F{level + 1} }}" for n in range(names))
        parts.append(f"fragment F{level} on __Type {{ {below} name }}")
    return f"{{ __schema {{ types {{ ...F0 }} }} }} {' '.join(parts)} fragment F{levels} on __Type {{ name }}"


def wide(names: int) -> str:
    aliases = " ".join(f"x{n}: fields {{ args {{ type {{ name }} }} }}" for n in range(names))
    return f"{{ __schema {{ types {{ {aliases} }} }} }}"


@pytest.mark.parametrize(
    ("once", "twice"), [(wide(200), wide(400)), (nested(4, 20), nested(4, 40))], ids=["wide", "nested"]
)
def test_pricing_twice_the_document_is_twice_the_work(schema: Schema, once: str, twice: str) -> None:
    def price(document: str) -> int:
        prepared = schema.preparer.prepare(document)
        operation = schema.preparer.operation(prepared, None)

        def work() -> None:
            with contextlib.suppress(TooCostly):
                operation.check({})

        return calls(work)

    assert price(twice) < 2.5 * price(once)
