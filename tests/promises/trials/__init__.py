"""Trials of promises that take longer than a test may: each a function that finds a figure, and which bars it misses.

`python -m tests.promises` runs them, each in a process of its own.
"""
