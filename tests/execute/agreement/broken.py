"""Executors with one mistake each, to see that the law would find it."""

import asyncio
from typing import Any

from graphql import get_named_type, is_leaf_type, is_non_null_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class Backwards(StrawberryGraphQLCoreExecutionContext):
    """Answers in an order of its own."""

    def execute_fields(self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, *more: Any) -> Any:
        turned = dict(reversed(grouped_field_set.items()))
        return super().execute_fields(parent_type, source_value, path, turned, *more)


class Forgetful(StrawberryGraphQLCoreExecutionContext):
    """Does not merge what is selected below a field that is asked for twice."""

    def collect_subfields(self, return_type: Any, field_details_list: Any) -> Any:
        return super().collect_subfields(return_type, field_details_list[:1])


class ShortSighted(StrawberryGraphQLCoreExecutionContext):
    """Tells of a failed field only where it stands first."""

    def handle_field_error(self, raw_error: Any, return_type: Any, field_details_list: Any, path: Any) -> None:
        super().handle_field_error(raw_error, return_type, field_details_list[:1], path)


class Silent(StrawberryGraphQLCoreExecutionContext):
    """Leaves nulls without a reason."""

    def handle_field_error(self, raw_error: Any, return_type: Any, *more: Any) -> None:
        if is_non_null_type(return_type):
            super().handle_field_error(raw_error, return_type, *more)


class Lenient(StrawberryGraphQLCoreExecutionContext):
    """Puts null where there must be none."""

    def handle_field_error(self, *arguments: Any) -> None:
        self.error_propagation = False
        super().handle_field_error(*arguments)


class Unpunctual(StrawberryGraphQLCoreExecutionContext):
    """Begins each field that leads on later than the one before, so that few of them share a statement."""

    waits = 0

    def execute_field(self, parent_type: Any, source: Any, field_details_list: Any, *more: Any) -> Any:
        field = self.schema.get_field(parent_type, field_details_list[0].node.name.value)
        leaf = field is not None and is_leaf_type(get_named_type(field.type))
        begin = super().execute_field if leaf else self._late
        return begin(parent_type, source, field_details_list, *more)

    async def _late(self, *arguments: Any) -> Any:
        self.waits += 5
        for _ in range(self.waits):
            await asyncio.sleep(0)
        result = super().execute_field(*arguments)
        return await result if self.is_awaitable(result) else result


BROKEN = (Backwards, Forgetful, Silent, Lenient)
