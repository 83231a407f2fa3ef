"""What is true of the example apps without running them; `make examples` runs them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    KnownDirectivesRule,
    NoUndefinedVariablesRule,
    build_schema,
    parse,
    specified_rules,
    validate,
)

from db.settings import HOUSE
from tests.examples.__main__ import EXAMPLES, chosen, commands

FOLDERS = chosen([])
LOCKS = sorted(EXAMPLES.glob("*/package-lock.json"))
EXCERPTS = re.findall(
    r"^```ts\n// (\S+)\n(.*?)^```$", (HOUSE / "docs/clients.md").read_text(encoding="utf-8"), re.M | re.S
)
LITERAL = re.compile(r"(?:graphql\(?|/\* GraphQL \*/ )`(.*?)`", re.S)
OF_PYTHON = re.compile(r'gql\("""(.*?)"""\)', re.S)

OF_RELAY = {KnownDirectivesRule, NoUndefinedVariablesRule}
"""About what is Relay's own and never asked for: its directives, and the arguments of fragments. `__id` is, too."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((HOUSE / "schema.graphql").read_text(encoding="utf-8"))


def operations(example: Path) -> Iterator[str]:
    """The operations and fragments of an example, wherever they stand."""
    for source in sorted(example.glob("operations/*.graphql")):
        yield source.read_text(encoding="utf-8")
    for source in sorted(example.glob("*.py")):
        yield from OF_PYTHON.findall(source.read_text(encoding="utf-8"))
    for folder in ("src", "test"):
        for source in sorted((example / folder).glob("*.ts*")):
            yield from LITERAL.findall(source.read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", FOLDERS, ids=lambda folder: folder.name)
def test_the_schema_answers_what_an_example_asks(example: Path, schema: GraphQLSchema) -> None:
    text, rules = "\n".join(operations(example)), list(specified_rules)
    if example.name == "relay":
        text, rules = text.replace("__id", "__typename"), [rule for rule in rules if rule not in OF_RELAY]
    document = parse(text)
    assert [error.message for error in validate(schema, document, rules)] == []
    assert len(document.definitions) > 5


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_lock_files_name_no_registry(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_versions_are_exact(lock: Path) -> None:
    project = json.loads(lock.with_name("package.json").read_text(encoding="utf-8"))
    versions = project["dependencies"] | project["devDependencies"]
    assert [version for version in versions.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_an_example_that_is_not_there_is_named_with_those_that_are() -> None:
    assert [folder.name for folder in chosen(["typescript,python"])] == ["python", "typescript"]
    with pytest.raises(LookupError, match="no example rely; there are python, relay, typescript"):
        chosen(["rely"])


@pytest.mark.parametrize("example", FOLDERS, ids=lambda folder: folder.name)
def test_every_readme_says_what_to_type(example: Path) -> None:
    assert len(commands(example)) >= 3


@pytest.mark.parametrize(("name", "code"), EXCERPTS, ids=[name for name, _ in EXCERPTS])
def test_an_excerpt_of_the_page_is_what_the_example_says(name: str, code: str) -> None:
    assert code in (HOUSE / name).read_text(encoding="utf-8")
