"""Plugins for the run of graphql-core's tests.

They are loaded by their bare names, from this folder: there, the package `tests` is graphql-core's and not ours.
For the same reason they do not import one another.
"""
