"""What the API shows, one module for each table."""
