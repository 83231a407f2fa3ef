"""What has changed in a database, row by row, in the order in which it was committed."""
