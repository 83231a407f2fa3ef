"""The one list of what can be asked and changed, and the domain that the server is made of.

A new noun adds one line here, and one for its changes. The machinery imports `DOMAIN` and no other noun.
"""

from itertools import chain

import strawberry

from db.own import Feature
from db.session.engines import Engines
from graph.audit import AuditLog
from graph.domain import Domain, Started
from graph.entity import Schema, query_type, viewer_field
from graph.following import row_changed, rows_changed
from graph.identity.identify import Identify
from graph.identity.service import Identity
from graph.identity.sign_ins import EXPIRED_SIGN_INS
from graph.mutations import account as account_mutations
from graph.mutations import document as document_mutations
from graph.mutations import identity
from graph.mutations import order as order_mutations
from graph.mutations import post as post_mutations
from graph.mutations import role as role_mutations
from graph.mutations import tag as tag_mutations
from graph.mutations import user as user_mutations
from graph.mutations.house import HouseSettings
from graph.policies import is_operator, visibility
from graph.settings import Settings
from graph.tabs import SIGN_IN, TABS
from graph.tabs.sample import SAMPLE
from graph.types.account import Account
from graph.types.audit_entry import AuditEntry
from graph.types.document import Document
from graph.types.order import Order
from graph.types.order_line import OrderLine
from graph.types.post import SEARCH, Post
from graph.types.role import Role
from graph.types.tag import Tag
from graph.types.transfer import Transfer
from graph.types.user import User
from graph.writing import mutation_type
from graph.writing.stored_keys import StoredKeys

DESCRIPTION = (
    "People, what they write, and what they buy and pay. Every list is a connection with pages, filters, orders and"
    " aggregates. Every object has an `id`, by which `node` finds it again. A mutation that was not done says why under"
    " `errors`. What you may not see looks as if it were not there."
)

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
    AuditEntry,
    extra=[SEARCH, viewer_field(User, "Who asks; null for nobody, and for machines that act for no user.")],
)


CHANGES = (
    identity,
    user_mutations,
    role_mutations,
    post_mutations,
    tag_mutations,
    document_mutations,
    account_mutations,
    order_mutations,
)
"""The modules of mutations. A new noun adds one here."""

Mutation = mutation_type(chain.from_iterable(module.MUTATIONS for module in CHANGES), AuditLog(), StoredKeys())


@strawberry.type(description="What can be followed, over a WebSocket or as server-sent events.")
class Subscription:
    """A new noun adds two lines here, if its changes are recorded."""

    user_changed = row_changed(User)
    users_changed = rows_changed(User)
    post_changed = row_changed(Post)
    posts_changed = rows_changed(Post)
    document_changed = row_changed(Document)
    documents_changed = rows_changed(Document)
    order_changed = row_changed(Order)
    orders_changed = rows_changed(Order)
    account_changed = row_changed(Account)
    accounts_changed = rows_changed(Account)
    transfers_changed = rows_changed(Transfer)


def make_schema(settings: Settings | None = None) -> Schema:
    """The schema of our nouns, with the limits of these settings; without settings, with the defaults."""
    settings = settings or Settings.model_construct()
    return Schema(Query, settings, mutation=Mutation, description=DESCRIPTION, subscription=Subscription)


def _start(engines: Engines, settings: Settings) -> Started:
    """Sign-in by our own tables; passwords are hashed in threads that end with the server."""
    identity = Identity(engines, settings)
    identify = Identify(engines, settings, identity.tokens)
    return Started(
        identify,
        [identity],
        identity.close,
        identity.tokens.check,
        [identity.limits],
        identify.has_credentials,
        identify.recognizes,
    )


DOMAIN = Domain(
    make_schema,
    visibility,
    _start,
    HouseSettings,
    is_operator,
    tabs=TABS,
    sign_in=SIGN_IN,
    sample=SAMPLE,
    expiring=[EXPIRED_SIGN_INS],
    own=[Feature.API_KEYS, Feature.AUDIT, Feature.CHANGES, Feature.COUNTERS, Feature.IDEMPOTENCY],
)
