"""Names: from a database to Python to GraphQL.

A name of a database enters, its words leave (`words`); attributes, classes and members of enumerations are made of
words. Every name is valid in Python and in GraphQL. `Names` gives each name once in its scope. The words of English
that are one and many are in `db.reflection.plurals`.

Sources: https://spec.graphql.org/September2025/#sec-Names, https://docs.python.org/3/reference/lexical_analysis.html
"""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*")
_WORD = re.compile(r"[A-Za-z0-9]+")

LATIN = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ħ": "h",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ŋ": "n",
}  # fmt: skip
"""Letters of Latin that are no letter with a mark."""

ID = "id"
ROW_ID = "row_id"
"""What a column `id` is called where it is not the whole key: `id` is the global id of every row."""

OF_MODELS = frozenset(
    {"awaitable_attrs", "is_type_of", "metadata", "registry", "resolve_type", "self", "type_annotation_map"}
)
"""What declarative classes of SQLAlchemy and types of Strawberry have for themselves."""
OF_ANNOTATIONS = frozenset({"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"})
"""Types that annotations of a class name: an attribute of that name would stand before them."""
OF_FILTERS = frozenset({"compare_columns"})
"""What filters have besides columns; the rest of that are words of Python."""
RESERVED_ATTRIBUTES = frozenset(keyword.kwlist) | OF_MODELS | OF_ANNOTATIONS | OF_FILTERS | {ID}

RESERVED_CLASSES = frozenset(
    {
        *(name for name in (*vars(builtins), *keyword.kwlist) if name[:1].isupper()),
        *("Any", "Base", "CheckConstraint", "Column", "Computed", "Connection", "Enum", "ForeignKey"),
        *("ForeignKeyConstraint", "Identity", "Index", "Mapped", "MetaData", "PrimaryKeyConstraint", "StrEnum"),
        *("Table", "UniqueConstraint"),
        *(
            "Query",
            "Mutation",
            "Subscription",
            "Node",
            "Nodes",
            "Search",
            "Viewer",
            "PageInfo",
            "ColumnOperator",
            "GroupKeySort",
            "JSONPart",
            "MomentPart",
            "NumberPart",
            "TimeUnit",
            "OnError",
            "JSONSort",
            "RandomSort",
            "SortDirection",
            "TextSort",
        ),
        *("Boolean", "Float", "ID", "Int", "String"),
        *("BigInt", "Date", "DateTime", "Decimal", "JSON", "LocalDateTime", "Time", "UUID"),
        *(
            "Base64",
            "BitString",
            "DatabaseText",
            "Duration",
            "IDList",
            "InternetAddress",
            "KeyValue",
            "KeyValues",
            "LabelPath",
            "LogPosition",
        ),
        *("MacAddress", "NetworkAddress", "OffsetPageInfo", "OffsetTime", "SearchVector", "TransactionNumber", "Xml"),
        *("BigIntRange", "DateRange", "DateTimeRange", "DecimalRange", "IntRange", "LocalDateTimeRange"),
        *("GeometricBox", "GeometricCircle", "GeometricLine", "GeometricPath", "GeometricPoint", "GeometricPolygon"),
        *("GeometricSegment", "BoundingBox", "Geography", "GeographyNear", "GeographySort", "Geometry"),
        *("GeometryNear", "GeometrySort", "SparseVector", "SparseVectorDistance", "SparseVectorNear"),
        *("SparseVectorSort", "Vector", "VectorDistance", "VectorNear", "VectorSort"),
        *("AlreadyExists", "CurrencyMismatch", "Forbidden", "IdempotencyConflict", "InsufficientFunds"),
        *("InvalidInput", "InvalidState", "NotFound", "NotSignedIn", "SignInFailed", "StillReferenced"),
        *("TooManyAttempts", "UserError", "UserErrorCode", "VersionConflict"),
    }
)
"""Classes of Python, of generated modules, and types that every schema has."""

OF_VALUES = ("Filter", "Input", "ListFilter")
"""What the types that are made of a type of values add to its name: `IntFilter`. Those that are made of a class step
aside for other classes."""
OF_MUTATIONS = re.compile(r"(?:Create|Delete|Import|Update|Upsert).*(?:Error|Input|Payload|Row)")
"""The types of mutations."""
RESERVED_ROOTS = frozenset({"node", "nodes", "search", "viewer"})


def words(name: str) -> list[str]:
    """`BillingCountry` → billing, country; `USER_NAME` → user, name; `naïve` → naive; `%` → percent, sign.

    Letters of other scripts than Latin have no form in GraphQL: a name of nothing else has no words. Signs are spelled
    where there is nothing else.
    """
    latin = "".join(map(_in_ascii, unicodedata.normalize("NFKD", name)))
    return _words(latin) or _words(" ".join(map(_spelled, name)))


def _words(name: str) -> list[str]:
    return [word.lower() for part in _WORD.findall(name) for word in _BOUNDARY.split(part)]


def _spelled(character: str) -> str:
    """A sign by its name in Unicode: `+` → PLUS SIGN."""
    return unicodedata.name(character, "") if unicodedata.category(character)[0] in "PS" and character != "_" else ""


def _in_ascii(character: str) -> str:
    """A letter without its marks; a sign that is none stays, and parts words."""
    if character.isascii():
        return character
    return "" if unicodedata.category(character) == "Mn" else LATIN.get(character, " ")


def camel(name: str) -> str:
    """The GraphQL name of a name in Python: `order_line` → `orderLine`. Strawberry makes the same."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() if part else "_" for part in others)


def snake(parts: Sequence[str], kind: str, place: int) -> str:
    """Words as a name in Python. A digit does not begin one, and no words at all are named after their place."""
    made = "_".join(parts)
    if not made:
        return f"{kind}_{place}"
    return f"{kind}_{made}" if made[0].isdigit() else made


def pascal(name: str) -> str:
    """A name in Python as the name of a class: `order_line` → `OrderLine`."""
    return camel(f"_{name}")


def attribute(name: str, place: int, *, is_id: bool = False) -> str:
    """The attribute of a column, which has a place in its table; `is_id`: of a column that may be called `id`."""
    made = snake(words(name), "column", place)
    if made == ID:
        return ID if is_id else ROW_ID
    return f"{made}_" if made in RESERVED_ATTRIBUTES else made


def member(word: str) -> str:
    """The member of an enumeration: `in progress` → `IN_PROGRESS`, `2xl` → `_2XL`."""
    made = "_".join(words(word)).upper()
    return f"_{made}" if made[:1].isdigit() else made or "EMPTY"


class Names:
    """The names of one scope, each given once, in Python and in GraphQL."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._python = set(taken)
        self._graphql = set(map(camel, taken))

    def is_free(self, name: str) -> bool:
        """Whether nothing has this name."""
        return name not in self._python and camel(name) not in self._graphql

    def give(self, *wanted: str) -> str:
        """The first of some names that is free; else the first with the lowest number that is."""
        name = next(filter(self.is_free, wanted), None) or numbered(wanted[0], self.is_free)
        self._python.add(name)
        self._graphql.add(camel(name))
        return name

    def spelt(self, name: str, said: str | None) -> str:
        """The GraphQL name of a name that was given: letter by letter as a comment says it, `userID`, if that is free.

        In Python, and for a comment in other words, the name's camel case: `author_name` is said of `authorName`.
        """
        is_spelt = said is not None and _CAMEL.fullmatch(said) is not None and "_".join(words(said)) == name
        if said is None or not is_spelt or said in self._graphql:
            return camel(name)
        self._graphql.add(said)
        return said


def numbered(name: str, is_free: Callable[[str], bool]) -> str:
    """A name with the lowest number, from 2, with which it is free."""
    number = 2
    while not is_free(f"{name}_{number}"):
        number += 1
    return f"{name}_{number}"
