"""The transport, tried over real sockets."""
