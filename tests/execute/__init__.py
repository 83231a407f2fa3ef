"""An operation on its way: prepared, priced, limited, and run in a session of its own."""
