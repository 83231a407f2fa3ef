"""Changes of orders: placing, paying, shipping and cancelling them."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import select, update

from db import models
from db.dialects import dialect_of
from db.models import OrderStatus
from db.models.role import ADMIN
from graph.entity.registry import entity_of
from graph.mutations.house import house_account
from graph.mutations.moving import MAX_MINOR_UNITS, PAYING, check_currencies, hold, minor_units, move, own
from graph.mutations.rights import ADMINS
from graph.mutations.texts import Currency, Line
from graph.types.account import Account
from graph.types.order import Order
from graph.types.transfer import Transfer
from graph.writing import (
    Change,
    IdempotencyKey,
    Input,
    Rejected,
    chosen,
    filter_of,
    id_of,
    idempotency_key,
    mutation,
    written,
)
from graph.writing.errors import Forbidden, InvalidInput, InvalidState
from graph.writing.payload import MAX_LISTED

MAX_LINES = 100
MAX_QUANTITY = 2**31 - 1


def _not_negative(price: Decimal) -> Decimal:
    if price < 0:
        raise ValueError("a price is 0 or more")
    return price


class OrderLineInput(Input):
    """One thing in an order."""

    description: Line = Field(description="What is bought.")
    quantity: int = Field(description="How many of it; at least 1.", ge=1, le=MAX_QUANTITY)
    unit_price: Annotated[Decimal, AfterValidator(_not_negative)] = Field(
        description="What one costs, in the currency of the order."
    )


class PlaceOrderInput(Input):
    """A new order."""

    currency: Currency = Field(description="The ISO 4217 code of its currency, for instance EUR.")
    lines: list[OrderLineInput] = Field(
        description=f"What is ordered: 1 to {MAX_LINES} lines.", min_length=1, max_length=MAX_LINES
    )
    idempotency_key: IdempotencyKey | None = idempotency_key()


class PayOrderInput(Input):
    """Which order is paid, and from where."""

    order_id: id_of(Order) = Field(description="Which order.")  # type: ignore[valid-type]  # Pydantic takes it
    from_account_id: id_of(Account) = Field(description="The account that the money leaves.")  # type: ignore[valid-type]  # as above
    idempotency_key: IdempotencyKey | None = idempotency_key()


class ShipOrderInput(Input):
    """Which order is on its way."""

    id: id_of(Order) = Field(description="Which order.")  # type: ignore[valid-type]  # as above


class CancelOrdersInput(Input):
    """Which orders are called off."""

    where: filter_of(Order) = Field(  # type: ignore[valid-type]  # as above
        None, description="Which of the pending orders. Every part of it must ask something; for all, say `all: true`."
    )
    all: bool = Field(False, description="Whether all pending orders are meant, in the place of `where`.")


@mutation(idempotent=True, order=Order)
async def place_order(values: PlaceOrderInput, change: Change) -> models.Order:
    """Place an order. Its prices stand as they are given."""
    if change.viewer.number is None:
        message = "This key acts for nobody, and an order has a customer; use a key that acts for somebody."
        raise Rejected(Forbidden(message, change.place))
    order = models.Order(currency=values.currency, customer_id=change.viewer.number, lines=_lines(values, change))
    change.session.add(order)
    await change.session.flush()
    change.touch(order)
    return order


def _lines(values: PlaceOrderInput, change: Change) -> list[models.OrderLine]:
    lines, total = [], 0
    for at, line in enumerate(values.lines):
        place = (*change.place, "lines", at)
        price = minor_units(line.unit_price, values.currency, (*place, "unitPrice"))
        total += line.quantity * price
        if total > MAX_MINOR_UNITS:
            raise Rejected(InvalidInput("The order costs more than any account can hold; order less at once.", place))
        lines.append(models.OrderLine(description=line.description, quantity=line.quantity, unit_price_minor=price))
    return lines


@mutation(idempotent=True, errors=(InvalidState, *PAYING), order=Order, transfer=Transfer)
async def pay_order(values: PayOrderInput, change: Change) -> dict[str, Any]:
    """Pay a pending order from an account of the viewer. The money goes to the house."""
    order = await change.find(models.Order, values.order_id, "orderId")
    place = (*change.place, "orderId")
    _check(order, OrderStatus.PENDING, "only a pending order can be paid", place)
    found = await change.session.scalar(select(models.Order.total_price_minor).where(models.Order.id == order.id))
    total = int(found or 0)
    if not total:
        raise Rejected(InvalidState("This order costs nothing, so there is nothing to pay.", place))
    (source_id,) = values.from_account_id
    house_id = await house_account(change, order.currency)
    held = await hold(change, source_id, house_id)
    account = (*change.place, "fromAccountId")
    source = own(held.get(source_id), change, account)
    check_currencies(source.currency, order.currency, account)
    if source_id == house_id:
        raise Rejected(InvalidInput("The house does not pay itself; choose another account.", account))
    transfer = await move(change, source, held[house_id], total, account)
    order.status = OrderStatus.PAID
    change.touch(order)
    return {"order": order, "transfer": transfer}


@mutation(right=ADMINS, errors=[InvalidState], order=Order)
async def ship_order(values: ShipOrderInput, change: Change) -> models.Order:
    """Say that a paid order is on its way."""
    order = await change.find(models.Order, values.id, "id")
    _check(order, OrderStatus.PAID, "only a paid order can be shipped", (*change.place, "id"))
    order.status = OrderStatus.SHIPPED
    change.touch(order)
    return order


def _check(order: models.Order, wanted: OrderStatus, rule: str, place: tuple[str | int, ...]) -> None:
    if order.status is not wanted:
        raise Rejected(InvalidState(f"This order is {order.status.value}; {rule}.", place))


@mutation(
    orders=(list[Order], f"The orders that were called off, as they are now; the first {MAX_LISTED}."),
    count=(int, "How many orders were called off."),
)
async def cancel_orders(values: CancelOrdersInput, change: Change) -> dict[str, Any]:
    """Call off pending orders: the viewer's own; for admins, everybody's."""
    row, conditions, bound = chosen(values, entity_of(Order), change)
    if not change.viewer.has(ADMIN):  # a policy may one day show orders to others than their customers
        conditions.append(row.customer_id == change.viewer.number)
    # Locked in one order, so that no two who cancel wait in a circle.
    pending = (
        select(row.id).where(row.status == OrderStatus.PENDING, *conditions).order_by(row.id).with_for_update(of=row)
    )
    cancel = update(models.Order).values(status=OrderStatus.CANCELLED, updated_at=change.now)
    if dialect_of(change.dialect).updates_return:
        meant = cancel.where(models.Order.id.in_(pending), models.Order.status == OrderStatus.PENDING)
        rows = await change.rows(meant.returning(models.Order.id), bound)
    else:
        rows = await change.rows(pending, bound)
        await change.session.execute(cancel.where(models.Order.id.in_([key for (key,) in rows])))
    orders = [written(Order, key) for key in sorted(key for (key,) in rows)]
    change.touch(*orders)
    return {"orders": orders[:MAX_LISTED], "count": len(orders)}


MUTATIONS = [place_order, pay_order, ship_order, cancel_orders]
