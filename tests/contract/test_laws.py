"""Laws of the check, on random schemas: it finds what was changed, and calls breaking all that breaks."""

import re
from random import Random
from time import process_time

from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.utilities import BreakingChangeType, DangerousChangeType, find_schema_changes
from hypothesis import given
from hypothesis import strategies as st

from graph.contract.comparison import changes_between
from graph.contract.errors import ContractError
from graph.contract.kinds import Criticality, Kind
from graph.contract.options import Format
from graph.contract.reports import Files, written
from graph.contract.sources import read_contract
from graph.contract.verdicts import Terms, check
from tests.contract.asking import document_of
from tests.contract.cases import CASES, TODAY
from tests.contract.schemas import Made, changed, made
from tests.entity.laws import tried

RANDOM = st.integers(0, 2**32).map(Random)
"""Random numbers by a seed: `st.randoms` would take ten times as long."""
MOST_S = 5
LENIENT = {Kind.ENUM_VALUE_ADDED_TO_INPUT, Kind.NEW_INTERFACE_ADDED, Kind.ARGUMENT_BECAME_OPTIONAL}
"""Kinds where we say less than graphql-core, with reasons in docs/decisions/0023-schema-checks.md."""


def changed_twice(schema: Made, random: Random) -> Made:
    return changed(changed(schema, random).schema, random).schema


def built(schema: Made) -> GraphQLSchema:
    return build_schema(schema.text(), assume_valid_sdl=True)


@given(random=RANDOM)
@tried(10)
def test_a_schema_in_another_order_is_the_same(random: Random) -> None:
    schema = made(random)
    assert changes_between(built(schema), build_schema(schema.text(random))) == []


@given(random=RANDOM)
@tried(50)
def test_one_change_is_found_once_where_it_is_and_so_is_its_reverse(random: Random) -> None:
    schema = made(random)
    new, at, kinds = changed(schema, random)
    (found,) = changes_between(built(schema), built(new))
    assert found.at == at
    assert found.kind.name.startswith(kinds)
    (back,) = changes_between(built(new), built(schema))
    assert back.at == at


@given(random=RANDOM)
@tried(30)
def test_an_operation_that_was_valid_is_valid_unless_a_change_is_breaking(random: Random) -> None:
    schema = made(random)
    old, new = built(schema), built(changed_twice(schema, random))
    if any(change.kind.criticality is Criticality.BREAKING for change in changes_between(old, new)):
        return
    document = parse(document_of(old))
    assert validate(old, document) == []
    assert validate(new, document) == []


@given(random=RANDOM)
@tried(30)
def test_what_graphql_core_finds_is_found_on_random_schemas(random: Random) -> None:
    schema = made(random)
    assert missed(built(schema), built(changed_twice(schema, random))) == []


def test_what_graphql_core_finds_is_found_in_the_table() -> None:
    for case in CASES:
        if not case.expected:
            continue  # the same in other words, which is a change for graphql-core
        old, new = (build_schema(text, assume_valid_sdl=True) for text in case.texts)
        assert missed(old, new) == [], case.name


def missed(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """What graphql-core says of a place of which we say nothing as critical."""
    ours = changes_between(old, new)
    return [
        theirs.description
        for theirs in find_schema_changes(old, new)
        if not theirs.description.startswith(("Standard scalar", "Float was", "Int was", "ID was"))
        and not any(
            change.at.replace("(", " ").split()[0] in theirs.description
            and (change.kind.criticality >= criticality(theirs.type) or change.kind in LENIENT)
            for change in ours
        )
    ]


def criticality(type_: object) -> Criticality:
    """graphql-core's verdict as ours."""
    if isinstance(type_, BreakingChangeType):
        return Criticality.BREAKING
    return Criticality.DANGEROUS if isinstance(type_, DangerousChangeType) else Criticality.SAFE


TOKENS = sorted({token for case in CASES for text in case.texts for token in re.findall(r"\w+|\S", text)})


@given(random=RANDOM)
@tried(200)
def test_a_text_with_mistakes_is_compared_or_refused(random: Random) -> None:
    tokens = re.findall(r"\w+|\S", random.choice(random.choice(CASES).texts))
    for _ in range(random.randint(1, 3)):
        tokens[random.randrange(len(tokens))] = random.choice(["", *TOKENS])
    try:
        changed = read_contract(" ".join(tokens).encode(), "The text")
    except ContractError:
        return
    old = read_contract(random.choice(random.choice(CASES).texts).encode(), "The text")
    report = check(old, changed, Terms(TODAY))
    assert all(written(report, form, Files()) for form in Format)
    assert check(changed, changed, Terms(TODAY)).verdicts == []


def large(field: str, member: str, *, chained: bool) -> str:
    """A schema of 10,000 lines: wide, and with types that hang on one another or without them."""
    members = [f"{member}{number}" for number in range(2_000)]
    lines = [
        *("type Query {", "u: U", *(f"{field}{number}: Int" for number in range(4_000)), "}"),
        *(f"type {name} {{ a: Int }}" for name in members),
        f"union U = {' | '.join(members)}",
        *(f"type T{number} {{ n: T{number + 1} a: Int }}" for number in range(4_000) if chained),
        "type T4000 { a: Int }",
    ]
    return "\n".join(lines)


def test_ten_thousand_lines_that_all_change_take_seconds() -> None:
    started = process_time()
    texts = large("f", "P", chained=True), large("g", "Q", chained=False)
    old, new = (read_contract(text.encode(), "The text") for text in texts)
    assert len(check(old, new, Terms(TODAY)).verdicts) == 4_000 + 2 * (4_000 + 2_000 + 2_000)
    assert process_time() - started < MOST_S
