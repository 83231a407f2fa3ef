"""Tests of identity: who is believed, for how long, and what it costs."""
