"""Databases that were there before us: what is in one, and how that is to be mapped.

A connection enters, and a `Catalog` leaves: tables, views, columns, keys and more, in the database's own words
(`read`). From a catalog a `MappingPlan` follows: classes, attributes and relationships with their names, and each
guess that was made (`plan_of`). Nothing is written to the database, and no GraphQL is known here.
"""

from db.reflection.catalog import Catalog
from db.reflection.chosen import Chosen, UnknownSchema
from db.reflection.forms import Form, plain_form
from db.reflection.plan import MappingPlan
from db.reflection.planning import plan_of
from db.reflection.reading import UnreadDatabase, read

__all__ = [
    "Catalog",
    "Chosen",
    "Form",
    "MappingPlan",
    "UnknownSchema",
    "UnreadDatabase",
    "plain_form",
    "plan_of",
    "read",
]
