"""GraphiQL: its files, its page, and what a real browser makes of them."""
