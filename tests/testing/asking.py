"""A schema that says who asks, and reads no database."""

import strawberry

WHO = "{ who }"


@strawberry.type
class Query:
    """One field."""

    @strawberry.field
    def who(self, info: strawberry.Info) -> str:
        """The name of the viewer."""
        name: str = info.context.viewer.name
        return name
