"""The checkup of an installation, for `trellis doctor`: settings, a domain and databases enter; results leave.

A result is a sentence with a state, the cure and a page of the manual. What is looked at elsewhere (`graph.startup`,
`graph.health`, `db.probing`, `db.migrate`) is asked there and not looked at twice. What one operation costs is another
room's: the query doctor, `graph.doctor`.
"""
