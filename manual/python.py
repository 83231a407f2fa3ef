"""The Python API, as pages: one for each module that applications import from.

Names of modules enter; pages leave that Sphinx fills with signatures and docstrings.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import PurePosixPath

from manual.contents import tree_of

MODULES: Mapping[str, str] = {
    "graph.entity": "Types",
    "graph.writing": "Changes",
    "graph.domain": "The domain",
    "graph.app": "The application",
    "graph.context": "The context of an operation",
    "graph.viewer": "The viewer",
    "graph.auth.visibilities": "Policies",
    "graph.errors": "Errors",
    "graph.testing": "Tests",
    "graph.files": "Files",
    "graph.audit": "The record of changes",
    "graph.api_keys": "API keys",
    "db.session": "The session",
    "db.base": "Models",
    "db.views": "Views",
}
"""What applications import, and what the page is called."""

FOLDER = PurePosixPath("python")


def pages() -> Iterator[tuple[PurePosixPath, str]]:
    """The pages with their paths, the list of all of them first."""
    listed = "\n".join(f"- [{title}]({name}.md): `{name}`, {_sentence(name)}" for name, title in MODULES.items())
    about = "What applications import, by module. What has no page here may change in every release."
    yield FOLDER / "index.md", f"# Python\n\n{about}\n\n{listed}\n\n{tree_of(MODULES)}\n"
    for name, title in MODULES.items():
        yield FOLDER / f"{name}.md", f"# {title}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"


def _sentence(name: str) -> str:
    """The first sentence of a module's docstring."""
    text = (import_module(name).__doc__ or "").partition("\n")[0].rstrip(".")
    return text[:1].lower() + text[1:] + "."
