"""Trellis over real HTTP: what a client may send, and what it gets back."""
