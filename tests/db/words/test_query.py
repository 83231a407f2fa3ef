"""What a text asks for."""

import pytest

from db.words.query import MAX_CHARACTERS, MAX_PARTS, MAX_WORDS, Alternatives, QueryTooLong, query_of


def said(group: Alternatives) -> str:
    """The phrases of a group; of a word, no other form than the first."""
    phrases = [" ".join(phrase.words) + "*" * phrase.is_beginning for phrase in group]
    return " | ".join(phrases)


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("", [], []),
        (' . - "" * -- … or', [], []),
        ("xy zq", ["xy", "zq"], []),
        ("xy xy XY", ["xy"], []),
        ('"Red Roses" xy', ["red roses", "xy"], []),
        ("“Red Roses” xy", ["red roses", "xy"], []),
        ('"never closed', ["never closed"], []),
        ("xy or zq", ["xy | zq"], []),
        ("a1 xy OR zq or qx b1", ["a1", "xy | zq | qx", "b1"], []),
        ("or xy", ["xy"], []),
        ("xy or", ["xy"], []),
        ("xy or or zq", ["xy | zq"], []),
        ('xy "or" zq', ["xy", "or", "zq"], []),
        ("xy or -qx zq", ["xy", "zq"], ["qx"]),
        ("xy -qx or zq", ["xy", "zq"], ["qx"]),
        ("-xy", [], ["xy"]),
        ('xy -"red roses" -qx -qx', ["xy"], ["red roses", "qx"]),
        ("xy - zq", ["xy", "zq"], []),
        ("--xy", [], ["xy"]),
        ("well-known and/or don't", ["well known", "and or", "don t"], []),
        ("ada@example.org", ["ada example org"], []),
        ("東京", ["東 京"], []),
        ("gard* xy", ["gard*", "xy"], []),
        ('"red ros*"', ["red ros*"], []),
        ("* xy ** (*", ["xy"], []),
        ("각", ["각 | ᄀ ᅡ ᆨ"], []),
        ("가\u1100", ["가 ᄀ | ᄀ ᅡ ᄀ"], []),
        ("\u1100\u1161\u11a8", ["ᄀ ᅡ ᆨ | 각"], []),
        ("ガ", ["ガ | カ \u3099"], []),
        ('"cafe\u0301" a\u0308', ["cafe", "a"], []),
    ],
)
def test_a_text_asks_for(text: str, wanted: list[str], unwanted: list[str]) -> None:
    query = query_of(text)
    assert (list(map(said, query.wanted)), list(map(said, query.unwanted))) == (wanted, unwanted)


def test_a_word_alone_asks_for_its_forms_and_one_in_quotes_for_itself() -> None:
    loose, quoted = query_of('roses "roses"').wanted
    assert {phrase.words for phrase in loose} >= {("roses",), ("rose",)}
    assert [phrase.words for phrase in quoted] == [("roses",)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x" * (MAX_CHARACTERS + 1), "4,001 characters are too many to look for; send at most 4,000"),
        (" ".join(f"w{n}" for n in range(MAX_PARTS + 1)), "33 words and phrases are too many to look for"),
        (" ".join(f"-w{n}" for n in range(600)), "600 words and phrases are too many to look for; send at most 32"),
        (" or ".join(f"w{n}" for n in range(MAX_PARTS + 1)), "33 words and phrases are too many to look for"),
        ("東" * (MAX_WORDS + 1), "201 words are too many to look for; send at most 200"),
    ],
)
def test_more_than_a_search_can_look_for_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(QueryTooLong) as refused:
        query_of(text)
    assert str(refused.value).startswith(sentence)


def test_as_much_as_is_allowed_is_read() -> None:
    query_of("x" * MAX_CHARACTERS)
    query_of("東" * MAX_WORDS)
    query_of(" ".join(f"w{n}" for n in range(MAX_PARTS)) + " w0 w1 -" + " or" * 100)
