"""Executors with one mistake each, to see that the law would find it."""

import asyncio
from typing import Any

from graphql import is_non_null_type
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
    """Lets each field wait longer than the one before, so that few of them share a statement."""

    waits = 0

    def execute_field(self, *arguments: Any) -> Any:
        result = super().execute_field(*arguments)
        return self._late(result) if self.is_awaitable(result) else result

    async def _late(self, result: Any) -> Any:
        self.waits += 5
        for _ in range(self.waits):
            await asyncio.sleep(0)
        return await result


BROKEN = (Backwards, Forgetful, ShortSighted, Silent, Lenient, Unpunctual)
