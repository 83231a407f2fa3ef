"""Content from outside: Markdown files with front matter become users, posts, contributors and tags.

`files` finds and reads, `front_matter` takes a text apart, `metadata` checks what it says, `article` gives it meaning,
`storing` writes many articles with few statements, and `markdown` tells the whole story.
"""
