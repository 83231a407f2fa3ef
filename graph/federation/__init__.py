"""A subgraph: what a gateway asks of the schema besides what clients ask. Off unless `TRELLIS_FEDERATION` is on.

A query type and its entities enter, the fields of a subgraph and its text leave. Rows are read by the same loaders and
under the same policies as everywhere; no noun is known here.
Sources: https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec and
https://graphql.github.io/composite-schemas-spec/draft/; docs/decisions/0029-federation.md.
"""
