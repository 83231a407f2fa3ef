"""The settings, as a page with an entry for each: docs/settings.md. `python -m manual.settings` writes it anew.

Pydantic's fields enter, Markdown leaves. No environment is read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr, create_model
from pydantic.fields import FieldInfo

from db.settings import HOUSE, DatabaseSettings
from graph.schema import DOMAIN
from graph.settings import Settings

FILE = HOUSE / "docs" / "settings.md"
OF_DATABASES: Mapping[str, FieldInfo] = DatabaseSettings.model_fields
OF_THE_EXAMPLE: Mapping[str, FieldInfo] = DOMAIN.settings.model_fields
SETTINGS: Mapping[str, FieldInfo] = Settings.model_fields | DOMAIN.settings.model_fields
SCHEMA: Mapping[str, Any] = create_model("Everything", __base__=(DOMAIN.settings, Settings)).model_json_schema()
PAGE = re.compile(r"docs/([a-z-]+)\.md")
KINDS = {
    "array": "a list, with commas",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
}
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}
DATABASE_URL = "sqlite:///var/trellis.db"
"""The default is a file of the folder in which Trellis lies."""

ABOUT = """# Settings

Environment variables, or lines of `.env` in the folder of a project; the environment wins. A wrong value stops the
server with a sentence that says what is right, and so does a variable that begins with `TRELLIS_` and that nobody
reads. `trellis serve` takes some of them as options, too; the option wins.
"""

EXAMPLE = """## The example

Of the application in this repository; one of your own declares what it needs in its `Domain`.
"""


def page() -> str:
    """All settings, a heading each: those of databases, of the server, and of the example's application."""
    server = [name for name in Settings.model_fields if name not in OF_DATABASES]
    parts = [
        ABOUT,
        "## Databases\n",
        *map(_entry, OF_DATABASES),
        "## The server\n",
        *map(_entry, server),
        EXAMPLE,
        *map(_entry, OF_THE_EXAMPLE),
    ]
    return "\n".join(parts)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TRELLIS_{name.upper()}"


def _entry(name: str) -> str:
    default = _default_of(name)
    kind = "; ".join([", ".join(_kinds(name)), f"default {default}" if default else "no default"])
    told = PAGE.sub(r"[\1](\1.md)", str(SETTINGS[name].description))
    return f"### {variable(name)}\n\n{kind[0].upper()}{kind[1:]}.\n\n{told}\n"


def _default_of(name: str) -> str:
    """A default as people would write it; an empty text for none."""
    if name == "database_url":
        return f"`{DATABASE_URL}`"
    default = SETTINGS[name].default
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    written = ",".join(value) if isinstance(value, tuple) else value
    return "" if written in (None, "") else f"`{written}`"


def _kinds(name: str) -> Iterator[str]:
    """What kind of value it is, and its bounds, as JSON Schema has them."""
    forms = SCHEMA["properties"][name].get("anyOf", [SCHEMA["properties"][name]])
    for form in (_resolved(form) for form in forms if form.get("type") != "null"):
        yield "one of " + ", ".join(f"`{value}`" for value in form["enum"]) if "enum" in form else KINDS[form["type"]]
        yield from (text.format(form[bound]) for bound, text in BOUNDS.items() if bound in form)


def _resolved(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form that a reference leads to, or the form itself."""
    found: Mapping[str, Any] = SCHEMA["$defs"][form["$ref"].rpartition("/")[2]] if "$ref" in form else form
    return found


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
