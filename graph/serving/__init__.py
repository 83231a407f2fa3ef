"""The transport: bytes of strangers enter, requests within limits leave; a signal enters, a server that drains leaves.

uvicorn does the work; here it gets limits and an end. No request is read for what it asks, and nothing of GraphQL or of
a database is known. Why: docs/decisions/0035-transport.md.
"""
