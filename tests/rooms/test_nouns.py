"""Nouns are in rooms of their own: every module is in a room of nouns or of the machinery, which names none of them."""

import tomllib
from pathlib import Path

import pytest

from db.settings import HOUSE as ROOT
from graph import VERSION
from graph.projects.checkout import CONTRACT, Checkout
from graph.projects.imports import is_in, module_of
from tests.rooms.words import words_of

NOUN_ROOMS = Checkout(ROOT).nouns

ROLES = {"admin", "admins", "author", "authors", "editor", "editors"}
THINGS = {"account", "accounts", "demo", "house", "orders", "post", "posts", "tag", "tags", "transfer", "transfers"}
NOUNS = ROLES | THINGS
"""Words that are of our nouns alone. A user, a role, a document and an order are also of servers and of GraphQL."""

OTHERWISE = {
    "db/fast/compiled.py": ("post", "what SQLAlchemy does after it has compiled"),
    "db/care/online/running.py": ("house", "the folder of the project"),
    "db/dialects/mariadb_types.py": ("post", "what SQLAlchemy writes behind a table"),
    "db/dialects/mariadb_writes.py": ("post", "what SQLAlchemy does after it has run a statement"),
    "db/revisions.py": ("house", "the folder of the project"),
    "db/settings.py": ("house", "the folder of the project"),
    "graph/auth/cross_site.py": ("post", "the method of HTTP"),
    "graph/auth/key_file.py": ("house", "the folder of the project"),
    "graph/checkup/contradictions.py": ("admins", "what people write into the environment"),
    "graph/cli/__init__.py": ("house", "an application with nouns of its own"),
    "graph/cli/actions/doctor.py": ("house", "the folder of the project"),
    "graph/cli/actions/init.py": ("house", "the folder of the project"),
    "graph/cli/actions/next_step.py": ("house", "the folder of the project; an application with nouns of its own"),
    "graph/cli/actions/schema.py": ("house", "the folder of the project"),
    "graph/endpoint.py": ("post", "the method of HTTP"),
    "graph/export/endpoint.py": ("post", "the method of HTTP"),
    "graph/entity/types.py": ("editor", "a host name, rfc-editor.org"),
    "graph/outside/webhook.py": ("post posts", "the method of HTTP"),
    "graph/projects/checkout.py": ("demo house", "a page; the folder that a project is made of"),
    "graph/projects/empty.py": ("authors house", "a line of pyproject.toml; the folder that a project is made of"),
    "graph/projects/found.py": ("admins", "who may send mutations, in the README of a project"),
    "graph/projects/mutations.py": (
        "account admins author",
        "columns that tell whose a row is; the right of new changes",
    ),
    "graph/projects/tree_found/tests/application/test_changes.py": ("admin", "the role of a new project"),
    "graph/projects/tree_found/tests/application/conftest.py": ("admin house", "the role of a new project; the folder"),
    "graph/projects/nouns.py": ("admins", "the policy of a new project"),
    "graph/projects/tree/graph/mutations/rights.py": ("admin admins", "the role of a new project"),
    "graph/projects/tree/graph/policies.py": ("admin admins", "the role of a new project"),
    "graph/projects/tree/graph/schema.py": ("orders", "what sorts the rows of a list"),
    "graph/projects/tree/tests/application/conftest.py": ("admin", "the role of a new project"),
    "graph/projects/tree/tests/application/test_application.py": (
        "admin house",
        "the role of a new project; the folder",
    ),
    "graph/response_cache/surrogates.py": ("tag", "a header of a CDN"),
    "graph/settings.py": ("admins post tag", "what people write into the environment, the method of HTTP, a header"),
    "graph/writing/mutation.py": ("post", "a method of dataclasses, __post_init__"),
    "graph/explorer/home.py": ("post", "the method of HTTP"),
    "graph/explorer/assets.py": ("tag", "of HTML"),
    "graph/http/requests.py": ("post", "the method of HTTP"),
    "graph/telemetry/spans.py": ("post", "the method of HTTP"),
    "graph/testing/clients.py": ("post", "the method of HTTP"),
}
"""Words that a module needs in another meaning, and which."""

MODULES = {
    module_of(file.relative_to(ROOT)): file
    for room in ("db", "graph", "migrations")
    for file in sorted((ROOT / room).rglob("*.py"))
    if "versions" not in file.parts and not file.stem[:1].isdigit()
}
MACHINERY = {name: file for name, file in MODULES.items() if not is_in(name, NOUN_ROOMS)}


def test_every_room_is_of_nouns_or_of_the_machinery() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (it for it in project["tool"]["importlinter"]["contracts"] if it["name"] == CONTRACT)
    packages = ("db", "graph", "migrations")
    listed = [*contract["source_modules"], *contract["forbidden_modules"], *packages]
    assert [name for name in MODULES if not is_in(name, listed[: -len(packages)]) and name not in packages] == []
    assert [name for name in listed if name not in MODULES] == []
    assert not set(contract["source_modules"]) & set(contract["forbidden_modules"])


def test_the_version_of_the_machinery_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION


@pytest.mark.parametrize("file", MACHINERY.values(), ids=list(MACHINERY))
def test_the_machinery_names_no_noun(file: Path) -> None:
    words, _meaning = OTHERWISE.get(str(file.relative_to(ROOT)), ("", ""))
    assert words_of(file.read_text(encoding="utf-8")) & NOUNS == set(words.split())


def test_words_are_those_of_names_and_texts_without_prose() -> None:
    code = """
'A post.'
class OrderLine:
    'An author.'
    kind = f"audit_entry {tag}"  # a house
    x.toAdmin(HTTPPost=1)
"""
    assert words_of(code) == {"order", "line", "kind", "audit", "entry", "tag", "x", "to", "admin", "http", "post"}
