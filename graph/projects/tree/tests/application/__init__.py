"""Tests of what is served here; those of the machinery are in the other folders, and `make test-house` runs them."""
