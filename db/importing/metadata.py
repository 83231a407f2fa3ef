"""What front matter says, key by key: checked for type and length, put into one form.

Parsed front matter enters, `Metadata` leaves; or `Refused`, with every fault, its line and its cure. Keys that are not
listed here are somebody else's and are left alone. Limits are those of the columns.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from sqlalchemy.orm import QueryableAttribute

from db.characters import check_line
from db.importing.front_matter import FrontMatter
from db.importing.naming import on_one_line, tidy
from db.importing.refusal import Fault, Refused
from db.models import Post, Tag, User
from db.moments import stored_moment

YEAR = re.compile(r"[0-9]{4}")


def length_of(attribute: QueryableAttribute[Any]) -> int:
    """How many characters a column holds."""
    return int(attribute.type.length)


def storable(text: str) -> str:
    """Text that both databases can keep, unchanged. Raises `PydanticCustomError` for any other."""
    if "\0" in text:
        raise PydanticCustomError("refused", "holds a NUL character", {"cure": "take it out"})
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("refused", "is not valid Unicode", {"cure": "write it as UTF-8"}) from None
    return text


def _person(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


TRUE, FALSE = frozenset({"true", "yes", "on", "y", "1"}), frozenset({"false", "no", "off", "n", "0"})
"""The words of YAML 1.1 and 1.2, in any case, and the numbers; quotes make no difference to people.
Sources: https://yaml.org/type/bool.html, https://yaml.org/spec/1.2.2/#10212-boolean"""


def _truth(value: Any) -> bool:
    """Whether something is so, however that is written. What is no such word may mean anything, and is refused."""
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise PydanticCustomError("refused", "is neither true nor false", {"cure": "write true or false"})


def _moment(value: Any) -> datetime | None:
    """A date or a moment, in UTC; without a zone it is taken as UTC."""
    try:
        if isinstance(value, str):
            value = stored_moment(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    if value is None:
        return None
    raise PydanticCustomError(
        "refused", "is not a date", {"cure": "write it as 2026-01-31, or 2026-01-31T09:00:00Z for the moment"}
    )


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise PydanticCustomError("refused", "is not an e-mail address", {"cure": "write it as name@example.org"})
    return text.lower()


def _line(limit: int, form: Callable[[str], str] = str.strip) -> AfterValidator:
    """Text in a form, not empty, that fits its column."""

    def check(text: str) -> str:
        formed = form(storable(text))
        if not formed:
            raise PydanticCustomError("refused", "is empty", {"cure": "fill it in, or leave it out"})
        return _fitting(_readable(formed), limit)

    return AfterValidator(check)


def _readable(line: str) -> str:
    """A line that everybody may be shown, by the rule of names that come through the API."""
    try:
        return check_line(line)
    except ValueError as error:
        reason, _, cure = str(error).rpartition("; ")
        raise PydanticCustomError("refused", "cannot be shown: {reason}", {"reason": reason, "cure": cure}) from None


def _fitting(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    reason = "has {length} characters, the limit is {limit}"
    raise PydanticCustomError("refused", reason, {"length": len(text), "limit": limit, "cure": "shorten it"})


Text = Annotated[str, AfterValidator(storable)]
Title = Annotated[str, _line(length_of(Post.title), on_one_line)]
Summary = Annotated[str, AfterValidator(lambda text: _fitting(storable(text).strip(), length_of(Post.summary)))]
Name = Annotated[str, _line(length_of(User.name), tidy)]
Email = Annotated[str, _line(length_of(User.email)), AfterValidator(_email)]
Truth = Annotated[bool, BeforeValidator(_truth)]
TagText = Annotated[str, _line(length_of(Tag.name), tidy)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class Person(_Strict):
    """An author as front matter gives one: a name, or a mapping with the name and the e-mail address."""

    name: Name
    email: Email | None = None


People = Annotated[list[Annotated[Person, BeforeValidator(_person)]], BeforeValidator(_listed)]


class Taxonomies(_Strict):
    """Zola's place for tags."""

    tags: list[TagText] = []
    categories: list[TagText] = []


class Extra(_Strict):
    """What the Rust blog adds."""

    team: TagText | None = None
    release: Truth = False


class Metadata(_Strict):
    """The keys that mean something to Trellis."""

    title: Title
    path: Text | None = None
    slug: Text | None = None
    moment: Annotated[datetime | None, BeforeValidator(_moment)] = Field(None, alias="date")
    author: People = []
    authors: People = []
    description: Summary | None = Field(None, validation_alias=AliasChoices("description", "summary"))
    tags: list[TagText] = []
    categories: list[TagText] = []
    taxonomies: Taxonomies = Taxonomies()
    extra: Extra = Extra()
    draft: Truth = False
    published: Truth | None = None

    @property
    def tag_names(self) -> Iterable[str]:
        """Every tag that the keys ask for, in order."""
        section, _, rest = (self.path or "").strip("/").partition("/")
        if rest and not YEAR.fullmatch(section):
            yield section
        if self.extra.team is not None:
            yield self.extra.team
        if self.extra.release:
            yield "release"
        yield from (*self.tags, *self.categories, *self.taxonomies.tags, *self.taxonomies.categories)


def metadata_of(source: FrontMatter) -> Metadata:
    """Check what a file's front matter says. Raises `Refused` with every fault."""
    try:
        return Metadata.model_validate(_given(source.metadata))
    except ValidationError as error:
        raise Refused(*(_fault(details, source) for details in error.errors(include_url=False))) from None


def person_named(name: str) -> Person:
    """Somebody of whom only the name is known. Raises `ValueError` when it does not fit."""
    try:
        return Person(name=name)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise ValueError(f"The name {name[:20]!r} {details['msg']}; {details['ctx']['cure']}.") from None


def _given(metadata: dict[Any, Any], levels: int = 2) -> dict[str, Any]:
    """Without the keys that YAML leaves empty: `tags:` says nothing. No key of ours lies deeper than two levels."""
    return {
        str(key): _given(value, levels - 1) if isinstance(value, dict) and levels > 1 else value
        for key, value in metadata.items()
        if value is not None
    }


def _fault(details: ErrorDetails, source: FrontMatter) -> Fault:
    keys = [part for part in details["loc"] if isinstance(part, str)]
    key, context = f"`{'.'.join(keys)}`", details.get("ctx", {})
    line = max((source.line_of(part) for part in keys), default=1)
    match details["type"]:
        case "missing":
            return Fault(f"{key} is missing", "add it to the front matter", line)
        case "string_type":
            return Fault(f"{key} is not text", "put it in quotes", line)
        case "list_type":
            return Fault(f"{key} is not a list", "write it as [first, second]", line)
        case "model_type" | "model_attributes_type" | "dict_type":
            shape = "neither a name nor a mapping with name and email" if "author" in keys[0] else "not a mapping"
            return Fault(f"{key} is {shape}", "write it so", line)
        case "refused":
            return Fault(f"{key} {details['msg']}", str(context["cure"]), line)
    return Fault(f"{key} is refused: {details['msg']}", "correct it", line)
