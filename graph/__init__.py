"""The API."""

VERSION = "1.0.0"
"""Of the machinery: a project that was made of it has a name and a version of its own."""
