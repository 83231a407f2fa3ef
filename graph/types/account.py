"""Accounts, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from db import models
from graph.entity import Connection, Node, entity, hybrid

if TYPE_CHECKING:
    from graph.types.transfer import Transfer
    from graph.types.user import User


@entity(models.Account)
class Account(Node):
    """Money of one user in one currency."""

    currency: str
    balance: Decimal = hybrid(needs=["balance_minor", "currency"])
    created_at: datetime
    updated_at: datetime
    owner: User
    outgoing_transfers: Connection[Transfer]
    incoming_transfers: Connection[Transfer]
