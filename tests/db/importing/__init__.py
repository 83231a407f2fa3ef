"""Tests of the import of Markdown files, and the files and rows that they share."""
