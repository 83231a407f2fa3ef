"""Documents that ask for much in few bytes, in sizes and words that vary with the dice.

Dice enter, a request's body leaves. Each call makes another shape, so that no cache answers what was asked before.
"""

import json
import random
import string
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Dice = random.Random

LISTS = ("posts", "users", "tags")
"""Lists that everybody sees."""


def word(dice: Dice, length: int = 12) -> str:
    """A name that nobody knows."""
    return "".join(dice.choices(string.ascii_lowercase, k=length))


def names(dice: Dice, count: int) -> Iterator[str]:
    """So many different aliases."""
    start = word(dice, 3)
    return (f"{start}{number}" for number in range(count))


def body(document: str, **variables: Any) -> bytes:
    """An operation as clients send it."""
    return json.dumps({"query": document, "variables": variables}).encode()


# --- introspection ---


def long_lists_of_introspection(dice: Dice) -> bytes:
    inner = " ".join(f"{name}: inputFields {{ name type {{ name }} }}" for name in names(dice, dice.randint(300, 600)))
    return body(f'{{ __type(name: "Query") {{ fields {{ args {{ type {{ {inner} }} }} }} }} }}')


def introspection_in_circles(dice: Dice) -> bytes:
    depth = dice.randint(4, 40)
    return body("{ __schema { types " + "{ fields { type " * depth + "{ name }" + " } }" * depth + " } }")


def the_schema_under_many_names(dice: Dice) -> bytes:
    fields = " ".join(f"{name}: __schema {{ types {{ ...F }} }}" for name in names(dice, dice.randint(20, 100)))
    return body(
        f"{{ {fields} }} fragment F on __Type {{ name description fields {{ name description type {{ name }} }} }}"
    )


# --- search ---


def searched(text: str, first: int = 20) -> bytes:
    document = "query ($text: String!, $first: Int) { search(text: $text, first: $first) { totalCount nodes { id } } }"
    return body(document, text=text, first=first)


COMMON = ("the", "plants", "water", "two", "weeks", "season", "compost", "posts", "ties", "first", "slugs", "rain")
"""Words that nearly every post of the demo has."""


def search_for_common_words(dice: Dice) -> bytes:
    return searched(" ".join(dice.sample(COMMON, dice.randint(8, 12))), first=100)


def search_for_one_word_negated_often(dice: Dice) -> bytes:
    return searched(f"-{dice.choice(COMMON)} " * dice.randint(8, 12))


def search_for_many_negated_words(dice: Dice) -> bytes:
    return searched(" ".join(f"-{word(dice, 5)}" for _ in range(dice.randint(5_000, 12_000))))


def search_for_many_words(dice: Dice) -> bytes:
    return searched(" ".join(word(dice, 5) for _ in range(dice.randint(900, 4_000))))


def search_for_a_text_of_250_kb(dice: Dice) -> bytes:
    return searched(" ".join(word(dice, dice.randint(2, 9)) for _ in range(36_000))[:250_000])


def search_for_letters(dice: Dice) -> bytes:
    return searched(" ".join(f'"{a} {b}"' for a, b in pairwise(dice.choices(string.ascii_lowercase, k=200))))


# --- statements of one field ---


def order_by_counts_of_relations(dice: Dice) -> bytes:
    counts = ["contributors", "tags", "author: {posts", "author: {contributions", "author: {orders", "author: {roles"]
    chosen = dice.sample(counts, 4)
    order = ", ".join(f"{{{it}: {{count: DESC}}{'}' * it.count('{')}}}" for it in chosen)
    return body(f"{{ posts(first: {dice.randint(1, 100)}, orderBy: [{order}]) {{ nodes {{ id }} }} }}")


def any_of_many_patterns(dice: Dice) -> bytes:
    patterns = [{"content": {"containsIgnoreCase": word(dice, 6)}} for _ in range(dice.randint(80, 150))]
    return body("query ($w: PostFilter) { posts(where: $w) { totalCount } }", w={"or": patterns})


def lists_in_lists_of_a_filter(dice: Dice) -> bytes:
    where: dict[str, Any] = {"title": {"contains": word(dice, 4)}}
    for _ in range(dice.randint(2, 3)):
        where = {"contributors": {"some": {"contributions": {"some": where}}}}
    return body("query ($w: PostFilter) { posts(where: $w) { totalCount } }", w=where)


def order_by_counts_behind_relations(dice: Dice) -> bytes:
    count = dice.choice(["posts", "contributions", "orders"])
    order = f"{{author: {{{count}: {{count: {dice.choice(['ASC', 'DESC'])}}}}}}}"
    return body(f"{{ posts(first: {dice.randint(1, 100)}, orderBy: [{order}]) {{ nodes {{ id }} }} }}")


def denials_in_denials(dice: Dice) -> bytes:
    to, back = dice.choice([("tags", "posts"), ("contributors", "contributions")])
    where: dict[str, Any] = {"version": {"lt": dice.choice([0, 99])}}
    for relation in (back, to, back, to)[dice.randint(0, 1) * 2 :]:
        where = {relation: {dice.choice(["none", "every", "some"]): where}}
    return body("query ($w: PostFilter) { posts(where: $w) { nodes { id } } }", w=where)


def alternatives_behind_relations(dice: Dice) -> bytes:
    where: dict[str, Any] = {"version": {"lt": dice.choice([0, 99])}}
    for relation, column in (("posts", "name"), ("tags", "title")) * 2:
        where = {"or": [{column: {"eq": word(dice, 5)}}, {relation: {"some": where}}]}
    return body("query ($w: PostFilter) { posts(where: $w) { nodes { id } } }", w=where)


def one_filter_under_many_names(dice: Dice) -> bytes:
    where = f'{{content: {{containsIgnoreCase: "{word(dice, 5)}"}}}}'
    fields = " ".join(f"{name}: posts(where: {where}) {{ totalCount }}" for name in names(dice, dice.randint(30, 45)))
    return body(f"{{ {fields} }}")


# --- bytes and work of answers ---


def long_names_in_long_lists(dice: Dice) -> bytes:
    name = word(dice, dice.randint(6_000, 9_000))
    inner = f"nodes {{ {name}: id contributors(first: 50) {{ nodes {{ {name}: id }} }} }}"
    return body(f"{{ posts(first: 100) {{ {inner} }} }}")


def long_texts_under_many_names(dice: Dice) -> bytes:
    inner = " ".join(f"{name}: content" for name in names(dice, dice.randint(800, 1_200)))
    return body(f"{{ posts(first: 100) {{ nodes {{ {inner} }} }} }}")


def a_computed_field_under_many_names(dice: Dice) -> bytes:
    inner = " ".join(f"{name}: readingMinutes" for name in names(dice, dice.randint(2_000, 3_000)))
    return body(f"{{ posts(first: 100) {{ nodes {{ {inner} }} }} }}")


def one_column_under_many_names(dice: Dice) -> bytes:
    inner = " ".join(f"{name}: title" for name in names(dice, 3_000))
    return body(f"{{ posts(first: 100) {{ nodes {{ {inner} author {{ name }} }} }} }}")


# --- validation ---


def fragments_on_unknown_types(dice: Dice) -> bytes:
    return body("{" + " ".join(f"... on {word(dice, 20).title()} {{ id }}" for _ in range(100)) + "}")


def unknown_input_fields(dice: Dice) -> bytes:
    fields = " ".join(f"{name}: {{eq: 1}}" for name in names(dice, dice.randint(2_000, 2_500)))
    return body(f"{{ posts(where: {{{fields}}}) {{ totalCount }} }}")


def unknown_fields_of_a_variable(dice: Dice) -> bytes:
    where = {name: {"eq": word(dice, 40)} for name in names(dice, 2_500)}
    return body("query ($w: PostFilter) { posts(where: $w) { totalCount } }", w=where)


def unknown_fields(dice: Dice) -> bytes:
    return body("{" + " ".join(word(dice, 12) for _ in range(3_000)) + "}")


def unknown_arguments(dice: Dice) -> bytes:
    given = " ".join(f"{name}: 1" for name in names(dice, 2_500))
    return body(f"{{ posts({given}) {{ totalCount }} }}")


def unknown_directives(dice: Dice) -> bytes:
    return body("{ __typename " + " ".join(f"@{word(dice, 8)}" for _ in range(3_000)) + "}")


def wrong_values(dice: Dice) -> bytes:
    values = " ".join(f'"{word(dice, 20)}"' for _ in range(3_000))
    return body(f"{{ posts(where: {{version: {{in: [{values}]}}}}) {{ totalCount }} }}")


# --- amplification ---


def pages_under_many_names(dice: Dice) -> bytes:
    listing = dice.choice(LISTS)
    fields = " ".join(f"{name}: {listing}(first: 100) {{ nodes {{ id }} }}" for name in names(dice, 101))
    return body(f"{{ {fields} }}")


def pages_under_many_names_in_a_fragment(dice: Dice) -> bytes:
    fields = " ".join(f"{name}: tags(first: 100) {{ nodes {{ id }} }}" for name in names(dice, 101))
    return body(f"{{ ...F }} fragment F on Query {{ {fields} }}")


def pages_in_pages(dice: Dice) -> bytes:
    size = dice.randint(80, 100)
    inner = f"posts(first: {size}) {{ nodes {{ contributors(first: {size}) {{ nodes {{ id }} }} }} }}"
    return body(f"{{ users(first: {size}) {{ nodes {{ {inner} }} }} }}")


def pages_in_pages_by_variables(dice: Dice) -> bytes:
    inner = "posts(last: $n) { edges { node { tags(first: $n) { edges { cursor } } } } }"
    return body(f"query ($n: Int) {{ users(first: $n) {{ nodes {{ {inner} }} }} }}", n=dice.randint(80, 100))


def fragments_that_double(dice: Dice) -> bytes:
    depth = dice.randint(20, 60)
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth)]
    return body(f"{{ ...F0 }} {' '.join(parts)} fragment F{depth} on Query {{ __typename }}")


def fragments_in_a_chain(dice: Dice) -> bytes:
    depth = dice.choice([300, 1_000, 5_000])
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(depth)]
    return body(f"{{ ...F0 }} {' '.join(parts)} fragment F{depth} on Query {{ __typename }}")


def fragments_in_a_circle(dice: Dice) -> bytes:
    depth = dice.randint(2, 200)
    parts = [f"fragment F{n} on Query {{ ...F{(n + 1) % depth} }}" for n in range(depth)]
    return body(f"{{ ...F0 }} {' '.join(parts)}")


def a_thousand_directives(dice: Dice) -> bytes:
    return body("{ __typename " + "@include(if: true) " * dice.randint(1_000, 1_500) + "}")


def fields_of_one_name(dice: Dice) -> bytes:
    return body(
        "{" + dice.choice(LISTS) + "{ totalCount } " + "tags { totalCount } " * dice.randint(1_500, 2_000) + "}"
    )


def a_deep_document(dice: Dice) -> bytes:
    depth = dice.choice([190, 1_000, 9_000])
    return body("{ a " * depth + "}" * depth)


def a_long_list_of_operations(dice: Dice) -> bytes:
    return json.dumps([{"query": f"{{ {name}: __typename }}"} for name in names(dice, 4_000)]).encode()


# --- injection ---

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE posts; --",
    "x') UNION SELECT hashed_password FROM users --",
    "\\'; SELECT pg_sleep(10); --",
    "%_\\%",
    "$1 :keys %(x)s ?",
    '" NEAR(a b) *',
    "$[*] ? (@ == 1)",
)


def sql_in_texts(dice: Dice) -> bytes:
    text = dice.choice(SQL) + word(dice, 4)
    document = """query ($t: String!) {
      search(text: $t) { totalCount } posts(where: {title: {containsIgnoreCase: $t}}) { totalCount }
      tag(slug: $t) { id } user(email: $t) { id }
    }"""
    return body(document, t=text)


def sql_in_a_cursor(dice: Dice) -> bytes:
    return body(
        "query ($c: String) { posts(after: $c) { nodes { id } } }", c=dice.choice(SQL) + "A" * dice.randint(0, 20_000)
    )


def sql_in_an_id(dice: Dice) -> bytes:
    return body("query ($id: ID!) { node(id: $id) { id } }", id=dice.choice(SQL) + word(dice, 3))


# --- one new filter after the other ---


def a_new_filter(dice: Dice) -> bytes:
    """A filter whose form has not been asked before: about 20 KB."""
    conditions: list[Any] = []
    for _ in range(200):
        column = dice.choice(["title", "slug", "summary", "content"])
        comparison = dice.choice(["contains", "startsWith", "endsWith", "eq", "ne"])
        conditions.append({dice.choice(["and", "or"]): [{column: {comparison: word(dice, 4)}}, {"version": {"gt": 1}}]})
    return body("query ($w: PostFilter) { posts(where: $w, first: 1) { nodes { id } } }", w={"or": conditions})
