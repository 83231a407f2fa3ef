"""Side-by-side measurements: Trellis, its peers and what the same statements cost without GraphQL.

`make bench` starts PostgreSQL, fills it, starts every server in turn and prints a table. How to read it: README.md.
"""
