"""What is not tried on this machine, and why."""


class Untried(Exception):
    """Something that a trial, or a run of tests, needs is not on this machine; the words name the cure."""
