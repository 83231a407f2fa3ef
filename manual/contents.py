"""The table of contents: every page of the manual, in the order in which people need them.

Paths of pages below `docs/`, without their suffix; those that are made while the site is built are in `manual.sources`.
"""

from collections.abc import Mapping, Sequence

CONTENTS: Mapping[str, Sequence[str]] = {
    "Begin": ["readme", "your-database", "reflect", "comparison", "migrating"],
    "Ask and change": ["asking", "changing", "errors", "files", "clients", "explorer", "types"],
    "Build": [
        *("own-fields", "resolvers", "policies", "own-mutations", "identity", "names", "views", "functions"),
        *("testing", "schema-checks", "usage", "trusted-documents", "federation"),
    ],
    "Run": [
        *("deployment", "operations", "scaling", "performance", "overload", "limits", "security", "http"),
        *("query-doctor", "promises"),
    ],
    "Look up": ["settings", "command", "error-codes", "python/index", "glossary"],
    "Understand": ["architecture", "decisions/index", "private-names", "bench", "examples"],
    "Take part": ["contributing", "security-policy", "code-of-conduct", "changelog", "licence"],
}


def listed() -> list[str]:
    """All pages that are named."""
    return [page for pages in CONTENTS.values() for page in pages]
