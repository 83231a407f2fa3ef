"""Claims about the data layer."""
