"""Tests of entities: whatever schema people have, the house serves it, and refuses what it cannot."""
