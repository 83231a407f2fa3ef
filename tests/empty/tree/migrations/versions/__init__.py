"""The revisions of the smallest application."""
