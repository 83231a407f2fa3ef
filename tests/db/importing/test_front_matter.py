"""Front matter is taken apart, or refused with the line that is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.importing.front_matter import decode, parse
from db.importing.refusal import Fault, Refused


def fault_of(data: bytes) -> Fault:
    with pytest.raises(Refused) as refused:
        parse(decode(data))
    (fault,) = refused.value.faults
    return fault


def test_toml_and_yaml_mean_the_same() -> None:
    toml = parse('+++\ntitle = "Beans"\ntags = ["a", "b"]\n[extra]\nrelease = true\n+++\n\nThey climb.\n')
    yaml = parse("---\ntitle: Beans\ntags: [a, b]\nextra:\n  release: true\n---\n\nThey climb.\n")
    expected = {"title": "Beans", "tags": ["a", "b"], "extra": {"release": True}}
    assert toml.metadata == yaml.metadata == expected
    assert toml.body == yaml.body == "They climb."


def test_a_body_keeps_its_indentation_and_its_rules() -> None:
    front_matter = parse("---\ntitle: x\n---\n\n    code\n\n---\n\n+++\nend  \n")
    assert front_matter.body == "    code\n\n---\n\n+++\nend  "


def test_empty_front_matter_is_front_matter() -> None:
    assert parse("---\n---\ntext").metadata == {}
    assert parse("+++\n+++\ntext").metadata == {}


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_line_endings_and_byte_order_marks_do_not_matter(ending: str) -> None:
    text = "\ufeff---\ntitle: Beans\n---\none\ntwo\n".replace("\n", ending)
    front_matter = parse(decode(text.encode()))
    assert front_matter.metadata == {"title": "Beans"}
    assert front_matter.body == "one\ntwo"


def test_a_key_is_found_in_its_line() -> None:
    toml = parse('+++\npath = "x"\n\n  title="y"\n[extra]\nteam = 1\n+++\n')
    assert [toml.line_of(key) for key in ("path", "title", "team", "absent")] == [2, 4, 6, 1]
    yaml = parse("---\ntitle: y\nauthors:\n  - name: z\n    email: no\n---\n")
    assert [yaml.line_of(key) for key in ("title", "authors", "name", "email")] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"# A heading\n", 1, "has no front matter"),
        (b"", 1, "has no front matter"),
        (b'+++\ntitle = "x"\n\nText.\n', 1, "the front matter is never closed"),
        (b"---\ntitle: x\n\nText.\n", 1, "the front matter is never closed"),
        (b'+++\ntitle = "x"\nbroken\n+++\n', 3, "the front matter is not TOML: expected '=' after a key"),
        (b'+++\ntitle = "x\n+++\n', 2, "the front matter is not TOML: illegal character '\\n'"),
        (b'+++\ntitle = """x\n\n+++\n', 3, "the front matter is not TOML: unterminated string"),
        (b'+++\ntitle = "x"\ntitle = "y"\n+++\n', 3, "the front matter is not TOML: cannot overwrite a value"),
        (b"---\ntitle: [x\nother: y\n---\n", 3, "the front matter is not YAML: while parsing a flow sequence"),
        (b"---\ntitle: x\n\tbad: y\n---\n", 3, "the front matter is not YAML: while scanning a plain scalar"),
        (b"---\ntitle: x\nother: \x01\n---\n", 3, "the front matter is not YAML: control characters"),
        (b"---\ntitle: x\na: {b: 1,\n  b: 2}\n---\n", 4, "`b` is given twice"),
        (b"---\ntitle: x\ntitle: y\n---\n", 3, "`title` is given twice"),
        (b"---\n- title\n---\n", 1, "the front matter is not a mapping"),
        (b"---\ntitle: x\ndate: 2025-13-45\n---\n", 3, "`2025-13-45` cannot be read (month must be in 1..12)"),
        (b"---\ntitle: x\nn: [1, !!int x]\n---\n", 3, "`x` cannot be read"),
        (b"---\ntitle: x\nn: !unknown x\n---\n", 3, "the front matter is not YAML: could not determine a constructor"),
        (b"+++\nn = " + b"9" * 5000 + b"\n+++\n", 1, "the front matter has a value that cannot be read"),
        (b"+++\nn = " + b"[" * 5000 + b"\n+++\n", 1, "the front matter is nested too deeply"),
        (b'+++\ntitle = "x"\n+++\none\n\xff\n', 5, "is not valid UTF-8"),
        (b'+++\ntitle = "x"\n+++\none\n\ntw\0o\n', 6, "holds a NUL character"),
    ],
)
def test_what_is_broken_is_refused_with_its_line(data: bytes, line: int, reason: str) -> None:
    fault = fault_of(data)
    assert fault.reason.startswith(reason)
    assert fault.line == line
    assert fault.cure


def test_an_alias_that_holds_itself_does_no_harm() -> None:
    assert "loop" in parse("---\nloop: &a [*a]\n---\n").metadata


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    for opened in (data, b"+++\n" + data + b"\n+++\n", b"---\n" + data + b"\n---\n"):
        outcome: Any
        try:
            outcome = parse(decode(opened)).metadata
        except Refused as refused:
            outcome = {fault.line: fault for fault in refused.faults}
            assert 1 <= min(outcome) <= max(outcome) <= opened.count(b"\n") + opened.count(b"\r") + 1
        assert isinstance(outcome, dict)
