"""What can be changed, one module for each noun."""
