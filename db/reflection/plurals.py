"""One and many, in English: `order_lines` → `order_line` and back.

A word enters, a word leaves. A word that no rule is sure of stays as it is: a class `Canvas` is right, `Canva` is not.
Libraries were tried (docs/decisions/0039-a-database-that-was-there.md).

Source: https://en.wikipedia.org/wiki/English_plurals
"""

import re

IRREGULAR = {
    "people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot",
    "teeth": "tooth", "geese": "goose", "mice": "mouse", "oxen": "ox", "indices": "index", "matrices": "matrix",
    "vertices": "vertex", "appendices": "appendix", "criteria": "criterion", "phenomena": "phenomenon",
    "movies": "movie", "cookies": "cookie", "ties": "tie", "pies": "pie", "calories": "calorie", "zombies": "zombie",
    "selfies": "selfie", "rookies": "rookie", "caches": "cache", "headaches": "headache", "aches": "ache",
    "lives": "life", "wives": "wife", "knives": "knife", "leaves": "leaf", "wolves": "wolf", "shelves": "shelf",
    "halves": "half", "loaves": "loaf", "thieves": "thief", "calves": "calf", "selves": "self", "elves": "elf",
    "shoes": "shoe", "toes": "toe", "foes": "foe", "axes": "axis", "quizzes": "quiz", "gases": "gas",
    "analyses": "analysis", "bases": "base", "crises": "crisis", "diagnoses": "diagnosis", "hypotheses": "hypothesis",
    "theses": "thesis", "synopses": "synopsis", "parentheses": "parenthesis", "oases": "oasis", "buses": "bus",
    "menus": "menu", "gurus": "guru", "excuses": "excuse", "lenses": "lens", "canvases": "canvas", "atlases": "atlas",
}  # fmt: skip
ALIKE = {
    "aircraft", "always", "chaos", "corps", "cosmos", "data", "deer", "economics", "electronics", "equipment", "ethics",
    "feedback", "fish", "goods", "hardware", "headquarters", "information", "kudos", "logistics",
    "mathematics", "means", "media", "metadata", "news", "physics", "politics", "premises", "proceedings", "series",
    "sheep", "sms", "software", "sos", "species", "staff", "this", "traffic", "weather", "yes",
}  # fmt: skip
"""Words that are one and many, or have one form only."""
ENDING_IN_S = {"alias", "atlas", "bias", "bonus", "canvas", "christmas", "gas", "iris", "lens"}
"""Words that are one, and end as if they were many."""
_MANY_OF = {word: many for many, word in IRREGULAR.items() if many != "persons"}

_S = re.compile(r"(?<=[a-z])s$")
_NOT_PLURAL = re.compile(r"(?:ss|us|[sx]is)$")


def singular(word: str) -> str:
    """One of what a word names: `categories` → `category`; `news` → `news`."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in ALIKE or word in ENDING_IN_S or _NOT_PLURAL.search(word) or len(word) < 3:
        return word
    if re.search(r"[^aeiou]ies$", word):
        return f"{word[:-3]}y"
    if re.search(r"(?:(?:ss|sh|ch|x|zz|[^aeo]us|ias|[^aeiou]o)es)$", word):
        return word[:-2]
    return _S.sub("", word)


def plural(word: str) -> str:
    """Many of what a word names: `category` → `categories`; `news` → `news`."""
    if word in _MANY_OF:
        return _MANY_OF[word]
    if word in ALIKE or singular(word) != word:
        return word  # of the latter, it is many already
    if re.search(r"[sx]is$", word):
        return f"{word[:-2]}es"
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(?:s|x|zz|ch|sh|(?:her|potat|tomat|ech|vet)o)$", word) else f"{word}s"
