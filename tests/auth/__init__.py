"""Tests of what sign-in is made of: passwords, tokens, secrets and limits."""
