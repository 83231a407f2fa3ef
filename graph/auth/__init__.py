"""What sign-in and visibility are made of: passwords, tokens, secrets, limits of attempts, cookies' origins, policies.

Texts, requests and policies enter; hashes, claims and visibilities leave. No table is named here: users are
looked up in the room that knows their models (docs/decisions/0014-nouns-in-rooms-of-their-own.md).
"""
