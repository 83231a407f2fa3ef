"""What revisions that have not run would do to servers that run: block them, or break them.

Revisions and settings enter, findings leave, each with the line of its revision and the safe way. No revision runs:
Alembic writes their statements, squawk says what those lock, and what is ours is added. Why:
docs/decisions/0066-care.md.
"""

from db.care.online.checking import findings, own_findings
from db.care.online.finding import CannotCheck, Effect, Finding

__all__ = ["CannotCheck", "Effect", "Finding", "findings", "own_findings"]
