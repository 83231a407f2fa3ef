"""The machinery without our nouns: `make check-empty` takes them away and checks what is left."""
