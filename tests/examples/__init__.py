"""What GraphiQL opens with."""
