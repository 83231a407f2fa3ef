"""Loading: the DataLoaders of one operation."""
