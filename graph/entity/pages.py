"""The connection of one parent, an edge of it, and where its page stands.

A to-many field becomes a `ConnectionPlan` once for all parents; each parent gets a `ConnectionValue`, which fetches
nothing until one of its fields is asked. Source: https://relay.dev/graphql/connections.htm
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from db.fast import Values
from db.statements import Key
from graph.entity.cursors import encode_cursor
from graph.entity.registry import Entity
from graph.loading.loaders import ListQuery, Loaders, Order, Page, PageArguments, Projection


@dataclass(frozen=True, eq=False)
class ConnectionPlan:
    """What a connection's field, its arguments and its selection mean, the same for every parent."""

    entity: Entity
    listing: ListQuery
    order: Order
    window: PageArguments
    wanted: Projection
    loaders: Loaders


class ConnectionValue(NamedTuple):
    """The connection of one parent: planned, not fetched."""

    plan: ConnectionPlan
    key: Key

    async def page(self) -> Page:
        """The page, fetched with those of all other parents."""
        plan = self.plan
        found = await plan.loaders.pages(plan.listing, plan.order, plan.window, plan.wanted).load(self.key)
        return plan.window.page(found)

    def node(self, row: Values) -> Any:
        """The row as an object of its type."""
        return self.plan.entity.instance(self.plan.wanted.columns, row)

    def cursor(self, row: Values) -> str:
        """Where the row stands."""
        width = len(self.plan.wanted.columns)
        end = len(row) - len(self.key)
        return encode_cursor(self.plan.order.identity, row[width:end])


class EdgeValue(NamedTuple):
    """A row and the connection that it is part of."""

    connection: ConnectionValue
    row: Values


class PageInfoValue(NamedTuple):
    """A page and the connection that it is part of."""

    connection: ConnectionValue
    page: Page
