"""Names become the same addresses every time."""

import re

from hypothesis import given
from hypothesis import strategies as st

from db.importing.naming import LOCAL_PART_LENGTH, PLACEHOLDER_DOMAIN, placeholder_email, tidy

names = st.one_of(st.text(), st.text(alphabet="aAbB -._+éÉ日本"), st.text(min_size=60, alphabet="ab ")).map(tidy)


@given(st.lists(names.filter(bool), unique=True))
def test_distinct_names_have_distinct_addresses(distinct: list[str]) -> None:
    assert len({placeholder_email(name) for name in distinct}) == len(distinct)


@given(names.filter(bool))
def test_an_address_is_lower_case_ascii_of_a_lawful_length(name: str) -> None:
    local, domain = placeholder_email(name).split("@")
    assert domain == PLACEHOLDER_DOMAIN
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", local)
    assert len(local) <= LOCAL_PART_LENGTH


def test_a_plain_name_reads_in_its_address() -> None:
    assert placeholder_email("Niko Matsakis") == "niko-matsakis@authors.invalid"


def test_a_plain_name_that_is_too_long_is_shortened() -> None:
    address = placeholder_email("B" + "e" * 80)
    assert address.startswith("beee")
    assert len(address.split("@")[0]) == LOCAL_PART_LENGTH


def test_names_that_slug_alike_are_told_apart() -> None:
    alike = ("Rémy Rakic", "Remy Rakic", "remy rakic", "Remy-Rakic", "山田 花子", "山田 太郎", "🌱", "!")
    addresses = [placeholder_email(name) for name in alike]
    assert len(set(addresses)) == len(alike)
    assert addresses[0].startswith("remy-rakic.")
    assert addresses[4].startswith("author.")


def test_a_name_is_the_same_however_its_accents_are_written() -> None:
    assert tidy("  Re\u0301my \n Rakic ") == "Rémy Rakic"
