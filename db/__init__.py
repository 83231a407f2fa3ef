"""The data layer: models, engines, sessions and statements. It knows nothing of GraphQL or HTTP."""
