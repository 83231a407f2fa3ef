"""Changes of schemas, each with the verdict that we expect: what the check is held to, and what peers are asked, too.

A line of `expected` is criticality, kind, coordinate. All changes of a case are listed, safe ones too: nothing is found
twice. A text without a query type gets `type Query { ok: Int }`. The day is 2026-11-30.
"""

from datetime import date
from typing import NamedTuple

TODAY = date(2026, 11, 30)


class Case(NamedTuple):
    """What an old text becomes, and the verdicts."""

    name: str
    old: str
    new: str
    expected: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, str]:
        """Both texts, whole."""
        return _whole(self.old), _whole(self.new)


def _whole(text: str) -> str:
    return text if "Query" in text else f"{text}\ntype Query {{ ok: Int }}"


def _case(name: str, old: str, new: str, *expected: str) -> Case:
    return Case(name, old, new, expected)


TYPES = (
    _case("nothing", "type A { a: Int }", "type A { a: Int }"),
    _case("only the order", "type A { a: Int b: Int } enum E { X Y }", "enum E { Y X } type A { b: Int a: Int }"),
    _case("a type comes", "", "type A { a: Int }", "safe TYPE_ADDED A"),
    _case("a type goes", "type A { a: Int }", "", "breaking TYPE_REMOVED A"),
    _case("a scalar goes", "scalar S", "", "breaking TYPE_REMOVED S"),
    _case(
        "an object becomes an interface", "type A { a: Int }", "interface A { a: Int }", "breaking TYPE_KIND_CHANGED A"
    ),
    _case("an object becomes an input", "type A { a: Int }", "input A { a: Int }", "breaking TYPE_KIND_CHANGED A"),
    _case("an enum becomes a scalar", "enum A { X }", "scalar A", "breaking TYPE_KIND_CHANGED A"),
    _case(
        "a union becomes an interface",
        "type T { a: Int } union A = T",
        "type T { a: Int } interface A { a: Int }",
        "breaking TYPE_KIND_CHANGED A",
    ),
    _case(
        "a mutation comes",
        "schema { query: Query } type Query { ok: Int } type M { a: Int }",
        "schema { query: Query mutation: M } type Query { ok: Int } type M { a: Int }",
        "safe ROOT_TYPE_ADDED M",
    ),
    _case(
        "a mutation goes",
        "schema { query: Query mutation: M } type Query { ok: Int } type M { a: Int }",
        "schema { query: Query } type Query { ok: Int } type M { a: Int }",
        "breaking ROOT_TYPE_REMOVED M",
    ),
    _case(
        "another type answers",
        "schema { query: Query } type Query { ok: Int } type Q { ok: Int }",
        "schema { query: Q } type Query { ok: Int } type Q { ok: Int }",
        "breaking ROOT_TYPE_CHANGED Query",
    ),
    _case(
        "a standard scalar is used no more",
        "type A { a: Int b: Float }",
        "type A { a: Int }",
        "breaking FIELD_REMOVED A.b",
    ),
)

FIELDS = (
    _case("a field comes", "type A { a: Int }", "type A { a: Int b: Int }", "safe FIELD_ADDED A.b"),
    _case("a field goes", "type A { a: Int b: Int }", "type A { a: Int }", "breaking FIELD_REMOVED A.b"),
    _case(
        "a field of an interface goes",
        "interface A { a: Int b: Int }",
        "interface A { a: Int }",
        "breaking FIELD_REMOVED A.b",
    ),
    _case(
        "a field is renamed",
        "type A { summary: String n: Int }",
        "type A { abstract: String n: Int }",
        "breaking FIELD_REMOVED A.summary",
        "safe FIELD_ADDED A.abstract",
    ),
    _case("another type", "type A { a: Int }", "type A { a: String }", "breaking FIELD_TYPE_CHANGED A.a"),
    _case("a value becomes a list", "type A { a: Int }", "type A { a: [Int] }", "breaking FIELD_TYPE_CHANGED A.a"),
    _case("a list becomes a value", "type A { a: [Int!]! }", "type A { a: Int! }", "breaking FIELD_TYPE_CHANGED A.a"),
    _case("a list in a list", "type A { a: [[Int]] }", "type A { a: [Int] }", "breaking FIELD_TYPE_CHANGED A.a"),
    _case(
        "an interface narrows to one of its types",
        "interface N { a: Int } type T implements N { a: Int } type A { n: N }",
        "interface N { a: Int } type T implements N { a: Int } type A { n: T }",
        "breaking FIELD_TYPE_CHANGED A.n",
    ),
    _case(
        "an output becomes optional", "type A { a: Int! }", "type A { a: Int }", "breaking FIELD_BECAME_NULLABLE A.a"
    ),
    _case("an output becomes required", "type A { a: Int }", "type A { a: Int! }", "safe FIELD_BECAME_NON_NULL A.a"),
    _case(
        "elements become optional", "type A { a: [Int!] }", "type A { a: [Int] }", "breaking FIELD_BECAME_NULLABLE A.a"
    ),
    _case(
        "elements become required", "type A { a: [Int]! }", "type A { a: [Int!]! }", "safe FIELD_BECAME_NON_NULL A.a"
    ),
    _case(
        "elements promise less, the list more",
        "type A { a: [Int!] }",
        "type A { a: [Int]! }",
        "breaking FIELD_BECAME_NULLABLE A.a",
    ),
    _case(
        "deep elements become optional",
        "type A { a: [[Int!]!]! }",
        "type A { a: [[Int]!]! }",
        "breaking FIELD_BECAME_NULLABLE A.a",
    ),
    _case(
        "a type changes and is deprecated",
        "type A { a: Int! }",
        'type A { a: Int @deprecated(reason: "No.") }',
        "breaking FIELD_BECAME_NULLABLE A.a",
        "safe DEPRECATION_ADDED A.a",
    ),
)

ARGUMENTS = (
    _case(
        "an optional argument comes",
        "type A { a: Int }",
        "type A { a(x: Int): Int }",
        "dangerous ARGUMENT_ADDED A.a(x:)",
    ),
    _case(
        "an argument with a default comes",
        "type A { a: Int }",
        "type A { a(x: Int! = 1): Int }",
        "dangerous ARGUMENT_ADDED A.a(x:)",
    ),
    _case(
        "a required argument comes",
        "type A { a: Int }",
        "type A { a(x: Int!): Int }",
        "breaking REQUIRED_ARGUMENT_ADDED A.a(x:)",
    ),
    _case("an argument goes", "type A { a(x: Int): Int }", "type A { a: Int }", "breaking ARGUMENT_REMOVED A.a(x:)"),
    _case(
        "an argument of an interface goes",
        "interface A { a(x: Int): Int }",
        "interface A { a: Int }",
        "breaking ARGUMENT_REMOVED A.a(x:)",
    ),
    _case(
        "an argument of another type",
        "type A { a(x: Int): Int }",
        "type A { a(x: ID): Int }",
        "breaking ARGUMENT_TYPE_CHANGED A.a(x:)",
    ),
    _case(
        "an argument becomes a list",
        "type A { a(x: Int): Int }",
        "type A { a(x: [Int]): Int }",
        "breaking ARGUMENT_TYPE_CHANGED A.a(x:)",
    ),
    _case(
        "an argument becomes required",
        "type A { a(x: Int): Int }",
        "type A { a(x: Int!): Int }",
        "breaking ARGUMENT_BECAME_REQUIRED A.a(x:)",
    ),
    _case(
        "an argument becomes optional",
        "type A { a(x: Int!): Int }",
        "type A { a(x: Int): Int }",
        "safe ARGUMENT_BECAME_OPTIONAL A.a(x:)",
    ),
    _case(
        "an argument takes no null",
        "type A { a(x: Int = 1): Int }",
        "type A { a(x: Int! = 1): Int }",
        "breaking ARGUMENT_BECAME_NON_NULL A.a(x:)",
    ),
    _case(
        "an argument takes null",
        "type A { a(x: Int! = 1): Int }",
        "type A { a(x: Int = 1): Int }",
        "safe ARGUMENT_BECAME_NULLABLE A.a(x:)",
    ),
    _case(
        "elements take no null",
        "type A { a(x: [Int]): Int }",
        "type A { a(x: [Int!]): Int }",
        "breaking ARGUMENT_BECAME_NON_NULL A.a(x:)",
    ),
    _case(
        "elements take null",
        "type A { a(x: [Int!]!): Int }",
        "type A { a(x: [Int]!): Int }",
        "safe ARGUMENT_BECAME_NULLABLE A.a(x:)",
    ),
    _case(
        "a list may be left out, its elements must not be null",
        "type A { a(x: [Int]!): Int }",
        "type A { a(x: [Int!]): Int }",
        "breaking ARGUMENT_BECAME_NON_NULL A.a(x:)",
    ),
    _case(
        "a default comes",
        "type A { a(x: Int): Int }",
        "type A { a(x: Int = 1): Int }",
        "dangerous ARGUMENT_DEFAULT_ADDED A.a(x:)",
    ),
    _case(
        "a required argument gets a default",
        "type A { a(x: Int!): Int }",
        "type A { a(x: Int! = 1): Int }",
        "safe ARGUMENT_BECAME_OPTIONAL A.a(x:)",
    ),
    _case(
        "a default goes",
        "type A { a(x: Int = 1): Int }",
        "type A { a(x: Int): Int }",
        "dangerous ARGUMENT_DEFAULT_REMOVED A.a(x:)",
    ),
    _case(
        "a default goes that was needed",
        "type A { a(x: Int! = 1): Int }",
        "type A { a(x: Int!): Int }",
        "breaking ARGUMENT_BECAME_REQUIRED A.a(x:)",
    ),
    _case(
        "a default goes, and null",
        "type A { a(x: Int = 1): Int }",
        "type A { a(x: Int!): Int }",
        "breaking ARGUMENT_BECAME_REQUIRED A.a(x:)",
    ),
    _case(
        "another default",
        "type A { a(x: Int = 1): Int }",
        "type A { a(x: Int = 2): Int }",
        "dangerous ARGUMENT_DEFAULT_CHANGED A.a(x:)",
    ),
    _case(
        "null by default",
        "type A { a(x: Int = 1): Int }",
        "type A { a(x: Int = null): Int }",
        "dangerous ARGUMENT_DEFAULT_CHANGED A.a(x:)",
    ),
    _case(
        "another object by default",
        "input I { p: Int q: Int } type A { a(x: I = {p: 1, q: 2}): Int }",
        "input I { p: Int q: Int } type A { a(x: I = {p: 1, q: 3}): Int }",
        "dangerous ARGUMENT_DEFAULT_CHANGED A.a(x:)",
    ),
    _case(
        "the same object in another order",
        "input I { p: Int q: Int } type A { a(x: I = {p: 1, q: 2}): Int }",
        "input I { p: Int q: Int } type A { a(x: I = {q: 2, p: 1}): Int }",
    ),
    _case("the same list in other words", "type A { a(x: [Int] = 1): Int }", "type A { a(x: [Int] = [1]): Int }"),
    _case(
        "the same text in other words", 'type A { a(x: String = "p"): Int }', 'type A { a(x: String = """p"""): Int }'
    ),
    _case(
        "another word of an enum by default",
        "enum E { P Q } type A { a(x: E = P): Int }",
        "enum E { P Q } type A { a(x: E = Q): Int }",
        "dangerous ARGUMENT_DEFAULT_CHANGED A.a(x:)",
    ),
    _case(
        "another type and another default",
        "type A { a(x: Int = 1): Int }",
        'type A { a(x: ID = "1"): Int }',
        "breaking ARGUMENT_TYPE_CHANGED A.a(x:)",
        "dangerous ARGUMENT_DEFAULT_CHANGED A.a(x:)",
    ),
)

INPUTS = (
    _case(
        "an optional input field comes",
        "input I { a: Int }",
        "input I { a: Int b: Int }",
        "dangerous INPUT_FIELD_ADDED I.b",
    ),
    _case(
        "an input field with a default comes",
        "input I { a: Int }",
        "input I { a: Int b: Int! = 1 }",
        "dangerous INPUT_FIELD_ADDED I.b",
    ),
    _case(
        "a required input field comes",
        "input I { a: Int }",
        "input I { a: Int b: Int! }",
        "breaking REQUIRED_INPUT_FIELD_ADDED I.b",
    ),
    _case("an input field goes", "input I { a: Int b: Int }", "input I { a: Int }", "breaking INPUT_FIELD_REMOVED I.b"),
    _case(
        "an input field of another type",
        "input I { a: Int }",
        "input I { a: Float }",
        "breaking INPUT_FIELD_TYPE_CHANGED I.a",
    ),
    _case(
        "an input field becomes required",
        "input I { a: Int }",
        "input I { a: Int! }",
        "breaking INPUT_FIELD_BECAME_REQUIRED I.a",
    ),
    _case(
        "an input field becomes optional",
        "input I { a: Int! }",
        "input I { a: Int }",
        "safe INPUT_FIELD_BECAME_OPTIONAL I.a",
    ),
    _case(
        "elements of an input field take no null",
        "input I { a: [Int] }",
        "input I { a: [Int!] }",
        "breaking INPUT_FIELD_BECAME_NON_NULL I.a",
    ),
    _case(
        "elements of an input field take null",
        "input I { a: [Int!] }",
        "input I { a: [Int] }",
        "safe INPUT_FIELD_BECAME_NULLABLE I.a",
    ),
    _case(
        "an input field gets a default",
        "input I { a: Int }",
        "input I { a: Int = 1 }",
        "dangerous INPUT_FIELD_DEFAULT_ADDED I.a",
    ),
    _case(
        "an input field has another default",
        "input I { a: Int = 1 }",
        "input I { a: Int = 2 }",
        "dangerous INPUT_FIELD_DEFAULT_CHANGED I.a",
    ),
    _case(
        "an input field loses its default",
        "input I { a: Int = 1 }",
        "input I { a: Int }",
        "dangerous INPUT_FIELD_DEFAULT_REMOVED I.a",
    ),
    _case(
        "an input field loses the default that it needs",
        "input I { a: Int! = 1 }",
        "input I { a: Int! }",
        "breaking INPUT_FIELD_BECAME_REQUIRED I.a",
    ),
    _case(
        "an input becomes oneOf",
        "input I { a: Int b: Int }",
        "input I @oneOf { a: Int b: Int }",
        "breaking ONE_OF_ADDED I",
    ),
    _case(
        "an input is oneOf no more",
        "input I @oneOf { a: Int b: Int }",
        "input I { a: Int b: Int }",
        "safe ONE_OF_REMOVED I",
    ),
)

VALUES = (
    _case(
        "an output gets a value",
        "enum E { X } type A { e: E }",
        "enum E { X Y } type A { e: E }",
        "dangerous ENUM_VALUE_ADDED E.Y",
    ),
    _case(
        "an input gets a value",
        "enum E { X } type A { a(e: E): Int }",
        "enum E { X Y } type A { a(e: E): Int }",
        "safe ENUM_VALUE_ADDED_TO_INPUT E.Y",
    ),
    _case(
        "a nested input gets a value",
        "enum E { X } input I { e: [E!]! }",
        "enum E { X Y } input I { e: [E!]! }",
        "safe ENUM_VALUE_ADDED_TO_INPUT E.Y",
    ),
    _case(
        "both get a value",
        "enum E { X } type A { a(e: E): E }",
        "enum E { X Y } type A { a(e: E): E }",
        "dangerous ENUM_VALUE_ADDED E.Y",
    ),
    _case(
        "an input gets a value and becomes an output",
        "enum E { X } type A { a(e: E): Int }",
        "enum E { X Y } type A { a(e: E): Int b: E }",
        "safe ENUM_VALUE_ADDED_TO_INPUT E.Y",
        "safe FIELD_ADDED A.b",
    ),
    _case(
        "an output loses a value",
        "enum E { X Y } type A { e: E }",
        "enum E { X } type A { e: E }",
        "breaking ENUM_VALUE_REMOVED E.Y",
    ),
    _case(
        "an input loses a value",
        "enum E { X Y } input I { e: E }",
        "enum E { X } input I { e: E }",
        "breaking ENUM_VALUE_REMOVED E.Y",
    ),
    _case(
        "a value is renamed",
        "enum E { X Y }",
        "enum E { X Z }",
        "breaking ENUM_VALUE_REMOVED E.Y",
        "dangerous ENUM_VALUE_ADDED E.Z",
    ),
    _case(
        "a scalar says its form",
        "scalar S",
        'scalar S @specifiedBy(url: "https://a.example")',
        "safe SPECIFIED_BY_ADDED S",
    ),
    _case(
        "a scalar has another form",
        'scalar S @specifiedBy(url: "https://a.example")',
        'scalar S @specifiedBy(url: "https://b.example")',
        "dangerous SPECIFIED_BY_CHANGED S",
    ),
    _case(
        "a scalar hides its form",
        'scalar S @specifiedBy(url: "https://a.example")',
        "scalar S",
        "dangerous SPECIFIED_BY_REMOVED S",
    ),
)

GROUPS = (
    _case(
        "a union gets a type",
        "type P { a: Int } type Q { a: Int } union U = P",
        "type P { a: Int } type Q { a: Int } union U = P | Q",
        "dangerous UNION_MEMBER_ADDED U",
    ),
    _case(
        "a union loses a type",
        "type P { a: Int } type Q { a: Int } union U = P | Q",
        "type P { a: Int } type Q { a: Int } union U = P",
        "breaking UNION_MEMBER_REMOVED U",
    ),
    _case(
        "a union gets a type that is new",
        "type P { a: Int } union U = P",
        "type P { a: Int } type Q { a: Int } union U = P | Q",
        "dangerous UNION_MEMBER_ADDED U",
        "safe TYPE_ADDED Q",
    ),
    _case(
        "an object implements",
        "interface N { a: Int } type A { a: Int }",
        "interface N { a: Int } type A implements N { a: Int }",
        "dangerous INTERFACE_ADDED A",
    ),
    _case(
        "an object implements no more",
        "interface N { a: Int } type A implements N { a: Int }",
        "interface N { a: Int } type A { a: Int }",
        "breaking INTERFACE_REMOVED A",
    ),
    _case(
        "an object implements what is new",
        "type A { a: Int }",
        "interface N { a: Int } type A implements N { a: Int }",
        "safe TYPE_ADDED N",
        "safe NEW_INTERFACE_ADDED A",
    ),
    _case(
        "an interface implements",
        "interface N { a: Int } interface A { a: Int }",
        "interface N { a: Int } interface A implements N { a: Int }",
        "dangerous INTERFACE_ADDED A",
    ),
    _case(
        "an interface implements no more",
        "interface N { a: Int } interface A implements N { a: Int }",
        "interface N { a: Int } interface A { a: Int }",
        "breaking INTERFACE_REMOVED A",
    ),
)

DIRECTIVES = (
    _case("a directive comes", "", "directive @d on FIELD", "safe DIRECTIVE_ADDED @d"),
    _case("a directive goes", "directive @d on FIELD", "", "breaking DIRECTIVE_REMOVED @d"),
    _case(
        "a location comes", "directive @d on FIELD", "directive @d on FIELD | QUERY", "safe DIRECTIVE_LOCATION_ADDED @d"
    ),
    _case(
        "a location goes",
        "directive @d on FIELD | QUERY",
        "directive @d on FIELD",
        "breaking DIRECTIVE_LOCATION_REMOVED @d",
    ),
    _case(
        "a location in schemas goes",
        "directive @d on OBJECT | ENUM",
        "directive @d on OBJECT",
        "breaking DIRECTIVE_LOCATION_REMOVED @d",
    ),
    _case(
        "a directive may be repeated",
        "directive @d on FIELD",
        "directive @d repeatable on FIELD",
        "safe DIRECTIVE_BECAME_REPEATABLE @d",
    ),
    _case(
        "a directive may not be repeated",
        "directive @d repeatable on FIELD",
        "directive @d on FIELD",
        "breaking DIRECTIVE_BECAME_UNREPEATABLE @d",
    ),
    _case(
        "an argument of a directive comes",
        "directive @d on FIELD",
        "directive @d(x: Int) on FIELD",
        "safe DIRECTIVE_ARGUMENT_ADDED @d(x:)",
    ),
    _case(
        "a required argument of a directive comes",
        "directive @d on FIELD",
        "directive @d(x: Int!) on FIELD",
        "breaking REQUIRED_DIRECTIVE_ARGUMENT_ADDED @d(x:)",
    ),
    _case(
        "an argument of a directive goes",
        "directive @d(x: Int) on FIELD",
        "directive @d on FIELD",
        "breaking DIRECTIVE_ARGUMENT_REMOVED @d(x:)",
    ),
    _case(
        "an argument of a directive has another type",
        "directive @d(x: Int) on FIELD",
        "directive @d(x: String) on FIELD",
        "breaking DIRECTIVE_ARGUMENT_TYPE_CHANGED @d(x:)",
    ),
    _case(
        "an argument of a directive becomes required",
        "directive @d(x: Int) on FIELD",
        "directive @d(x: Int!) on FIELD",
        "breaking DIRECTIVE_ARGUMENT_BECAME_REQUIRED @d(x:)",
    ),
    _case(
        "an argument of a directive becomes optional",
        "directive @d(x: Int!) on FIELD",
        "directive @d(x: Int) on FIELD",
        "safe DIRECTIVE_ARGUMENT_BECAME_OPTIONAL @d(x:)",
    ),
    _case(
        "elements for a directive take no null",
        "directive @d(x: [Int]) on FIELD",
        "directive @d(x: [Int!]) on FIELD",
        "breaking DIRECTIVE_ARGUMENT_BECAME_NON_NULL @d(x:)",
    ),
    _case(
        "elements for a directive take null",
        "directive @d(x: [Int!]) on FIELD",
        "directive @d(x: [Int]) on FIELD",
        "safe DIRECTIVE_ARGUMENT_BECAME_NULLABLE @d(x:)",
    ),
    _case(
        "an argument of a directive gets a default",
        "directive @d(x: Int) on FIELD",
        "directive @d(x: Int = 1) on FIELD",
        "dangerous DIRECTIVE_ARGUMENT_DEFAULT_ADDED @d(x:)",
    ),
    _case(
        "an argument of a directive has another default",
        "directive @d(x: Int = 1) on FIELD",
        "directive @d(x: Int = 2) on FIELD",
        "dangerous DIRECTIVE_ARGUMENT_DEFAULT_CHANGED @d(x:)",
    ),
    _case(
        "an argument of a directive loses its default",
        "directive @d(x: Int = 1) on FIELD",
        "directive @d(x: Int) on FIELD",
        "dangerous DIRECTIVE_ARGUMENT_DEFAULT_REMOVED @d(x:)",
    ),
    _case(
        "a directive is applied",
        "directive @d on OBJECT type A { a: Int }",
        "directive @d on OBJECT type A @d { a: Int }",
        "safe APPLIED_DIRECTIVE_ADDED A",
    ),
    _case(
        "a directive is applied no more",
        "directive @d on FIELD_DEFINITION type A { a: Int @d }",
        "directive @d on FIELD_DEFINITION type A { a: Int }",
        "dangerous APPLIED_DIRECTIVE_REMOVED A.a",
    ),
    _case(
        "a directive is applied otherwise",
        "directive @d(x: Int) on ENUM_VALUE enum E { X @d(x: 1) }",
        "directive @d(x: Int) on ENUM_VALUE enum E { X @d(x: 2) }",
        "dangerous APPLIED_DIRECTIVE_CHANGED E.X",
    ),
    _case(
        "a directive is applied with the same in another order",
        "directive @d(x: Int, y: Int) on OBJECT type A @d(x: 1, y: 2) { a: Int }",
        "directive @d(x: Int, y: Int) on OBJECT type A @d(y: 2, x: 1) { a: Int }",
    ),
    _case(
        "a null means an error",
        "{SEMANTIC} type A { a: Int }",
        "{SEMANTIC} type A { a: Int @semanticNonNull }",
        "safe SEMANTIC_NON_NULL_ADDED A.a",
    ),
    _case(
        "a null means nothing any more",
        "{SEMANTIC} type A { a: [Int] @semanticNonNull(levels: [0, 1]) }",
        "{SEMANTIC} type A { a: [Int] @semanticNonNull }",
        "breaking SEMANTIC_NON_NULL_REMOVED A.a",
    ),
    _case(
        "a null cannot be any more",
        "{SEMANTIC} type A { a: Int @semanticNonNull }",
        "{SEMANTIC} type A { a: Int! }",
        "safe FIELD_BECAME_NON_NULL A.a",
    ),
)
SEMANTIC = "directive @semanticNonNull(levels: [Int] = [0]) on FIELD_DEFINITION"

PAST, TODAY_TEXT, FUTURE = "Goes on 2026-11-29.", "Goes on 2026-11-30.", "Goes on 2026-12-01."


def _removal(name: str, reason: str, verdict: str) -> Case:
    old = f'type A {{ a: Int b: Int @deprecated(reason: "{reason}") }}'
    return _case(name, old, "type A { a: Int }", f"{verdict} FIELD_REMOVED A.b")


DEPARTURES = (
    _removal("its day is past", f"Use a. {PAST}", "dangerous"),
    _removal("its day is today", TODAY_TEXT, "dangerous"),
    _removal("its day is to come", FUTURE, "breaking"),
    _removal("it has no day", "Use a.", "breaking"),
    _removal("it has a day that is none", "Goes on 2026-02-30.", "breaking"),
    _removal("its day stands alone", "Away after 2026-01-01", "dangerous"),
    _removal("the latest of several days counts", "Since 2025-01-01, until 2027-01-01", "breaking"),
    _removal("the day on which it goes counts", "Goes on 2026-01-01. See the note of 2027-01-01.", "dangerous"),
    _case(
        "deprecated and gone without a reason",
        "type A { a: Int b: Int @deprecated }",
        "type A { a: Int }",
        "breaking FIELD_REMOVED A.b",
    ),
    _case(
        "an argument on its day",
        f'type A {{ a(x: Int @deprecated(reason: "{PAST}")): Int }}',
        "type A { a: Int }",
        "dangerous ARGUMENT_REMOVED A.a(x:)",
    ),
    _case(
        "an input field on its day",
        f'input I {{ a: Int b: Int @deprecated(reason: "{PAST}") }}',
        "input I { a: Int }",
        "dangerous INPUT_FIELD_REMOVED I.b",
    ),
    _case(
        "an enum value on its day",
        f'enum E {{ X Y @deprecated(reason: "{PAST}") }}',
        "enum E { X }",
        "dangerous ENUM_VALUE_REMOVED E.Y",
    ),
    _case(
        "a type with the last field that leads to it",
        f'type Query {{ ok: Int a: A @deprecated(reason: "{PAST}") }} type A {{ a: A b: B }} type B {{ c: Int }}',
        "type Query { ok: Int }",
        "dangerous TYPE_REMOVED A",
        "dangerous TYPE_REMOVED B",
        "dangerous FIELD_REMOVED Query.a",
    ),
    _case(
        "an input with the last argument that takes it",
        f'type A {{ a(x: I @deprecated(reason: "{PAST}")): Int }} input I {{ a: Int }}',
        "type A { a: Int }",
        "dangerous ARGUMENT_REMOVED A.a(x:)",
        "dangerous TYPE_REMOVED I",
    ),
    _case(
        "a type while a field leads to it",
        f'type Query {{ ok: B a: A @deprecated(reason: "{PAST}") b: A }} type A {{ a: Int }} type B {{ a: Int }}',
        "type Query { ok: B b: B } type B { a: Int }",
        "breaking TYPE_REMOVED A",
        "dangerous FIELD_REMOVED Query.a",
        "breaking FIELD_TYPE_CHANGED Query.b",
    ),
    _case(
        "a type while a union has it",
        f'type A {{ u: U a: P @deprecated(reason: "{PAST}") }} type P {{ a: Int }} type Q {{ a: Int }} union U = P | Q',
        "type A { u: U } type Q { a: Int } union U = Q",
        "breaking TYPE_REMOVED P",
        "dangerous FIELD_REMOVED A.a",
        "breaking UNION_MEMBER_REMOVED U",
    ),
    _case("a field is deprecated", "type A { a: Int }", "type A { a: Int @deprecated }", "safe DEPRECATION_ADDED A.a"),
    _case(
        "a field is deprecated no more",
        "type A { a: Int @deprecated }",
        "type A { a: Int }",
        "safe DEPRECATION_REMOVED A.a",
    ),
    _case(
        "another reason",
        'type A { a: Int @deprecated(reason: "p") }',
        'type A { a: Int @deprecated(reason: "q") }',
        "safe DEPRECATION_REASON_CHANGED A.a",
    ),
    _case(
        "a later day",
        f'enum E {{ X @deprecated(reason: "{PAST}") }}',
        f'enum E {{ X @deprecated(reason: "{FUTURE}") }}',
        "safe DEPRECATION_REASON_CHANGED E.X",
    ),
    _case(
        "an earlier day",
        f'input I {{ a: Int @deprecated(reason: "{FUTURE}") }}',
        f'input I {{ a: Int @deprecated(reason: "{PAST}") }}',
        "dangerous DEPRECATION_BROUGHT_FORWARD I.a",
    ),
)

DESCRIPTIONS = (
    _case("a type is described", "type A { a: Int }", '"A." type A { a: Int }', "safe DESCRIPTION_ADDED A"),
    _case(
        "a field is described otherwise",
        'type A { "p" a: Int }',
        'type A { "q" a: Int }',
        "safe DESCRIPTION_CHANGED A.a",
    ),
    _case(
        "an argument loses its description",
        'type A { a("p" x: Int): Int }',
        "type A { a(x: Int): Int }",
        "safe DESCRIPTION_REMOVED A.a(x:)",
    ),
    _case("a value loses its description", 'enum E { "p" X }', "enum E { X }", "safe DESCRIPTION_REMOVED E.X"),
    _case(
        "a directive loses its description",
        '"p" directive @d on FIELD',
        "directive @d on FIELD",
        "safe DESCRIPTION_REMOVED @d",
    ),
    _case(
        "the schema loses its description",
        '"p" schema { query: Query } type Query { ok: Int }',
        "schema { query: Query } type Query { ok: Int }",
        "safe DESCRIPTION_REMOVED schema",
    ),
    _case("the same description in another form", '"p" type A { a: Int }', '"""p""" type A { a: Int }'),
)

CASES = (
    *(*TYPES, *FIELDS, *ARGUMENTS, *INPUTS, *VALUES, *GROUPS),
    *(
        it._replace(old=it.old.replace("{SEMANTIC}", SEMANTIC), new=it.new.replace("{SEMANTIC}", SEMANTIC))
        for it in DIRECTIVES
    ),
    *(*DEPARTURES, *DESCRIPTIONS),
)
