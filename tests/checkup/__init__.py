"""The checkup of an installation."""
