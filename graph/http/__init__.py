"""GraphQL over HTTP, apart from any schema: what is asked for is read, and what is answered is written.

A request of ASGI enters, an `OperationRequest` leaves, or several; results enter, a response with its status leaves.
The endpoint puts both together. Source: https://http-spec.graphql.org/; docs/decisions/0026-graphql-over-http.md.
"""
