"""Projects of one's own: the house without its nouns, with rooms that are written for whoever asks.

A folder's name, and perhaps a `MappingPlan`, enter; a tree of files leaves, which the machinery serves, checks and
tests. What was written is kept below `.trellis/`, so that later changes can be told from edits. No database is spoken
to here, and nothing is served. Why a project is a tree of its own: docs/decisions/0041-projects.md.
"""
