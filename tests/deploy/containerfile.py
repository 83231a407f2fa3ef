"""A Containerfile, read: what its last stage copies, sets and runs. Text enters; nothing is built.

Source: https://docs.docker.com/reference/dockerfile/
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

CONTINUED = re.compile(r"\\\n(?:[ \t]*#.*\n)*")
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


class Instruction(NamedTuple):
    """A line of a Containerfile."""

    name: str
    text: str


class Image(NamedTuple):
    """What is known of an image that a Containerfile makes."""

    command: Sequence[str]
    """Of ENTRYPOINT."""
    arguments: Sequence[str]
    """Of CMD."""
    variables: Mapping[str, str]
    files: Mapping[str, Path]
    """Files of the context, by their places in the image."""
    healthcheck: Sequence[str]
    user: str
    stop_signal: str


def instructions(file: Path) -> Iterator[Instruction]:
    """Every instruction, from the first stage to the last."""
    lines = CONTINUED.sub(" ", file.read_text(encoding="utf-8")).splitlines()
    for line in (line.strip() for line in lines):
        if line and not line.startswith("#"):
            name, _, text = line.partition(" ")
            yield Instruction(name.upper(), text.strip())


def image_of(file: Path, context: Path) -> Image:
    """The image of the last stage."""
    last: list[Instruction] = []
    for one in instructions(file):
        last = [] if one.name == "FROM" else [*last, one]
    said = {one.name: one.text for one in last}
    variables = {name: value.strip('"') for one in last if one.name == "ENV" for name, value in PAIR.findall(one.text)}
    return Image(
        _exec_form(said.get("ENTRYPOINT", "[]")),
        _exec_form(said.get("CMD", "[]")),
        variables,
        dict(_copied(last, context)),
        _exec_form(said.get("HEALTHCHECK", "CMD []").partition("CMD ")[2]),
        said.get("USER", ""),
        said.get("STOPSIGNAL", "SIGTERM"),
    )


def _exec_form(text: str) -> Sequence[str]:
    """Raises `ValueError` for the form that starts a shell, which would keep signals for itself."""
    parsed: list[str] = json.loads(text)
    return parsed


def _copied(stage: Sequence[Instruction], context: Path) -> Iterator[tuple[str, Path]]:
    """What comes of the context; what comes of other stages is not known here."""
    for one in stage:
        if one.name == "COPY" and not one.text.startswith("--from="):
            *sources, target = one.text.split()
            for source in sources:
                yield str(PurePosixPath(target) / PurePosixPath(source).name), context / source
