"""The revisions of Trellis's own tables, a branch for each feature; see `db.own`.

Tables are named with their prefix: on PostgreSQL that becomes their schema (`db.dialects.own_names`). An index goes
with its table: PostgreSQL would look for one that is dropped by name in the application's schema.
"""
