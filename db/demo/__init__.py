"""Demo data: a gardening club with its people, posts, papers, orders and money.

`fill` puts it into an empty database. Each room makes the rows of its nouns from a scale and a seed alone, so that
the same two numbers give the same rows everywhere: ids, UUIDs and timestamps included.
"""

from db.demo.filling import NotEmpty, fill
from db.demo.people import ADMIN_EMAIL, EDITOR_EMAIL, PASSWORD

__all__ = ["ADMIN_EMAIL", "EDITOR_EMAIL", "PASSWORD", "NotEmpty", "fill"]
