"""What our mutations may answer, they declare."""

from itertools import chain
from typing import Any

import pytest

from graph.mutations.errors import CurrencyMismatch, InsufficientFunds
from graph.schema import CHANGES
from graph.writing import MutationDeclaration, UserError
from graph.writing.errors import (
    AlreadyExists,
    InvalidState,
    SignInFailed,
    StillReferenced,
    TooManyAttempts,
    VersionConflict,
)
from graph.writing.inputs import Input, inputs_in
from tests.mutations.reach import reached

DECLARATIONS: dict[str, MutationDeclaration[Any, Any]] = {
    it.name: it
    for it in (
        it if isinstance(it, MutationDeclaration) else it()
        for it in chain.from_iterable(module.MUTATIONS for module in CHANGES)
    )
}


def test_the_errors_that_code_names_are_found_however_deep_they_stand() -> None:
    assert {CurrencyMismatch, InsufficientFunds} <= reached(DECLARATIONS["pay_order"].work)
    assert {VersionConflict, InvalidState} <= reached(DECLARATIONS["archive_post"].work)
    assert InvalidState in reached(DECLARATIONS["update_user"].work)
    assert AlreadyExists in reached(DECLARATIONS["create_posts"].work)
    prepare = DECLARATIONS["sign_in"].prepare
    assert prepare is not None
    assert {SignInFailed, TooManyAttempts} <= reached(prepare)


def found_in(declaration: MutationDeclaration[Any, Any]) -> set[type[UserError]]:
    """What the code of a mutation names, without what only `if_version` leads to, or rows that are there already."""
    found = reached(declaration.work) | (reached(declaration.prepare) if declaration.prepare else set())
    if declaration.name.startswith("create"):
        return found - {VersionConflict, StillReferenced}
    return found if names_a_version(declaration.input) else found - {VersionConflict}


def names_a_version(model: type[Input]) -> bool:
    return "if_version" in model.model_fields or any(map(names_a_version, inputs_in(model).values()))


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_a_mutation_declares_every_error_that_its_code_names(name: str) -> None:
    declaration = DECLARATIONS[name]
    assert {error.__name__ for error in found_in(declaration) - declaration.answers} == set()


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_a_mutation_declares_no_error_that_nothing_answers_with(name: str) -> None:
    declaration = DECLARATIONS[name]
    broken = {AlreadyExists}  # a rule of uniqueness that the database holds: no code of the mutation names it
    assert {error.__name__ for error in set(declaration.errors) - found_in(declaration) - broken} == set()
