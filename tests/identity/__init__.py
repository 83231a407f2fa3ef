"""Tests of identity by our tables: who is believed, for how long, and what it costs."""
