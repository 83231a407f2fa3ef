"""What sign-in and visibility are made of: passwords, tokens, secrets, limits of attempts, cookies' origins, policies.

Texts, requests and policies enter; hashes, claims and visibilities leave. No table is named here: who somebody is, is
looked up where the models of users are (docs/decisions/0014-nouns-in-rooms-of-their-own.md).
"""
