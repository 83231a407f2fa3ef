"""Preparing: a document becomes operations that can be run again and again."""
