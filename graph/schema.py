"""The schema: the one list of what can be asked. A new noun adds one line here."""

from graph.entity import Schema, query_type
from graph.settings import Settings
from graph.types.account import Account
from graph.types.document import Document
from graph.types.order import Order
from graph.types.order_line import OrderLine
from graph.types.post import SEARCH, Post
from graph.types.role import Role
from graph.types.tag import Tag
from graph.types.transfer import Transfer
from graph.types.user import User

__all__ = ["Query", "Schema", "make_schema"]

Query = query_type(
    User,
    Role,
    Post,
    Tag,
    Document,
    Order,
    OrderLine,
    Account,
    Transfer,
    extra=[SEARCH],
)


def make_schema(settings: Settings | None = None) -> Schema:
    """The schema of our nouns, with the limits of these settings; without settings, with the defaults."""
    return Schema(Query, settings or Settings.model_construct())
