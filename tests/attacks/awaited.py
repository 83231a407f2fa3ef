"""Attacks that still get through. The list is to be emptied: a case that holds must leave it, and its test says so."""

from collections.abc import Mapping

DEAR = "The price does not know yet what a filter and an order make the database do."
BYTES = "Answers have no bound in bytes yet."
COMPUTED = "A computed field runs once for each of its names."

AWAITED: Mapping[str, str] = {
    "an order by four counts through relations": DEAR,
    "any of a hundred patterns in long texts": DEAR,
    "lists in lists of a filter [sqlite]": DEAR,
    "a long text under a thousand names": BYTES,
    "a computed field under thousands of names": COMPUTED,
}
"""By the name of the attack, or by `name [dialect]`: why it gets through."""
