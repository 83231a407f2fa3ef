"""Mistakes of pages, one sentence each, with the cure."""

from pathlib import PurePosixPath


class ManualError(Exception):
    """The root of the tree."""


class BrokenLink(ManualError):
    """A page leads to a file that is not there."""

    def __init__(self, page: PurePosixPath, target: str) -> None:
        super().__init__(f"{page} leads to {target}, which is not there; correct the link.")


class Unlisted(ManualError):
    """Pages that the contents do not name, or that they name in vain."""

    def __init__(self, pages: list[str]) -> None:
        super().__init__(
            f"CONTENTS in manual/contents.py and docs/ differ in {', '.join(pages)}; add or remove the line."
        )
