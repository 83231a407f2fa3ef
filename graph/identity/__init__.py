"""Users with roles, their sign-ins, and API keys: who sends a request, by our tables.

Requests, credentials and sessions enter; viewers leave, and rows that the caller commits. Nothing here knows a type of
the schema. Another identification takes the place of the whole room
(docs/decisions/0014-nouns-in-rooms-of-their-own.md).
"""
