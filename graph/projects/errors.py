"""Why a project was not written, or not changed: one sentence each, with the cure."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class ProjectError(Exception):
    """Nothing was written."""


class NoCheckout(ProjectError):
    """The command runs in a folder that lacks sources."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} is no checkout of Trellis: a project is made of its sources, with tests and lock file."
            " Clone the repository, and run `make setup` and `.venv/bin/trellis init` there."
        )


class FolderTaken(ProjectError):
    """The folder has files already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is there and not empty. Name a new folder; nothing was written.")


class WrongName(ProjectError):
    """A name that Python, SQL or GraphQL does not take."""

    def __init__(self, kind: str, name: str, cure: str) -> None:
        super().__init__(f"{name!r} cannot be the name of {kind}: {cure}")


class UnknownType(ProjectError):
    """A field of a new noun has a type that is neither known nor a noun."""

    def __init__(self, field: str, type_: str, types: Iterable[str], nouns: Iterable[str]) -> None:
        types, nouns = list(types), list(nouns)
        close = get_close_matches(type_.lower(), [it.lower() for it in (*types, *nouns)], n=1)
        meant = [f" Did you mean {it}?" for it in (*types, *nouns) if it.lower() in close]
        super().__init__(
            f"{field} has the type {type_!r}, which is not known.{''.join(meant[:1])} Types: {', '.join(types)}."
            f" Nouns: {', '.join(nouns) or 'none yet'}."
        )


class AlreadyThere(ProjectError):
    """The noun, or a file that it would be written into, exists."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is there already. Nothing was changed.")


class NoPython(ProjectError):
    """A file of the project cannot be parsed."""

    def __init__(self, file: Path, error: SyntaxError) -> None:
        super().__init__(
            f"{file}, line {error.lineno}, is no Python: {error.msg}. Correct it first; nothing was written."
        )


class NotEditable(ProjectError):
    """A file does not have the place where a line would go."""

    def __init__(self, file: str, place: str) -> None:
        super().__init__(
            f"{file} has no {place} that a line could be added to. Write it anew, or add the lines by hand."
        )
