"""What the commands of every house do, each module imported when one of its commands runs."""
