"""The nouns. Each module holds one table, its constraints and its relationships; a new noun adds one line here."""

from db.models.account import Account
from db.models.api_key import ApiKey
from db.models.audit_entry import AuditEntry
from db.models.document import Document
from db.models.order import Order, OrderStatus
from db.models.order_line import OrderLine
from db.models.post import Post, PostStatus, post_contributors, post_tags
from db.models.role import Role, user_roles
from db.models.sign_in import SignIn
from db.models.tag import Tag
from db.models.transfer import Transfer
from db.models.user import User

__all__ = [
    "Account",
    "ApiKey",
    "AuditEntry",
    "Document",
    "Order",
    "OrderLine",
    "OrderStatus",
    "Post",
    "PostStatus",
    "Role",
    "SignIn",
    "Tag",
    "Transfer",
    "User",
    "post_contributors",
    "post_tags",
    "user_roles",
]
