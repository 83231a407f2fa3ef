"""Usage: runs of operations enter; who used which part of the schema, on which day and how often, leaves.

`counting` adds up in memory, `writing` puts sums into our own tables, `task` does so at intervals, `reading` gets them
back, and `exporting` and `unused` say what they mean. No request waits for any of it, and none fails by it. Why:
docs/decisions/0024-usage.md.
"""
