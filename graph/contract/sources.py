"""The text of a schema enters, in the schema definition language or as the JSON of introspection; a `Contract` leaves.

Only what cannot be compared is refused. Schemas that live elsewhere break rules that change nothing here: GitHub's own
has had a field twice, and subgraphs apply directives that nobody declares.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    GraphQLError,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    KnownTypeNamesRule,
    LoneSchemaDefinitionRule,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    PossibleTypeExtensionsRule,
    ScalarTypeDefinitionNode,
    ScalarTypeExtensionNode,
    TypeDefinitionNode,
    TypeExtensionNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
    UniqueDirectiveNamesRule,
    UniqueOperationTypesRule,
    UniqueTypeNamesRule,
    build_ast_schema,
    build_client_schema,
    is_input_type,
    is_output_type,
    parse,
)
from graphql.validation.validate import validate_sdl

from graph.contract.changes import Change
from graph.contract.errors import ContractError
from graph.contract.kinds import Kind
from graph.contract.places import Places

RULES = (
    *(LoneSchemaDefinitionRule, UniqueOperationTypesRule, UniqueTypeNamesRule, KnownTypeNamesRule),
    *(UniqueDirectiveNamesRule, PossibleTypeExtensionsRule),
)
"""What a text must keep so that it says one thing."""

DEFINED: Mapping[type[TypeExtensionNode], type[TypeDefinitionNode]] = {
    EnumTypeExtensionNode: EnumTypeDefinitionNode,
    InputObjectTypeExtensionNode: InputObjectTypeDefinitionNode,
    InterfaceTypeExtensionNode: InterfaceTypeDefinitionNode,
    ObjectTypeExtensionNode: ObjectTypeDefinitionNode,
    ScalarTypeExtensionNode: ScalarTypeDefinitionNode,
    UnionTypeExtensionNode: UnionTypeDefinitionNode,
}
NOT_INTROSPECTED = frozenset(kind for kind in Kind if kind.name.startswith(("APPLIED_", "SEMANTIC_")))
KEYS: Mapping[str, str] = {
    "specifiedByURL": "SPECIFIED_BY_",
    "isOneOf": "ONE_OF_",
    "isRepeatable": "DIRECTIVE_BECAME_",
    "description": "DESCRIPTION_",
}
"""Keys that older servers and shorter queries leave out, and how the kinds begin that cannot be known then."""


TEXTS = {"name", "description", "deprecationReason", "specifiedByURL", "defaultValue"}
"""Keys of introspection whose values are texts or null; graphql-core takes anything."""


@dataclass(frozen=True)
class Contract:
    """A schema, and how much its source says of it."""

    schema: GraphQLSchema
    file: str | None = None
    """The file that the lines of definitions are of."""
    untold: frozenset[Kind] = field(default=frozenset())
    """Kinds of changes of which the source says nothing."""
    tells_of_itself: bool = True
    """Whether the source has the description of the schema."""

    def tells(self, change: Change) -> bool:
        """Whether the source has what the change is about."""
        return change.kind not in self.untold and (self.tells_of_itself or change.at != "schema")


def read_contract(source: bytes, name: str, file: str | None = None) -> Contract:
    """The schema that a text describes; `name` is what errors call it.

    Raises `ContractError` for a text that is no schema.
    """
    try:
        text = source.decode("utf-8-sig")
        is_json = text.lstrip().startswith("{")
        contract = (
            _introspected(json.loads(text, object_hook=_with_texts), name) if is_json else _defined(text, name, file)
        )
    except UnicodeDecodeError:
        raise ContractError(f"{name} is not in UTF-8. Name a text file.") from None
    except json.JSONDecodeError as error:
        raise ContractError(f"{name} is no JSON: {error}. Write the answer to an introspection query there.") from None
    except RecursionError:
        raise ContractError(f"{name} is nested too deeply to be read. Name a schema.") from None
    _refuse_misplaced_types(contract.schema, name)
    return contract


def read_contract_file(file: Path) -> Contract:
    """The schema in a file. Raises `ContractError` for one that cannot be read or is no schema."""
    try:
        return read_contract(file.read_bytes(), str(file), str(file))
    except OSError as error:
        raise ContractError(f"{file} cannot be read: {error.strerror}. Name a file with a schema.") from None


def _defined(text: str, name: str, file: str | None) -> Contract:
    try:
        document = _with_definitions(parse(text))
        _refuse_what_says_nothing(document, name)
        return Contract(build_ast_schema(document, assume_valid_sdl=True), file)
    except (GraphQLError, TypeError, ValueError) as error:
        raise ContractError(f"{name} is no schema{_place(error)}: {_said(error)} Mend it there.") from None


def _with_definitions(document: DocumentNode) -> DocumentNode:
    """The document with a definition in the place of the first extension of each type that only others define.

    So subgraphs were written before Federation 2: `extend type Query { … }`.
    """
    known = {node.name.value for node in document.definitions if isinstance(node, TypeDefinitionNode)}
    definitions: list[DefinitionNode] = []
    for node in document.definitions:
        if isinstance(node, TypeExtensionNode) and node.name.value not in known:
            known.add(node.name.value)
            definitions.append(DEFINED[type(node)](**{key: getattr(node, key) for key in node.keys}))
        else:
            definitions.append(node)
    return DocumentNode(definitions=tuple(definitions), loc=document.loc)


def _refuse_what_says_nothing(document: DocumentNode, name: str) -> None:
    if not any(isinstance(node, TypeDefinitionNode | TypeExtensionNode) for node in document.definitions):
        raise ContractError(f"{name} defines no type. Name a file with a schema, not one with operations.")
    for error in validate_sdl(document, rules=RULES):
        raise error


def _refuse_misplaced_types(schema: GraphQLSchema, name: str) -> None:
    places = Places(schema)
    misplaced = [
        *((place, it) for it in places.sent if not is_input_type(schema.get_type(it)) for place in places.sent[it]),
        *((place, it) for it in places.read if not is_output_type(schema.get_type(it)) for place in places.read[it]),
    ]
    for place, it in misplaced:
        raise ContractError(f"{name} is no schema: `{place}` cannot be of type `{it}`. Mend it there.")


def _with_texts(part: dict[str, Any]) -> dict[str, Any]:
    for key in TEXTS & part.keys():
        if not isinstance(part[key], str | None):
            raise ContractError(f"The answer to introspection has a `{key}` that is no text. Ask the server again.")
    return part


def _introspected(answer: Any, name: str) -> Contract:
    data: Any = answer.get("data", answer) if isinstance(answer, dict) else {}
    try:
        described = data["__schema"]
        told = {key for part in (*described["types"], *described["directives"]) for key in part}
        schema = build_client_schema(data)
    except (AttributeError, GraphQLError, KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"{name} is no answer to an introspection query: {_said(error)} It begins with"
            ' `{"data": {"__schema": {"queryType": …, "types": […]`.'
        ) from None
    beginnings = tuple(beginning for key, beginning in KEYS.items() if key not in told)
    untold = frozenset(kind for kind in Kind if kind.name.startswith(beginnings)) if beginnings else frozenset()
    return Contract(schema, None, NOT_INTROSPECTED | untold, "description" in described)


def _place(error: Exception) -> str:
    locations = error.locations if isinstance(error, GraphQLError) else None
    return f" (line {locations[0].line}, column {locations[0].column})" if locations else ""


def _said(error: Exception) -> str:
    said = error.message if isinstance(error, GraphQLError) else str(error)
    return said if said.endswith(".") else f"{said}."
