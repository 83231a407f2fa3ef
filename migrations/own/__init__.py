"""The revisions of Trellis's own tables; see `db.own`."""
