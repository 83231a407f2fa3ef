"""Rates: who asks, and how often; whether once more is allowed leaves, and after how many seconds it would be.

`rules` say what a limit is, over the hits of one name; a `record` holds the hits of a name, and `counters` keep records
where processes share them: in memory, in the database, or in Redis. `operations` limits operations by their points.
Sign-in is limited in `graph.auth.limiting`. No noun and no statement of an application is known here. Why:
docs/decisions/0034-rates.md.
"""
