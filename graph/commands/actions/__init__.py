"""What the commands about nouns do, each module imported when one of its commands runs."""
