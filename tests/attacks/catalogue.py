"""Every attack that we know, by its name: who sends what, what is expected, and the bounds of what that may take.

Whoever finds another one adds a line here. Attacks on the transport need a server with sockets; they stand in
`tests/attacks/test_wire.py`, and what other tests hold already is named in `HELD_ELSEWHERE`.
"""

import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from graph.settings import KIB
from tests.attacks import shapes
from tests.attacks.measuring import MIB, Reply, Request
from tests.http import test_hostile_bodies as bodies

Shape = Callable[[random.Random], bytes]


def plain(dice: random.Random) -> bytes:
    """What costs are compared with: a page of 100 posts with their authors, in a document that is new."""
    return shapes.body(f"{{ {shapes.word(dice)}: posts(first: 100) {{ nodes {{ id title author {{ name }} }} }} }}")


TIMES = 200
"""The processor time of an attack, in plain requests: half a second, where a plain one takes 3 ms."""
PEAK_BYTES = 50 * MIB
ANSWER_BYTES = 20 * MIB
"""Answers have a bound of 16 MiB; what stands around them is little."""


class Attack(NamedTuple):
    """An attack of one or more requests."""

    requests: Callable[[random.Random], Sequence[Request]]
    statuses: frozenset[int] = frozenset({200, 400})
    codes: frozenset[str] | None = None
    """The codes of errors that may be told; None: any but one that says that something is wrong on our side."""
    times: float = TIMES
    """At most so much processor time for each request, in plain ones."""
    peak_bytes: int = PEAK_BYTES
    answer_bytes: int = ANSWER_BYTES
    kept_bytes: int | None = None
    """What may still be held after all of it; None: not looked at."""
    refused: bool = False
    """Whether each request must get an error. Otherwise an answer within the bounds is as good."""


def posted(shape: Shape) -> Callable[[random.Random], Sequence[Request]]:
    """One request with such a body."""
    return lambda dice: [Request(shape(dice))]


def fixed(*requests: Request) -> Callable[[random.Random], Sequence[Request]]:
    """The same requests, whatever the dice say."""
    return lambda _dice: requests


def refused(shape: Shape, *codes: str, times: float = TIMES) -> Attack:
    """One that must be refused before anything is done."""
    return Attack(posted(shape), codes=frozenset(codes), times=times, refused=True, answer_bytes=64 * KIB)


def bounded(shape: Shape) -> Attack:
    """One that may be answered, if that costs little enough."""
    return Attack(posted(shape))


INVALID = ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED")

WORK: dict[str, Attack] = {
    "the longest lists of introspection under many names": bounded(shapes.long_lists_of_introspection),
    "introspection in circles": refused(shapes.introspection_in_circles, "TOO_COSTLY", *INVALID),
    "the schema under many names": refused(shapes.the_schema_under_many_names, "TOO_COSTLY"),
    "a search for a dozen words that are everywhere": bounded(shapes.search_for_common_words),
    "a search for one word, negated ten times": bounded(shapes.search_for_one_word_negated_often),
    "a search for ten thousand negated words": bounded(shapes.search_for_many_negated_words),
    "a search for thousands of words": bounded(shapes.search_for_many_words),
    "a search for 250 KB of text": bounded(shapes.search_for_a_text_of_250_kb),
    "a search for pairs of letters": bounded(shapes.search_for_letters),
    "an order by four counts through relations": bounded(shapes.order_by_counts_of_relations),
    "any of a hundred patterns in long texts": bounded(shapes.any_of_many_patterns),
    "lists in lists of a filter": bounded(shapes.lists_in_lists_of_a_filter),
    "an order by counts behind relations": bounded(shapes.order_by_counts_behind_relations),
    "relations of relations, denied": bounded(shapes.denials_in_denials),
    "alternatives behind relations": bounded(shapes.alternatives_behind_relations),
    "one dear filter under forty names": bounded(shapes.one_filter_under_many_names),
}
"""The price bounds the work."""

ANSWERS: dict[str, Attack] = {
    "a name of 8,000 letters in a long list": bounded(shapes.long_names_in_long_lists),
    "a long text under a thousand names": bounded(shapes.long_texts_under_many_names),
    "a computed field under thousands of names": bounded(shapes.a_computed_field_under_many_names),
    "a column under thousands of names": bounded(shapes.one_column_under_many_names),
}
"""Answers are bounded in bytes and in work."""

VALIDATION: dict[str, Attack] = {
    "a hundred fragments on unknown types": refused(shapes.fragments_on_unknown_types, *INVALID),
    "thousands of unknown input fields": refused(shapes.unknown_input_fields, *INVALID),
    "thousands of unknown fields in a variable": refused(shapes.unknown_fields_of_a_variable, "BAD_USER_INPUT"),
    "thousands of unknown fields": refused(shapes.unknown_fields, *INVALID),
    "thousands of unknown arguments": refused(shapes.unknown_arguments, *INVALID),
    "thousands of unknown directives": refused(shapes.unknown_directives, *INVALID),
    "thousands of wrong values": refused(shapes.wrong_values, *INVALID),
}
"""Validation takes bounded time, and says little."""

AMPLIFICATION: dict[str, Attack] = {
    "a page under 101 names": refused(shapes.pages_under_many_names, "TOO_COSTLY"),
    "a page under 101 names in a fragment": refused(shapes.pages_under_many_names_in_a_fragment, "TOO_COSTLY"),
    "pages in pages in pages": refused(shapes.pages_in_pages, "TOO_COSTLY"),
    "pages in pages in pages, by variables": refused(shapes.pages_in_pages_by_variables, "TOO_COSTLY"),
    "fragments that double": bounded(shapes.fragments_that_double),
    "fragments in a chain": bounded(shapes.fragments_in_a_chain),
    "fragments in a circle": refused(shapes.fragments_in_a_circle, *INVALID),
    "a thousand directives on one field": refused(shapes.a_thousand_directives, *INVALID),
    "thousands of fields of one name": bounded(shapes.fields_of_one_name),
    "a document nested thousands deep": refused(shapes.a_deep_document, *INVALID),
    "a list of thousands of operations": refused(shapes.a_long_list_of_operations, "BAD_REQUEST"),
    "a body of 257 KiB": Attack(
        fixed(Request(b'{"query": "{ __typename }"' + b" " * 257 * KIB + b"}")), frozenset({413}), refused=True, times=5
    ),
    "a body of 20 MiB": Attack(
        fixed(Request(b"[" * 20 * MIB)), frozenset({413}), refused=True, times=5, peak_bytes=4 * MIB
    ),
}
"""Amplification is refused before anything is run."""

HOSTILE_BODIES: dict[str, Attack] = {
    "bodies that are no request": Attack(
        fixed(*(Request(body) for body in bodies.REFUSED.values())), frozenset({400}), times=20, refused=True
    ),
    "documents that cannot be run": Attack(
        fixed(*(Request(shapes.body(text)) for text in bodies.DOCUMENTS.values())), frozenset({400}), refused=True
    ),
}
"""Those of `tests/http/test_hostile_bodies.py`, which says what each is answered; here they are held to bounds."""

INJECTION: dict[str, Attack] = {
    "SQL in texts": bounded(shapes.sql_in_texts),
    "SQL in a cursor": refused(shapes.sql_in_a_cursor, "INVALID_CURSOR"),
    "SQL in an id": refused(shapes.sql_in_an_id, "INVALID_ID"),
}


def _forged_token(dice: random.Random) -> Sequence[Request]:
    """A token that says of itself that nobody has to sign it; one of another algorithm; and one that is long."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = part({"sub": "1", "sid": shapes.word(dice), "aud": "trellis", "exp": 2**40, "roles": ["admin"]})
    heads = ({"alg": "none"}, {"alg": "HS256", "crit": ["x"]}, {"alg": "RS256", "kid": "../../key"})
    forged = [f"{part(head)}.{claims}.{shapes.word(dice)}" for head in heads]
    texts = [*forged, f"{part({'alg': 'none'})}.{claims}.", "x" * dice.randint(10_000, 200_000), "trellis_" + "A" * 50]
    return [Request(plain(dice), headers={"Authorization": f"Bearer {text}"}) for text in texts]


def _simple_requests(dice: random.Random) -> Sequence[Request]:
    """What a page of another site can make a browser send without asking first."""
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    return [Request(plain(dice), headers={"Content-Type": kind, "Cookie": "trellis_session=x"}) for kind in kinds]


MUTATION_BY_GET = b"query=mutation%20%7B%20signOut%20%7B%20__typename%20%7D%20%7D"
QUERY_BY_GET = b"query=%7B%20viewer%20%7B%20id%20%7D%20%7D"

IDENTITY: dict[str, Attack] = {
    "forged tokens": Attack(_forged_token, frozenset({401}), frozenset({"UNAUTHENTICATED"}), times=3, refused=True),
    "a mutation over GET": Attack(
        fixed(Request(method="GET", query=MUTATION_BY_GET)), frozenset({405}), times=3, refused=True
    ),
    "requests that need no preflight": Attack(_simple_requests, frozenset({415}), times=3, refused=True),
    "reading the metrics": Attack(
        fixed(Request(method="GET", path="/metrics", headers={"X-Forwarded-For": "203.0.113.9"})),
        frozenset({401, 403, 404}),
        times=3,
        refused=False,
    ),
    "another site's GET with a cookie": Attack(
        fixed(
            Request(
                method="GET",
                query=QUERY_BY_GET,
                headers={
                    "Cookie": "trellis_session=x",
                    "Sec-Fetch-Site": "cross-site",
                    "Origin": "https://evil.example",
                },
            )
        ),
        frozenset({403}),
        times=3,
        refused=True,
    ),
}

CACHES: dict[str, Attack] = {
    "one new filter after the other": Attack(
        lambda dice: [Request(shapes.a_new_filter(dice)) for _ in range(10)], kept_bytes=30 * MIB
    ),
    "one new document after the other": Attack(
        lambda dice: [Request(shapes.body(f"{{ {shapes.word(dice)}: __typename }}")) for _ in range(500)],
        kept_bytes=30 * MIB,
    ),
    "one refused document after the other": Attack(
        lambda dice: [Request(shapes.unknown_fields(dice)) for _ in range(6)], kept_bytes=10 * MIB, refused=True
    ),
}
"""Caches are bounded in bytes."""

ATTACKS: Mapping[str, Attack] = {
    **(WORK | ANSWERS | VALIDATION | AMPLIFICATION),
    **(HOSTILE_BODIES | INJECTION | IDENTITY | CACHES),
}

INTERNAL = "INTERNAL_SERVER_ERROR"


def faults(attack: Attack, reply: Reply) -> list[str]:
    """What an answer has that it should not have."""
    found = []
    if reply.status not in attack.statuses:
        found.append(f"status {reply.status}, not of {sorted(attack.statuses)}")
    if reply.length > attack.answer_bytes:
        found.append(f"{reply.length / MIB:.1f} MiB of answer, not {attack.answer_bytes / MIB:.1f}")
    codes = codes_of(reply)
    if INTERNAL in codes:
        found.append("an internal error")
    if attack.refused and not codes:
        found.append("no error")
    if attack.codes is not None and not codes <= attack.codes:
        found.append(f"codes {sorted(codes)}, not of {sorted(attack.codes)}")
    return found


def codes_of(reply: Reply) -> frozenset[str]:
    """The codes of an answer's errors. Answers that are long have none: errors are few and short."""
    if len(reply.beginning) < reply.length or "json" not in reply.headers.get("content-type", ""):
        return frozenset()
    told = json.loads(reply.beginning)
    answers = told if isinstance(told, list) else [told]
    return frozenset(error["extensions"]["code"] for answer in answers for error in answer.get("errors", ()))


HELD_ELSEWHERE: Mapping[str, str] = {
    "probing whether an e-mail address is taken": "tests/mutations/test_people.py::"
    "test_nobody_asks_for_many_addresses_whether_they_are_taken",
    "a transfer to a guessed account": "tests/mutations/test_money.py::"
    "test_no_refusal_tells_of_an_account_that_may_not_be_seen",
    "taking the address of the house": "tests/mutations/test_people.py::"
    "test_nobody_takes_the_address_of_the_house_on_any_path",
    "another address without the password, or by a key": "tests/mutations/test_people.py::"
    "test_an_address_changes_with_the_password_of_who_changes_it",
    "guessing a password where an address changes": "tests/mutations/test_people.py::"
    "test_guesses_count_as_those_of_signing_in",
    "changing a public post after the role is gone": "tests/mutations/test_nouns.py::"
    "test_what_is_public_is_changed_by_those_who_might_publish_it",
    "a key with a role that its user has lost": "tests/identity/test_identify.py::"
    "test_a_key_has_no_more_than_its_user_from_the_moment_that_a_role_goes",
    "reading the files of the database and the keys": "tests/db/test_private_files.py::"
    "test_a_database_is_readable_by_its_owner_alone_and_so_are_the_files_beside_it",
    "finding out which addresses are known by the time": "tests/identity/test_identity.py::"
    "test_whatever_is_wrong_costs_the_same_and_is_told_the_same",
    "a copied refresh token": "tests/identity/test_over_http.py::"
    "test_a_refresh_token_serves_once_and_a_copy_ends_the_sign_in",
    "many log-ins at once beside a query": "tests/auth/test_passwords.py::"
    "test_the_event_loop_goes_on_while_passwords_are_hashed",
    "passwords of megabytes": "tests/auth/test_passwords.py::"
    "test_a_text_that_is_too_long_is_refused_without_work_whosever_it_is",
    "errors that tell of the inside": "tests/http/test_ends.py::test_a_table_that_is_gone_is_our_own_affair",
    "suggestions of a hidden schema": "tests/prepare/test_mistakes.py::test_a_hidden_schema_suggests_nothing",
    "secrets in logs": "tests/identity/test_requests.py::test_no_credential_is_in_the_log",
    "a foreign cursor": "tests/http/test_hostile_references.py::test_a_cursor_belongs_to_its_list_and_its_order",
    "SQL in every place that takes a text": "tests/policies/test_injection.py::",
    "twice the document": "tests/prepare/test_limits.py::test_twice_the_document_is_twice_the_work",
}
"""Attacks that have a test where their room is, by the test's id. `tests/attacks/test_catalogue.py` sees that it is."""
