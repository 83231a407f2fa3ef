"""The table of contents: every page of the manual, in the order in which people need them.

Paths of pages leave, without their suffix: of those below `docs/`, of papers beside it, and of those that are made of
the code (`manual.sources`). The first page, which is the README, stands above them. No page is named twice, and no file
is read.
"""

from collections.abc import Iterable, Mapping, Sequence

CONTENTS: Mapping[str, Sequence[str]] = {
    "Begin": [
        "pages",
        "demo",
        "tutorial",
        "add-a-noun",
        "databases",
        "your-database",
        "reflect",
        "comparison",
        "migrating",
    ],
    "Ask and change": [
        *("asking", "changing", "subscriptions", "live-queries", "errors", "files", "clients", "explorer", "types")
    ],
    "Build": [
        *("own-fields", "resolvers", "policies", "own-mutations", "identity", "names", "views", "functions"),
        *("testing", "schema-checks", "usage", "trusted-documents", "federation"),
    ],
    "Run": [
        *(
            "deploy",
            "operations",
            "metrics",
            "live",
            "scaling",
            "caching",
            "replicas",
            "migrations",
            "backup",
            "performance",
        ),
        *("overload", "limits", "security", "http", "query-doctor", "promises"),
    ],
    "Look up": ["command-line", "settings", "command", "error-codes", "python/index", "glossary"],
    "Understand": ["architecture", "decisions/index", "private-names", "bench", "figures", "examples"],
    "Take part": ["contributing", "security-policy", "code-of-conduct", "changelog", "licence"],
}


def listed() -> list[str]:
    """All pages that are named."""
    return [page for pages in CONTENTS.values() for page in pages]


def navigation() -> str:
    """The contents as Sphinx takes them, for the end of the first page."""
    trees = (tree_of(names, f":caption: {caption}\n") for caption, names in CONTENTS.items())
    return "\n" + "\n\n".join(trees) + "\n"


def tree_of(names: Iterable[str], options: str = "") -> str:
    """What tells Sphinx which pages stand below one."""
    below = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n{options}\n{below}\n```"
