"""Messages for what Pydantic finds wrong, in words for people who fill in a form: what is wrong, and how to mend it.

Pydantic's error details enter, sentences leave.
Source of the kinds and of what they carry: https://docs.pydantic.dev/latest/errors/validation_errors/
"""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

NULL = "null is no value here; leave the field out instead"

_WORDS: Mapping[str, str] = {
    "string_too_long": "at most {max_length} characters fit here; shorten the text",
    "too_long": "at most {max_length} of them fit into one request, and these are more; send them in several",
    "too_short": "at least {min_length} of them must be given",
    "dict_type": 'this must be a JSON object, for instance {{"key": "value"}}',
    "greater_than": "this must be more than {gt}",
    "greater_than_equal": "this must be at least {ge}",
    "less_than": "this must be less than {lt}",
    "less_than_equal": "this must be at most {le}",
    "decimal_max_digits": "at most {max_digits} digits fit here",
    "decimal_max_places": "at most {decimal_places} digits may stand behind the point",
    "decimal_whole_digits": "at most {whole_digits} digits may stand before the point",
    "missing": "this must be given",
}

_PREFIXES = ("Value error, ", "value is not a valid email address: ")
"""What Pydantic and its e-mail library put before the sentences that our own rules raise."""


def sentence_of(detail: ErrorDetails) -> str:
    """What is wrong with a value, as a sentence."""
    return sentence(_text_of(detail))


def sentence(text: str) -> str:
    """A text with a capital at its beginning and a full stop at its end."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _text_of(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind != "value_error" and detail["input"] is None:
        return NULL
    if kind == "string_too_short":
        least = context["min_length"]
        return "this must not be empty; write something" if least == 1 else f"at least {least} characters are needed"
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    text = detail["msg"]
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text
