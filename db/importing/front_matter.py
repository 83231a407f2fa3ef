"""Front matter: the bytes of a Markdown file in, its metadata and its body out.

TOML between lines of `+++`, or YAML between lines of `---`, opens the file. python-frontmatter splits and parses.
What it passes over in silence is refused here: a block that is never closed, a key that is given twice.
Nothing here knows what the keys mean.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, SafeLoader, YAMLHandler

from db.importing.refusal import Fault, Refused


@dataclass(frozen=True)
class FrontMatter:
    """A file taken apart."""

    metadata: dict[str, Any]
    body: str
    block: str
    """The front matter as written. Its first line is the file's first line."""

    def line_of(self, key: str) -> int:
        """The line that gives a key; 1 when none does."""
        given = re.search(rf"""^[ \t\-\[{{]*["']?{re.escape(key)}["']?[ \t]*[:=]""", self.block, re.MULTILINE)
        return self.block.count("\n", 0, given.start()) + 1 if given else 1


class TomlHandler(BaseHandler):
    """TOML by the standard library; python-frontmatter's own handler wants a package that nobody looks after."""

    FM_BOUNDARY = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str) -> dict[str, Any]:
        """Parse the block. Source: https://toml.io/en/v1.0.0."""
        return tomllib.loads(fm)


class YamlHandler(YAMLHandler):
    """YAML, with a mapping's keys held apart: PyYAML lets the last of two equal keys win."""

    FM_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)

    def load(self, fm: str, **_: object) -> Any:
        """Parse the block. Source: https://yaml.org/spec/1.1/."""
        loader = SafeLoader(fm)
        try:
            node = loader.get_single_node()
            if node is None:
                return {}
            _refuse_double_keys(node)
            try:
                return loader.construct_document(node)
            except yaml.YAMLError:
                raise
            except Exception:  # PyYAML lets through whatever a constructor trips over, and does not say where
                _refuse_unreadable_scalars(node)
                raise
        finally:
            loader.dispose()


HANDLERS = (TomlHandler(), YamlHandler())


def decode(data: bytes) -> str:
    r"""Bytes as text: UTF-8, with or without a byte order mark, every line ending as `\n`.

    Raises `Refused` for other encodings and for NUL characters, which PostgreSQL cannot store.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(Fault("is not valid UTF-8", "save the file as UTF-8", line)) from None
    if (nul := text.find("\0")) >= 0:
        raise Refused(Fault("holds a NUL character", "take it out", text.count("\n", 0, nul) + 1))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> FrontMatter:
    """Take a text apart. Raises `Refused`, with the line, when the front matter is missing, open or broken."""
    handler = frontmatter.detect_format(text, HANDLERS)
    if handler is None:
        raise Refused(Fault("has no front matter", "begin the file with a block between lines of +++ (TOML) or ---"))
    try:
        block, body = handler.split(text)
    except ValueError:
        delimiter = handler.START_DELIMITER
        raise Refused(Fault("the front matter is never closed", f"end it with a line of {delimiter}")) from None
    metadata = _load(handler, block)
    if not isinstance(metadata, dict):
        raise Refused(Fault("the front matter is not a mapping", "write it as `key: value` lines"))
    return FrontMatter(metadata, body.strip("\n"), block)


def _load(handler: BaseHandler, block: str) -> Any:
    try:
        return handler.load(block)
    except Refused:
        raise
    except tomllib.TOMLDecodeError as error:
        raise Refused(_toml_fault(error, block)) from None
    except yaml.YAMLError as error:
        raise Refused(_yaml_fault(error, block)) from None
    except RecursionError:
        raise Refused(Fault("the front matter is nested too deeply", "flatten it")) from None
    except Exception as error:  # a number of five thousand digits, for instance
        raise Refused(Fault(f"the front matter has a value that cannot be read ({error})", "correct it")) from None


def _toml_fault(error: tomllib.TOMLDecodeError, block: str) -> Fault:
    text = str(error)
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", text)
    line = int(place[1]) if place and place[1] else block.count("\n")
    return Fault(
        f"the front matter is not TOML: {_lower(text[: place.start()] if place else text)}", "correct it", line
    )


def _yaml_fault(error: yaml.YAMLError, block: str) -> Fault:
    line, text = 1, str(error).splitlines()[0]
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        text = ", ".join(part for part in (error.context, error.problem) if part)
    elif isinstance(error, yaml.reader.ReaderError):
        line, text = block[: error.position].count("\n") + 1, error.reason
    return Fault(f"the front matter is not YAML: {_lower(text)}", "correct it", line)


def _refuse_double_keys(root: yaml.Node) -> None:
    for node in _nodes(root):
        given = set[str]()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in given:
                    raise Refused(Fault(f"`{key.value}` is given twice", "keep one", key.start_mark.line + 1))
                given.add(key.value)


def _refuse_unreadable_scalars(root: yaml.Node) -> None:
    for node in _nodes(root):
        if isinstance(node, yaml.ScalarNode):
            try:
                SafeLoader("").construct_object(node)
            except Exception as error:
                text = f"`{node.value[:40]}` cannot be read ({error})"
                cure = "correct it, or put it in quotes"
                raise Refused(Fault(text, cure, node.start_mark.line + 1)) from None


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once: an alias may make a node its own grandchild."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
