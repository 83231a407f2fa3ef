"""Words for full-text search, the same in Python and in every database.

`characters` says how a text becomes words and `english` which forms a word has. `query` reads what people look for.
`postgresql` and `sqlite` have the same words in SQL, so that indexes follow rows whoever writes them. No table of a
model is named here. The meaning: docs/decisions/0020-search.md.
"""
