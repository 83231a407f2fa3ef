"""Subscriptions of nouns: each change of their rows, once and in order, for who may see them."""
