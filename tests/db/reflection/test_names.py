"""Names: from a database to Python to GraphQL, each valid, each given once, each one's change told."""

import keyword
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Integer
from strawberry.utils.str_converters import to_camel_case

from db.reflection import MappingPlan, plan_of
from db.reflection.catalog import Catalog, FoundColumn, FoundEnum, FoundKey, FoundTable, Kind, Name
from db.reflection.naming import OF_VALUES, RESERVED_CLASSES, attribute, camel, member, words
from db.reflection.plurals import plural, singular
from graph.entity.names import TYPES_OF_EVERY_SCHEMA
from tests.databases import Database
from tests.db.reflection.databases import check_that_nothing_vanished, model, names, planned
from tests.entity.laws import tried

VALID = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")

AWKWARD = """
CREATE TABLE "query" (id integer PRIMARY KEY, "a_b" integer, "aB" integer, "Name_" text, "_1st" integer,
    "and" integer, "x y" integer, "naïve" integer, "BillingCountry" text, "USER_NAME" text, "node" integer,
    "count" integer, "metadata" text, "registry" text, "query" text, "self" text, "__x" integer, "%" integer,
    "$" integer, "class" text, "int" integer, "имя" text, "ROWID_" integer)

CREATE TABLE mutation (id integer PRIMARY KEY)

CREATE TABLE node (id integer PRIMARY KEY)

CREATE TABLE "Connection" (id integer PRIMARY KEY)

CREATE TABLE "Int" (id integer PRIMARY KEY)

CREATE TABLE "None" (id integer PRIMARY KEY)

CREATE TABLE "Order Lines" (id integer NOT NULL, number integer NOT NULL, PRIMARY KEY (id, number))

CREATE TABLE post (id integer PRIMARY KEY)

CREATE TABLE posts (id integer PRIMARY KEY)

CREATE TABLE post_filter (id integer PRIMARY KEY)

CREATE TABLE news (id integer PRIMARY KEY)
"""


async def test_awkward_names_become_valid_ones_and_each_change_is_told(blank_database: Database) -> None:
    plan = await planned(blank_database, AWKWARD)
    check_names(plan)
    assert names(model(plan, "QueryRow")) == [
        ("id", "id", "id"),
        ("a_b", "a_b", "aB"),
        ("aB", "a_b_2", "aB2"),
        ("Name_", "name", "name"),
        ("_1st", "column_1st", "column1st"),
        ("and", "and_", "and_"),
        ("x y", "x_y", "xY"),
        ("naïve", "naive", "naive"),
        ("BillingCountry", "billing_country", "billingCountry"),
        ("USER_NAME", "user_name", "userName"),
        ("node", "node", "node"),
        ("count", "count", "count"),
        ("metadata", "metadata_", "metadata_"),
        ("registry", "registry_", "registry_"),
        ("query", "query", "query"),
        ("self", "self_", "self_"),
        ("__x", "x", "x"),
        ("%", "percent_sign", "percentSign"),
        ("$", "dollar_sign", "dollarSign"),
        ("class", "class_", "class_"),
        ("int", "int_", "int_"),
        ("имя", "column_22", "column22"),
        ("ROWID_", "rowid", "rowid"),
    ]
    assert {each.table.name.name: (each.class_name, each.plural) for each in plan.models} == {
        "query": ("QueryRow", "query_rows"),
        "mutation": ("MutationRow", "mutation_rows"),
        "node": ("NodeRow", "node_rows"),
        "Connection": ("ConnectionRow", "connection_rows"),
        "Int": ("IntRow", "int_rows"),
        "None": ("NoneRow", "none_rows"),
        "Order Lines": ("OrderLine", "order_lines"),
        "post": ("Post", "posts"),
        "posts": ("PostRow", "post_rows"),
        "post_filter": ("PostFilter", "post_filters"),
        "news": ("News", "all_news"),
    }
    told = {guess.what for guess in plan.guesses}
    assert {"column query.aB", "column query._1st", "column query.имя", "class of table posts"} <= told
    assert {"column Order Lines.id", "list of table news", "class of table query"} <= told
    assert not {"column query.a_b", "column query.x y", "class of table post"} & told


async def test_an_id_is_the_rows_only_where_it_is_the_whole_key(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE alone ("ID" integer PRIMARY KEY)

        CREATE TABLE beside (id integer, number integer PRIMARY KEY, row_id integer)

        CREATE TABLE loose (id integer)

        CREATE TABLE part (id integer NOT NULL, at integer NOT NULL, PRIMARY KEY (id, at))
        """,
    )
    assert names(model(plan, "Alone")) == [("ID", "id", "id")]
    assert names(model(plan, "Beside")) == [
        ("id", "row_id_2", "rowId2"),
        ("number", "number", "number"),
        ("row_id", "row_id", "rowId"),
    ]
    assert names(model(plan, "Part"))[0] == ("id", "row_id", "rowId")
    assert names(model(plan, "Loose")) == [("id", "id", "id")]  # rows without a key have no ids


def test_graphql_names_are_those_that_strawberry_makes() -> None:
    for name in ("order_line", "and_", "line_1", "a_b_2", "x", "column_1st", "_2XL", "a__b"):
        assert camel(name) == to_camel_case(name)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *(("post", "posts"), ("category", "categories"), ("box", "boxes"), ("person", "people"), ("hero", "heroes")),
        *(("news", "news"), ("data", "data"), ("series", "series"), ("staff", "staff"), ("sms", "sms")),
        *(("status", "statuses"), ("address", "addresses"), ("business", "businesses"), ("bus", "buses")),
        *(("analysis", "analyses"), ("axis", "axes"), ("index", "indices"), ("movie", "movies"), ("tie", "ties")),
        *(("database", "databases"), ("license", "licenses"), ("response", "responses"), ("course", "courses")),
        *(("canvas", "canvases"), ("alias", "aliases"), ("virus", "viruses"), ("lens", "lenses"), ("price", "prices")),
        *(("day", "days"), ("key", "keys"), ("photo", "photos"), ("menu", "menus"), ("leaf", "leaves")),
    ],
)
def test_one_and_many(one: str, many: str) -> None:
    assert (singular(many), plural(one), singular(one), plural(many)) == (one, many, one, many)


def test_a_word_that_only_looks_like_many_stays_as_it_is() -> None:
    for word in ("access", "basis", "bias", "campus", "chaos", "gas", "glass", "is", "process", "radius", "us"):
        assert singular(word) == word


def test_no_class_is_called_as_a_type_of_every_schema() -> None:
    """Asked of a new process: other tests register types of their own."""
    command = "from graph.entity.types import TYPES; print(*(entry.name for entry in TYPES))"
    listed = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True).stdout
    assert {*listed.split()} | TYPES_OF_EVERY_SCHEMA <= RESERVED_CLASSES


def test_words_of_enumerations_become_members() -> None:
    found = {word: member(word) for word in ("in progress", "2xl", "true", "", "+", "naïve", "inProgress")}
    assert found == {
        "in progress": "IN_PROGRESS",
        "2xl": "_2XL",
        "true": "TRUE",
        "": "EMPTY",
        "+": "PLUS_SIGN",
        "naïve": "NAIVE",
        "inProgress": "IN_PROGRESS",
    }


AWKWARD_NAME = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    st.text("ab_ AB1", min_size=1, max_size=5),
    st.sampled_from(
        ["id", "ID", "row_id", "query", "Query", "posts", "post", "PostFilter", "post_filter", "news", "and"]
    ),
)


def a_table(name: Name, columns: list[str]) -> FoundTable:
    found = [FoundColumn(name=column, type=Integer(), written="integer", nullable=False) for column in columns]
    return FoundTable(name=name, kind=Kind.TABLE, columns=found, key=FoundKey(columns[:1]))


A_TABLE = st.builds(
    a_table,
    st.builds(Name, st.sampled_from([None, "a", "b", "1"]), AWKWARD_NAME),
    st.lists(AWKWARD_NAME, min_size=1, max_size=6, unique=True),
)
AN_ENUM = st.builds(
    FoundEnum, st.builds(Name, st.none(), AWKWARD_NAME), st.lists(AWKWARD_NAME, max_size=6, unique=True)
)


@tried(80)
@given(st.lists(A_TABLE, max_size=8, unique_by=lambda table: table.name), AN_ENUM)
def test_every_name_is_valid_and_given_once(tables: list[FoundTable], enum: FoundEnum) -> None:
    catalog = Catalog(dialect="postgresql", tables=tables, enums=[enum])
    plan = plan_of(catalog)
    assert plan == plan_of(catalog)
    assert plan_of(Catalog(dialect="postgresql", tables=tables[::-1], enums=[enum])).models == plan.models
    check_that_nothing_vanished(plan)
    check_names(plan)


@tried(200)
@given(AWKWARD_NAME)
def test_a_name_is_valid_by_itself(name: str) -> None:
    made = attribute(name, 3)
    assert made.isidentifier()
    assert not keyword.iskeyword(made)
    assert VALID.fullmatch(camel(made))
    assert all(word.isalnum() and word.isascii() and word == word.lower() for word in words(name))
    assert VALID.fullmatch(member(name))
    assert member(name).isidentifier()


def check_names(plan: MappingPlan) -> None:
    classes = [*(each.class_name for each in plan.models), *(each.class_name for each in plan.enums)]
    values = [*RESERVED_CLASSES, *(each.class_name for each in plan.enums)]
    made = {f"{name}{suffix}" for name in values for suffix in OF_VALUES}
    assert max(Counter(classes).values(), default=1) == 1
    assert not set(classes) & (RESERVED_CLASSES | made)
    roots = ["node", "nodes"]
    for each in plan.models:
        many = camel(each.plural)
        roots += [f"{each.class_name[0].lower()}{each.class_name[1:]}", many, f"{many}Aggregate"]
        assert each.module.isidentifier()
        assert not keyword.iskeyword(each.module)
        fields = [(attribute_.name, attribute_.graphql_name) for attribute_ in each.attributes]
        fields += [(relation.name, relation.graphql_name) for relation in each.relations]
        assert all(name.isidentifier() and not keyword.iskeyword(name) for name, _ in fields)
        assert all(VALID.fullmatch(name) for name in (each.class_name, many, *(name for _, name in fields)))
        for given_ in zip(*fields, strict=True) if fields else ():
            assert max(Counter(given_).values()) == 1
    assert max(Counter(roots).values()) == 1
    for enum in plan.enums:
        members = [name for name, _ in enum.members]
        assert len(set(members)) == len(members)
