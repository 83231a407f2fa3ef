"""What a check may be asked for by name. Imports nothing, for help texts need these names."""

from enum import StrEnum


class Format(StrEnum):
    """The forms of a report."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    GITHUB = "github"


class FailOn(StrEnum):
    """The least critical change that fails."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    NONE = "none"
