"""The forms of an English word find each other."""

import pytest

from db.words.english import forms


@pytest.mark.parametrize(
    "together",
    [
        "rose roses",
        "climb climbs climbed climbing",
        "study studies studied studying",
        "hope hopes hoped hoping",
        "hop hops hopped hopping",
        "run runs running",
        "box boxes boxed",
        "use uses used using",
        "tie ties tied",
        "potato potatoes",
    ],
)
def test_each_form_finds_the_others(together: str) -> None:
    for word in together.split():
        assert set(together.split()) <= set(forms(word))
        assert len(forms(word)) <= 24


@pytest.mark.parametrize(("word", "other"), [("organize", "organization"), ("hope", "hop"), ("use", "useful")])
def test_what_is_more_than_an_ending_is_another_word(word: str, other: str) -> None:
    assert other not in forms(word)
    assert word not in forms(other)


@pytest.mark.parametrize("word", ["is", "us", "a1s", "2024", "roses東", "розы", "ss"])
def test_what_is_no_english_word_has_one_form(word: str) -> None:
    assert forms(word) == (word,)
