"""The record of changes: who did what, when, and with which input, in a table of Trellis's own.

Changes enter; rows leave, in the transaction of the change itself. No noun is known here: who did something is kept by
name and id, whoever knows the users. An application switches it on by `mutation_type(…, AuditLog())` and
`Domain(own=[Feature.AUDIT])`. Why: docs/decisions/0030-our-own-tables.md.
"""

from graph.audit.log import AuditLog, forget_user

__all__ = ["AuditLog", "forget_user"]
