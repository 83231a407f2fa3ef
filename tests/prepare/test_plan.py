"""An operation is planned once, whatever its variables; what they leave out is not read."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import OperationType

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.execute.rows import RowProjection
from graph.prepare.documents import OperationRequest
from graph.prepare.fields import FieldPlan, Selection
from graph.prepare.plan import MAX_SELECTIONS
from tests.databases import StatementRecorder
from tests.execute.running import data_of

SWITCHES = ("slug", "title", "summary", "content", "status", "version")
SWITCHED = (
    "query ("
    + " ".join(f"${name}: Boolean!" for name in SWITCHES)
    + ") { posts(first: 2) { nodes { id "
    + " ".join(f"{name} @include(if: ${name})" for name in SWITCHES)
    + " } } }"
)


async def answered(schema: Schema, engines: Engines, query: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The data that a server writes; there must be no errors."""
    context = ContextFactory(engines)
    result = await schema.operations.answer(
        OperationRequest(query, dict(variables or {})), context, [OperationType.QUERY], for_json=True
    )
    assert result.errors is None, result.errors
    return result.data


def planned(schema: Schema, query: str, variables: Mapping[str, Any] | None = None) -> list[Selection]:
    """Every selection that is kept of an operation, from the root with these variables."""
    preparer = schema.preparer
    priced = preparer.check(preparer.operation(preparer.prepare(query), None), variables or {})
    root = schema._schema.query_type  # noqa: SLF001 - Strawberry has no public way to it
    assert root is not None
    return list(below(priced.operation.plan.root(root, priced.variables, hide_suggestions=False)))


def below(selection: Selection) -> Iterator[Selection]:
    yield selection
    for field in selection.fields:
        for form in field.selections.values():
            yield from below(form)


def fields_of(selections: list[Selection]) -> list[FieldPlan]:
    return [field for selection in selections for field in selection.fields]


def combination(number: int) -> dict[str, bool]:
    """The switches by the bits of a number."""
    return {name: bool(number >> place & 1) for place, name in enumerate(SWITCHES)}


async def test_the_second_run_uses_the_selections_and_the_functions_of_the_first(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = "{ posts(first: 2) { totalCount nodes { title author { name } tags { edges { cursor node { name } } } } } }"
    with statements() as seen:
        first = await answered(schema, filled, query)
    # The count, the page, the authors, the tags.
    assert len(seen) == 4
    before = planned(schema, query)
    forms = [selection.remembered(RowProjection) for selection in before]
    # Rows are posts, authors and tags.
    assert sum(map(len, forms)) == 3
    assert await answered(schema, filled, query) == first
    assert len(seen) == 4
    after = planned(schema, query)
    assert [id(selection) for selection in after] == [id(selection) for selection in before]
    for selection, kept in zip(after, forms, strict=True):
        assert (
            selection.remembered(RowProjection) == kept
        )  # forms have no equality of their own: these are the same objects


async def test_other_variables_make_no_other_plan(schema: Schema, filled: Engines) -> None:
    query = """query ($first: Int, $where: PostFilter) {
        posts(first: $first, where: $where) { nodes { slug author { name } } }
    }"""
    (whole,) = (await answered(schema, filled, query, {"first": 1}))["posts"]["nodes"]
    before = planned(schema, query)
    others: list[dict[str, Any]] = [
        {"first": 3},
        {"first": 2, "where": None},
        {"where": {"slug": {"eq": whole["slug"]}}},
    ]
    found = [(await answered(schema, filled, query, variables))["posts"]["nodes"] for variables in others]
    assert [len(nodes) for nodes in found] == [3, 2, 1]
    assert found[2] == [whole]
    assert list(map(id, planned(schema, query))) == list(map(id, before))
    assert {len(field.selections) for field in fields_of(before)} == {0, 1}


@pytest.mark.parametrize("left_in", [frozenset(), frozenset({"title"}), frozenset({"summary", "content"})])
async def test_columns_of_fields_that_are_left_out_are_not_read(
    schema: Schema, filled: Engines, statements: StatementRecorder, left_in: frozenset[str]
) -> None:
    with statements() as seen:
        data = await answered(schema, filled, SWITCHED, {name: name in left_in for name in SWITCHES})
    (statement,) = seen
    read = statement.partition(" FROM ")[0]
    assert {name for name in SWITCHES if name in read} == left_in
    assert [set(node) for node in data["posts"]["nodes"]] == [{"id", *left_in}] * 2


@pytest.mark.parametrize(("left_in", "reads"), [(True, 2), (False, 1)])
async def test_what_is_skipped_with_all_below_it_costs_no_statement(
    schema: Schema, filled: Engines, statements: StatementRecorder, left_in: bool, reads: int
) -> None:
    query = """query ($out: Boolean!, $in: Boolean!) {
        posts(first: 1) { nodes { slug ...Who @skip(if: $out) ... @include(if: $in) { author { email } } } }
    }
    fragment Who on Post { author { name } }"""
    with statements() as seen:
        data = await answered(schema, filled, query, {"out": not left_in, "in": left_in})
    (node,) = data["posts"]["nodes"]
    assert list(node) == (["slug", "author"] if left_in else ["slug"])
    assert [list(node[name]) for name in node if name == "author"] == [["name", "email"]] * left_in
    assert len(seen) == reads
    assert ("author_id" in seen[0].partition(" FROM ")[0]) is left_in


async def test_of_many_combinations_a_bounded_number_is_kept_and_each_is_answered_right(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    whole = (await answered(schema, filled, SWITCHED, combination(2 ** len(SWITCHES) - 1)))["posts"]["nodes"]
    # The first one again at the end, when it is long forgotten.
    for number in (*range(40), 0):
        switches = combination(number)
        with statements() as seen:
            data = await answered(schema, filled, SWITCHED, switches)
        expected = [{name: node[name] for name in node if switches.get(name, True)} for node in whole]
        assert data == {"posts": {"nodes": expected}}
        assert len(seen) == 1
    fields = fields_of(planned(schema, SWITCHED, combination(0)))
    assert max(len(field.selections) for field in fields) == MAX_SELECTIONS


async def test_one_key_with_several_nodes_is_selected_as_its_conditions_say(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """query ($name: Boolean!, $email: Boolean!) { posts(first: 1) { nodes {
        slug author @include(if: $name) { name } author @include(if: $email) { email }
    } } }"""
    for name, email in ((True, False), (False, True), (True, True), (False, False), (True, False)):
        with statements() as seen:
            data = await answered(schema, filled, query, {"name": name, "email": email})
        (node,) = data["posts"]["nodes"]
        asked = ["name"] * name + ["email"] * email
        assert list(node.get("author", ())) == asked
        assert ("author" in node) is bool(asked)
        assert len(seen) == 1 + bool(asked)


async def test_combinations_at_the_root_are_answered_right_too(schema: Schema, filled: Engines) -> None:
    names = [f"p{number}" for number in range(6)]
    query = f"query ({' '.join(f'${name}: Boolean!' for name in names)}) {{ __typename "
    query += " ".join(f"{name}: posts(first: 1) @skip(if: ${name}) {{ totalCount }}" for name in names) + " }"
    for number in (*range(40), 0):
        skipped = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        data = await answered(schema, filled, query, skipped)
        assert list(data) == ["__typename", *(name for name in names if not skipped[name])]
        assert len({str(value) for name, value in data.items() if name in names}) <= 1


async def test_selections_under_one_key_are_merged(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """{
        posts(first: 1) { nodes { author { name } } }
        posts(first: 1) { nodes { slug author { email } ... on Node { id } ...More } }
    }
    fragment More on Post { author { posts(first: 1) { totalCount } isActive name } }"""
    with statements() as seen:
        data = await data_of(schema, filled, query)
    (node,) = data["posts"]["nodes"]
    assert list(node) == ["author", "slug", "id"]
    assert list(node["author"]) == ["name", "email", "posts", "isActive"]
    assert node["author"]["posts"]["totalCount"] >= 1
    # The page, its authors, the count of their posts.
    assert len(seen) == 3


async def test_parts_of_one_connection_under_several_keys_share_its_statement(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """{ posts(first: 3) {
        a: nodes { title } b: nodes { title: slug } edges { node { version } again: node { id } cursor }
        pageInfo { endCursor } info: pageInfo { hasNextPage }
    } }"""
    with statements() as seen:
        posts = (await data_of(schema, filled, query))["posts"]
    (statement,) = seen
    assert not {"summary", "content", "status"} & {
        name for name in SWITCHES if name in statement.partition(" FROM ")[0]
    }
    known = await data_of(schema, filled, "{ posts(first: 3) { nodes { id title slug version } } }")
    again = [
        {"id": edge["again"]["id"], "title": a["title"], "slug": b["title"], "version": edge["node"]["version"]}
        for a, b, edge in zip(posts["a"], posts["b"], posts["edges"], strict=True)
    ]
    assert again == known["posts"]["nodes"]
    assert posts["pageInfo"] == {"endCursor": posts["edges"][-1]["cursor"]}
    assert posts["info"] == {"hasNextPage": True}


@pytest.mark.parametrize(
    ("one", "other", "reads"),
    [
        ("nodes { title slug }", "edges { node { slug title } }", 1),
        ("nodes { title }", "nodes { slug }", 2),
        ("nodes { title }", "edges { cursor node { title } }", 2),
        ("totalCount", "nodes { title }", 2),
    ],
)
async def test_a_connection_under_two_keys_is_read_once_if_both_want_the_same_of_it(
    schema: Schema, filled: Engines, statements: StatementRecorder, one: str, other: str, reads: int
) -> None:
    with statements() as seen:
        together = await data_of(
            schema, filled, f"{{ a: posts(first: 2) {{ {one} }} b: posts(first: 2) {{ {other} }} }}"
        )
    assert len(seen) == reads
    apart = [await data_of(schema, filled, f"{{ it: posts(first: 2) {{ {each} }} }}") for each in (one, other)]
    assert [together["a"], together["b"]] == [each["it"] for each in apart]


async def test_fragments_on_node_and_on_its_types_fit_together(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    found = await data_of(schema, filled, "{ posts(first: 1) { nodes { id slug author { id name } } } }")
    (post,) = found["posts"]["nodes"]
    query = """query ($post: ID!, $ids: [ID!]!) {
        node(id: $post) { ...Any ... on User { email } ... on Post { slug author { ...Any } } }
        nodes(ids: $ids) { __typename ...Any ... on Node { again: id } ... on User { name } }
    }
    fragment Any on Node { id ... on Post { slug } ... on User { name } }"""
    with statements() as seen:
        ids = [post["author"]["id"], post["id"]]
        data = await data_of(schema, filled, query, {"post": post["id"], "ids": ids})
    author = {"id": post["author"]["id"], "name": post["author"]["name"]}
    assert data == {
        "node": {"id": post["id"], "slug": post["slug"], "author": author},
        "nodes": [
            {"__typename": "User", **author, "again": author["id"]},
            {"__typename": "Post", "id": post["id"], "slug": post["slug"], "again": post["id"]},
        ],
    }
    # The post with its author's key, the post without, the user of `nodes`; the post's author is that user.
    assert len(seen) == 3


async def test_the_names_of_types_are_everywhere_and_cost_nothing(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    names = "__typename t: __typename"
    query = f"""{{ {names} posts(first: 1) {{
        {names} nodes {{ {names} author {{ {names} }} }} edges {{ {names} node {{ {names} }} }} pageInfo {{ {names} }}
    }} }}"""
    with statements() as seen:
        data = await data_of(schema, filled, query)

    def named(name: str) -> dict[str, Any]:
        return {"__typename": name, "t": name}

    assert data == {
        **named("Query"),
        "posts": {
            **named("PostConnection"),
            "nodes": [{**named("Post"), "author": named("User")}],
            "edges": [{**named("PostEdge"), "node": named("Post")}],
            "pageInfo": named("PageInfo"),
        },
    }
    # The page, and whether there is an author.
    assert len(seen) == 2
