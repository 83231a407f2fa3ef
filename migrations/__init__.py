"""Revisions of the database, applied by alembic; `trellis db upgrade` runs them."""
