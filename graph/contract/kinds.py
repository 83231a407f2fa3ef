"""The table of changes: each kind, how critical it is for clients, what is said of it, and whose use it touches.

Nothing is compared here. Verdicts follow graphql-core's `find_schema_changes`, except where
docs/decisions/0023-schema-checks.md says why not. `docs/schema-checks.md` shows the table; a test compares.
"""

from enum import Enum, IntEnum


class Criticality(IntEnum):
    """What a change does to operations and clients that are there already; a larger number is worse."""

    SAFE = 0
    """Every operation means what it meant."""
    DANGEROUS = 1
    """Every operation is still valid, and may be answered in a way that a client does not expect."""
    BREAKING = 2
    """An operation may be refused, or its answer does not fit the types that a client was generated with."""


class Touched(Enum):
    """Whose use of the old schema a change touches."""

    NOBODY = "nobody"
    ITSELF = "who uses it"
    OWNER = "who uses what it belongs to: the field or the directive of an argument, the input of an input field"
    OUTPUTS = "who reads fields of that type"
    VALUE = "who sends the value, or reads fields of its enum"
    TYPE = "who uses a part of that type, or a place where it stands"


SAFE, DANGEROUS, BREAKING = Criticality.SAFE, Criticality.DANGEROUS, Criticality.BREAKING
NOBODY, ITSELF, OWNER = Touched.NOBODY, Touched.ITSELF, Touched.OWNER
OUTPUTS, VALUE, TYPE = Touched.OUTPUTS, Touched.VALUE, Touched.TYPE


class Kind(Enum):
    """Each kind of change: `{at}` is its coordinate, `{old}` and `{new}` are what was there and what is there now."""

    TYPE_ADDED = SAFE, "Type `{at}` was added.", NOBODY
    TYPE_REMOVED = BREAKING, "Type `{at}` was removed.", TYPE
    TYPE_KIND_CHANGED = BREAKING, "Type `{at}` was {old} and is {new} now.", TYPE
    ROOT_TYPE_ADDED = SAFE, "`{at}` answers each {new} now.", NOBODY
    ROOT_TYPE_REMOVED = BREAKING, "`{at}` does not answer each {old} any more.", TYPE
    ROOT_TYPE_CHANGED = BREAKING, "`{at}` answered each {old}, and `{new}` does now.", TYPE

    FIELD_ADDED = SAFE, "Field `{at}` was added.", NOBODY
    FIELD_REMOVED = BREAKING, "Field `{at}` was removed.", ITSELF
    FIELD_TYPE_CHANGED = BREAKING, "Field `{at}` was of type `{old}` and is `{new}` now.", ITSELF
    FIELD_BECAME_NULLABLE = BREAKING, "Field `{at}` may hold nulls that it could not: `{old}` became `{new}`.", ITSELF
    FIELD_BECAME_NON_NULL = SAFE, "Field `{at}` promises more: `{old}` became `{new}`.", NOBODY
    SEMANTIC_NON_NULL_ADDED = SAFE, "Field `{at}` is null only with an error now: `{new}`.", NOBODY
    SEMANTIC_NON_NULL_REMOVED = BREAKING, "Field `{at}` may be null without an error now: it lost `{old}`.", ITSELF

    ARGUMENT_ADDED = DANGEROUS, "Optional argument `{at}` was added.", OWNER
    REQUIRED_ARGUMENT_ADDED = BREAKING, "Argument `{at}` was added, and must be given.", OWNER
    ARGUMENT_REMOVED = BREAKING, "Argument `{at}` was removed.", ITSELF
    ARGUMENT_TYPE_CHANGED = BREAKING, "Argument `{at}` was of type `{old}` and is `{new}` now.", ITSELF
    ARGUMENT_BECAME_REQUIRED = BREAKING, "Argument `{at}` must be given now: `{old}` became `{new}`.", OWNER
    ARGUMENT_BECAME_OPTIONAL = SAFE, "Argument `{at}` may be left out now: `{old}` became `{new}`.", NOBODY
    ARGUMENT_BECAME_NON_NULL = BREAKING, "Argument `{at}` takes no null where it did: `{old}` became `{new}`.", ITSELF
    ARGUMENT_BECAME_NULLABLE = SAFE, "Argument `{at}` takes null where it did not: `{old}` became `{new}`.", NOBODY
    ARGUMENT_DEFAULT_ADDED = DANGEROUS, "Argument `{at}` is `{new}` where it is left out; it had no default.", OWNER
    ARGUMENT_DEFAULT_CHANGED = DANGEROUS, "Argument `{at}` was `{old}` by default and is `{new}` now.", OWNER
    ARGUMENT_DEFAULT_REMOVED = DANGEROUS, "Argument `{at}` was `{old}` by default and has no default now.", OWNER

    INPUT_FIELD_ADDED = DANGEROUS, "Optional input field `{at}` was added.", OWNER
    REQUIRED_INPUT_FIELD_ADDED = BREAKING, "Input field `{at}` was added, and must be given.", OWNER
    INPUT_FIELD_REMOVED = BREAKING, "Input field `{at}` was removed.", ITSELF
    INPUT_FIELD_TYPE_CHANGED = BREAKING, "Input field `{at}` was of type `{old}` and is `{new}` now.", ITSELF
    INPUT_FIELD_BECAME_REQUIRED = BREAKING, "Input field `{at}` must be given now: `{old}` became `{new}`.", OWNER
    INPUT_FIELD_BECAME_OPTIONAL = SAFE, "Input field `{at}` may be left out now: `{old}` became `{new}`.", NOBODY
    INPUT_FIELD_BECAME_NON_NULL = (
        BREAKING,
        "Input field `{at}` takes no null where it did: `{old}` became `{new}`.",
        ITSELF,
    )
    INPUT_FIELD_BECAME_NULLABLE = (
        SAFE,
        "Input field `{at}` takes null where it did not: `{old}` became `{new}`.",
        NOBODY,
    )
    INPUT_FIELD_DEFAULT_ADDED = (
        DANGEROUS,
        "Input field `{at}` is `{new}` where it is left out; it had no default.",
        OWNER,
    )
    INPUT_FIELD_DEFAULT_CHANGED = DANGEROUS, "Input field `{at}` was `{old}` by default and is `{new}` now.", OWNER
    INPUT_FIELD_DEFAULT_REMOVED = DANGEROUS, "Input field `{at}` was `{old}` by default and has no default now.", OWNER
    ONE_OF_ADDED = BREAKING, "Input `{at}` is `@oneOf` now: it takes one field alone, and no null.", TYPE
    ONE_OF_REMOVED = SAFE, "Input `{at}` is not `@oneOf` any more: it takes any of its fields.", NOBODY

    ENUM_VALUE_ADDED = DANGEROUS, "Enum value `{at}` was added, which clients may be answered with.", OUTPUTS
    ENUM_VALUE_ADDED_TO_INPUT = SAFE, "Enum value `{at}` was added, which clients send and never receive.", NOBODY
    ENUM_VALUE_REMOVED = BREAKING, "Enum value `{at}` was removed.", VALUE
    UNION_MEMBER_ADDED = DANGEROUS, "Union `{at}` has `{new}` as well, which clients may be answered with.", OUTPUTS
    UNION_MEMBER_REMOVED = BREAKING, "Union `{at}` has no `{old}` any more.", OUTPUTS
    INTERFACE_ADDED = (
        DANGEROUS,
        "`{at}` implements `{new}` now: who reads that interface may be answered with it.",
        TYPE,
    )
    NEW_INTERFACE_ADDED = SAFE, "`{at}` implements the new interface `{new}`.", NOBODY
    INTERFACE_REMOVED = BREAKING, "`{at}` does not implement `{old}` any more.", TYPE
    SPECIFIED_BY_ADDED = SAFE, "Scalar `{at}` says where its form is written down: {new}.", NOBODY
    SPECIFIED_BY_CHANGED = DANGEROUS, "The form of scalar `{at}` was at {old} and is at {new} now.", TYPE
    SPECIFIED_BY_REMOVED = DANGEROUS, "Scalar `{at}` does not say any more where its form is written down: {old}.", TYPE

    DIRECTIVE_ADDED = SAFE, "Directive `{at}` was added.", NOBODY
    DIRECTIVE_REMOVED = BREAKING, "Directive `{at}` was removed.", ITSELF
    DIRECTIVE_LOCATION_ADDED = SAFE, "Directive `{at}` may stand on {new} as well.", NOBODY
    DIRECTIVE_LOCATION_REMOVED = BREAKING, "Directive `{at}` may not stand on {old} any more.", ITSELF
    DIRECTIVE_BECAME_REPEATABLE = SAFE, "Directive `{at}` may be repeated now.", NOBODY
    DIRECTIVE_BECAME_UNREPEATABLE = BREAKING, "Directive `{at}` may not be repeated any more.", ITSELF
    DIRECTIVE_ARGUMENT_ADDED = SAFE, "Optional argument `{at}` of a directive was added.", NOBODY
    REQUIRED_DIRECTIVE_ARGUMENT_ADDED = BREAKING, "Argument `{at}` of a directive was added, and must be given.", OWNER
    DIRECTIVE_ARGUMENT_REMOVED = BREAKING, "Argument `{at}` of a directive was removed.", ITSELF
    DIRECTIVE_ARGUMENT_TYPE_CHANGED = (
        BREAKING,
        "Argument `{at}` of a directive was of type `{old}` and is `{new}` now.",
        ITSELF,
    )
    DIRECTIVE_ARGUMENT_BECAME_REQUIRED = (
        BREAKING,
        "Argument `{at}` of a directive must be given now: `{old}` became `{new}`.",
        OWNER,
    )
    DIRECTIVE_ARGUMENT_BECAME_OPTIONAL = (
        SAFE,
        "Argument `{at}` of a directive may be left out now: `{old}` became `{new}`.",
        NOBODY,
    )
    DIRECTIVE_ARGUMENT_BECAME_NON_NULL = (
        BREAKING,
        "Argument `{at}` of a directive takes no null where it did: `{old}` became `{new}`.",
        ITSELF,
    )
    DIRECTIVE_ARGUMENT_BECAME_NULLABLE = (
        SAFE,
        "Argument `{at}` of a directive takes null where it did not: `{old}` became `{new}`.",
        NOBODY,
    )
    DIRECTIVE_ARGUMENT_DEFAULT_ADDED = (
        DANGEROUS,
        "Argument `{at}` of a directive is `{new}` where it is left out; it had no default.",
        OWNER,
    )
    DIRECTIVE_ARGUMENT_DEFAULT_CHANGED = (
        DANGEROUS,
        "Argument `{at}` of a directive was `{old}` by default and is `{new}` now.",
        OWNER,
    )
    DIRECTIVE_ARGUMENT_DEFAULT_REMOVED = (
        DANGEROUS,
        "Argument `{at}` of a directive was `{old}` by default and has no default now.",
        OWNER,
    )

    DEPRECATION_ADDED = SAFE, "`{at}` was deprecated: {new}", NOBODY
    DEPRECATION_REMOVED = SAFE, "`{at}` is not deprecated any more.", NOBODY
    DEPRECATION_REASON_CHANGED = SAFE, "`{at}` is deprecated for another reason: {new}", NOBODY
    DEPRECATION_BROUGHT_FORWARD = DANGEROUS, "`{at}` was to go on {old}, and goes on {new} now.", ITSELF
    DESCRIPTION_ADDED = SAFE, "`{at}` is described now.", NOBODY
    DESCRIPTION_CHANGED = SAFE, "`{at}` is described in other words.", NOBODY
    DESCRIPTION_REMOVED = SAFE, "`{at}` lost its description.", NOBODY
    APPLIED_DIRECTIVE_ADDED = SAFE, "`{at}` has `{new}` now.", NOBODY
    APPLIED_DIRECTIVE_CHANGED = DANGEROUS, "`{at}` had `{old}` and has `{new}` now; tools may read it.", ITSELF
    APPLIED_DIRECTIVE_REMOVED = DANGEROUS, "`{at}` has no `{old}` any more; tools may have read it.", ITSELF

    def __init__(self, criticality: Criticality, sentence: str, touched: Touched) -> None:
        self.criticality = criticality
        self.sentence = sentence
        self.touched = touched


class Departure(Enum):
    """How something went that clients used: whether its end was announced, and has come. `{date}` is the day.

    Types have no deprecation; a type goes with the fields, arguments and input fields that lead to it.
    """

    UNANNOUNCED = BREAKING, 'It was not deprecated. Keep it with `@deprecated(reason: "Use … Goes on {date}.")`.'
    UNDATED = BREAKING, "It was deprecated without a day. Keep it, and end the reason with “Goes on {date}.”"
    EARLY = BREAKING, "It goes on {date}. Keep it until then."
    HELD = BREAKING, "Remove it once all that leads to it has gone on its day."
    DUE = DANGEROUS, "Its day, {date}, has come."
    FOLLOWS = DANGEROUS, "All that led to it has gone on its day."

    def __init__(self, criticality: Criticality, sentence: str) -> None:
        self.criticality = criticality
        self.sentence = sentence
