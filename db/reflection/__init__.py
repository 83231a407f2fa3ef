"""Databases that were there before us: what is in one, and how that is to be mapped.

A connection enters, and a `Catalog` leaves: tables, views, columns, keys and more, in the database's own words
(`catalog`). From a catalog a `MappingPlan` follows: classes, attributes and relationships with their names, and each
guess that was made (`plan`). Nothing is written to the database, and no GraphQL is known here.
"""
