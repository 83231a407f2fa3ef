"""What the doctor tells of an operation, and whom."""

import json

import pytest
from starlette.requests import HTTPConnection

from db import demo
from db.session.engines import Engines
from graph.policies import visibility
from graph.schema import DOMAIN
from graph.settings import DoctorAccess
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.doctor.asking import Doctor
from tests.http.conftest import Serve, serve
from tests.mutations.asking import SCHEMA

__all__ = ["serve"]

ADA = Viewer(1, frozenset({"admin"}))
TAG = '{ tag(slug: "pruning") { name } }'


@pytest.fixture
async def doctor(engines: Engines) -> Doctor:
    await demo.fill(engines, scale=1)
    found = Doctor(SCHEMA, engines, ADA, visibility(ADA))
    await found("{ users(first: 1) { nodes { posts { totalCount } } } }")  # the driver learns what an array is
    return found


async def test_each_statement_is_told_with_the_fields_that_asked(doctor: Doctor) -> None:
    examined = await doctor(
        """
        query {
          latest: posts(first: 3, orderBy: [{publishedAt: DESC}]) { ...Shown }
          tags(first: 2) { nodes { posts(first: 2) { edges { node { by: author { name } } } } } }
        }
        fragment Shown on PostConnection {
          nodes { title writer: author { name } contributors(first: 1) { nodes { name } } }
        }
        """
    )
    told = [(one["paths"], one["loader"], one["batch"], one["rows"]) for one in examined.work]
    posts, tags, authors, contributors, posts_of_tags, authors_of_those = told
    assert posts == (["latest.nodes"], "Post", 1, 4)  # one more tells whether more follow
    assert tags == (["tags.nodes"], "Tag", 1, 3)
    assert authors[:2] == (["latest.nodes.writer"], "User")
    assert contributors[:3] == (["latest.nodes.contributors.nodes"], "User", 3)
    assert posts_of_tags[:3] == (["tags.nodes.posts.edges"], "Post", 2)
    assert authors_of_those[:2] == (["tags.nodes.posts.edges.node.by"], "User")
    assert [one["number"] for one in examined.statements] == list(range(1, 9))  # BEGIN and COMMIT or ROLLBACK, too
    assert examined.doctor["totals"]["statements"] == 8
    assert examined.doctor["real"]["statements"] == 6 <= examined.doctor["cost"]["statements"]
    assert examined.doctor["totals"]["rows"] == sum(rows for _, _, _, rows in told)
    assert examined.doctor["dialect"] == doctor.engines.dialect
    assert {one["database"] for one in examined.statements} == {"primary"}


async def test_a_loader_that_several_fields_share_is_told_with_all_of_them(doctor: Doctor) -> None:
    examined = await doctor(
        "{ a: posts(first: 2) { nodes { author { name } } } b: posts(last: 2) { nodes { author { name } } } }"
    )
    assert [one["paths"] for one in examined.work] == [
        ["a.nodes"],
        ["b.nodes"],
        ["a.nodes.author", "b.nodes.author"],
    ]


async def test_values_are_told_when_they_are_asked_for_and_never_stand_in_sql_or_plans(doctor: Doctor) -> None:
    document = '{ posts(where: {title: {eq: "Some secret"}}, first: 7) { nodes { title } } }'
    silent = await doctor(document, explain=True)
    assert "Some secret" not in str(silent.doctor)
    assert all("parameters" not in statement for statement in silent.statements)
    (told,) = (await doctor(document, values=True)).work
    assert "Some secret" in told["parameters"]
    assert 8 in told["parameters"]
    assert "plan" not in told


async def test_values_are_counted_as_the_cost_counts_them(doctor: Doctor) -> None:
    # users, two nodes and their names, posts of each, and a node with a title and a status below: 1+2*(1+1+1+1*(1+2))
    posts = "posts(first: 1) { nodes { title status } }"
    document = f"{{ users(first: 2, where: {{posts: {{count: {{gte: 1}}}}}}) {{ nodes {{ name {posts} }} }} }}"
    examined = await doctor(document)
    assert examined.doctor["real"]["values"] == examined.doctor["cost"]["values"] == 13


@pytest.mark.postgresql
async def test_plans_on_postgresql_say_what_happened_when_that_is_asked_for(doctor: Doctor) -> None:
    plain = (await doctor(TAG, explain=True)).work[0]["plan"]
    analyzed = (await doctor(TAG, analyze=True)).work[0]["plan"]
    assert not plain["analyzed"]
    assert "actual" not in plain["text"]
    assert analyzed["analyzed"]
    assert "Execution Time" in analyzed["text"]
    assert "Buffers" in analyzed["text"]


@pytest.mark.sqlite
async def test_plans_on_sqlite_say_how_tables_are_read(doctor: Doctor) -> None:
    plan = (await doctor(TAG, analyze=True)).work[0]["plan"]
    assert plan == {"text": "SEARCH tags_1 USING INDEX sqlite_autoindex_tags_1 (slug=?)", "analyzed": False}


async def test_what_a_change_has_sent_is_never_run_again(doctor: Doctor) -> None:
    payload = "{ tag { name } errors { ... on UserError { message } } }"
    document = f'mutation {{ createTag(input: {{name: "New", slug: "new"}}) {payload} }}'
    examined = await doctor(document, analyze=True)
    assert examined.data["createTag"] == {"tag": {"name": "New"}, "errors": []}
    assert next(one["paths"] for one in examined.statements if one["kind"] == "change") == ["createTag"]
    assert all(one["plan"]["text"] and not one["plan"]["analyzed"] for one in examined.work)
    again = await doctor('{ tagsAggregate(where: {slug: {eq: "new"}}) { count } }')
    assert again.data == {"tagsAggregate": {"count": 1}}


async def test_a_statement_that_fails_is_told_and_its_plan_is_a_sentence(doctor: Doctor) -> None:
    async with doctor.engines.writing().begin() as connection:
        await connection.exec_driver_sql("DROP TABLE post_tags")
    examined = await doctor(
        "{ posts(first: 1) { nodes { tags(first: 1) { nodes { name } } } } }", errors=True, explain=True
    )
    failed = examined.work[-1]
    assert failed["rows"] is None
    assert failed["paths"] == ["posts.nodes.tags.nodes"]
    assert failed["plan"]["text"].startswith("The database gave no plan: ")


WHO = {"nobody": NOBODY, "editor": Viewer(2, frozenset({"editor"})), "admin": ADA}


async def identify(request: HTTPConnection) -> Viewer:
    """Whoever the request says that it is from."""
    return WHO[request.headers.get("x-who", "admin")]


@pytest.mark.parametrize("access", DoctorAccess)
async def test_others_are_refused(database: Database, serve: Serve, access: DoctorAccess) -> None:
    client = await serve(database.url, identify, DOMAIN, doctor=access)
    body = json.dumps({"query": TAG, "extensions": {"doctor": True}}).encode()
    for who in WHO:
        answer = await client.post(body, x_who=who)
        if access is DoctorAccess.EVERYBODY or (access is DoctorAccess.OPERATORS and who == "admin"):
            assert answer.data == {"tag": None}
            assert answer.body["extensions"]["doctor"]["totals"]["statements"] == 1
        else:
            assert answer.code == "FORBIDDEN"
            assert "data" not in answer.body
    assert "extensions" not in (await client.ask(TAG, extensions={"doctor": False})).body


async def test_what_makes_no_sense_is_refused_with_what_would(database: Database, serve: Serve) -> None:
    client = await serve(database.url, identify, DOMAIN)
    nonsense: list[object] = [1, "yes", [], {"explain": 1}, {"explian": True}]
    for wrong in nonsense:
        answer = await client.ask(TAG, extensions={"doctor": wrong})
        assert answer.code == "BAD_USER_INPUT"
        assert "explain, analyze, values" in answer.messages[0]


async def test_what_a_service_sends_in_a_session_of_its_own_is_told(database: Database, serve: Serve) -> None:
    client = await serve(database.url, identify, DOMAIN)
    document = 'mutation { signIn(input: {email: "a@example.org", password: "a long password"}) { accessToken } }'
    answer = await client.ask(document, extensions={"doctor": True})
    reads = [one for one in answer.body["extensions"]["doctor"]["statements"] if one["kind"] == "read"]
    assert reads
    assert {tuple(one["paths"]) for one in reads} == {("signIn",)}
    assert "users" in reads[0]["sql"]
