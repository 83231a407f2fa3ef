"""Names become the same slugs every time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.slugs import check_slug, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Release Team", "the-release-team"),
        ("the crates.io team", "the-crates-io-team"),
        ("Edition & Goals teams", "edition-goals-teams"),
        ("inside-rust", "inside-rust"),
        ("Straße", "strasse"),
        ("Ｆｕｌｌ width", "full-width"),  # noqa: RUF001 - that is the point
        ("日本語", "日本語"),
        ("हिन्दी", "हिन्दी"),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("🌱!", ""),
        ("❤\ufe0f", ""),
        ("葛\U000e0100城", "葛城"),
        ("a\u3164b", "ab"),
    ],
)
def test_a_name_has_one_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_a_mark_that_nobody_sees_makes_no_other_slug_of_ascii(name: str) -> None:
    assert slug_of(f"{name}\ufe0f") == slug_of(name)


@settings(deadline=None)
@given(st.text(alphabet="abcXYZ éÉßñ日本-_.,"))
def test_case_and_spacing_make_no_other_slug(name: str) -> None:
    assert slug_of(f" {name.casefold()} ") == slug_of(name)


@settings(deadline=None)
@given(st.text())
def test_a_slug_has_no_spaces_and_no_loose_ends(name: str) -> None:
    slug = slug_of(name)
    assert slug == "-".join(slug.split())
    assert slug.strip("-") == slug


@settings(deadline=None)
@given(st.text())
def test_a_slug_is_its_own_slug_and_passes_the_check(name: str) -> None:
    slug = slug_of(name)
    assert slug_of(slug) == slug
    assert not slug or check_slug(slug) == slug
