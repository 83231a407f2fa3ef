"""The rights of our roles: who may do what. A right names all roles that it allows."""

from db.models.role import ADMIN, AUTHOR, EDITOR
from graph.writing import Right

ADMINS = Right(ADMIN)
EDITORS = Right(ADMIN, EDITOR)
AUTHORS = Right(ADMIN, AUTHOR, EDITOR)
"""Those who publish posts and make tags."""
