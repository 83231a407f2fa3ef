"""The contract with clients: two schemas enter, and what changed between them leaves, with a verdict for each change.

No database and no noun is known here: the schemas may be those of another project.
"""
