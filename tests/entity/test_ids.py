"""Claims about ids that are kept: they are those that would be made anew, and not many."""

from collections.abc import Sized
from typing import cast

import pytest

from graph.entity import ids
from graph.entity.ids import encode_id, id_encoder
from graph.entity.registry import entity_of
from tests.entity.chinook_types import Artist


def test_kept_ids_are_those_that_would_be_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "MAX_KEPT_IDS", 3)
    encode = id_encoder(entity_of(Artist))
    for number in (*range(10), *range(10)):
        assert encode(number) == encode_id(entity_of(Artist), (number,))
        assert len(cast(Sized, encode)) <= 3


def test_a_key_that_only_equals_a_whole_number_has_an_id_of_its_own() -> None:
    encode = id_encoder(entity_of(Artist))
    one = encode(1)
    assert encode(True) == encode_id(entity_of(Artist), (True,)) != one
    assert encode(1) == one
