"""The forms of an English word: with its endings, and without.

A folded word enters, the words that are meant by it leave. Indexes hold words as they are written, so that they depend
on no language; a query asks for every form. Which words belong together, the stemmer knows.
Source: https://snowballstem.org/algorithms/english/stemmer.html.
"""

from collections.abc import Iterator

import Stemmer

ENDINGS = ("", "s", "es", "d", "ed", "ing")
SHORTEST = 3
"""In letters: `is` and `as` have no forms."""


def forms(word: str) -> tuple[str, ...]:
    """`roses` → `roses`, `rose`, `rosed`, `rosing`: the word first; alone when it is not of plain letters.

    Only what English inflects: `organize` and `organization` have one stem, but neither finds the other.
    """
    if len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
        return (word,)
    stem = Stemmer.Stemmer("english").stemWord  # one for each call: threads must not share it
    made = {base + ending for base in _bases(word) for ending in ENDINGS}
    return (word, *sorted(other for other in made if other != word and stem(other) == stem(word)))


def _bases(word: str) -> set[str]:
    """What a word may be without its ending, in every spelling: hoping → hop, hope; running → runn, run."""
    return {base for end in ENDINGS if word.endswith(end) for base in _spellings(word.removesuffix(end)) if base}


def _spellings(base: str) -> Iterator[str]:
    """The spellings that a base has before an ending: hop(e), run(n), stud(y/i)."""
    yield base
    yield f"{base}e"
    yield base.removesuffix("e")
    yield base + base[-1:]
    if base[-2:-1] == base[-1:]:
        yield base[:-1]
    if base.endswith(("i", "y")):
        yield base[:-1] + "yi"[base.endswith("y")]
