"""Tests of the `trellis` command."""
