"""Tests of how rooms are cut: where nouns are, and where none is known."""
