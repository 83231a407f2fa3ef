"""Live queries over real sockets and streams, on both databases."""
