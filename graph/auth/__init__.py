"""Who somebody is, and what they may see: passwords, tokens, cookies, API keys and policies.

Requests and secrets enter, a `Viewer` leaves. Nothing here knows a type of the schema.
"""
