"""Claims about the way from one shape of the database to the next."""
