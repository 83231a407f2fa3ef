"""The subgraph: what gateways are answered, what they compose, and whole gateways on top."""
