"""The rights of our roles: who may do what. A right names all roles that it allows."""

from graph.policies import ADMIN
from graph.writing import Right

ADMINS = Right(ADMIN)
