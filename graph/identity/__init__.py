"""Who somebody is, by our tables: users with roles, their sign-ins, and API keys.

Requests, credentials and sessions enter; viewers leave, and rows that the caller commits. Nothing here knows a type of
the schema. Another way to tell who asks takes the place of the whole room
(docs/decisions/0014-nouns-in-rooms-of-their-own.md).
"""
