"""The servers that Trellis is measured against. Each runs in a process, and where needed an environment, of its own."""
