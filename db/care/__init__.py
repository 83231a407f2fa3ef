"""Care for a database that serves: copies of it, what has run out, how large it is, and what revisions would do to it.

Each module does one of these for the commands and for the server; none of them knows GraphQL.
"""
