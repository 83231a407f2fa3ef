"""Pages that are ours can be used by keys, read by screen readers, and seen by those who see little: axe says so."""
