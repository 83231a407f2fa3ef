"""Errors of money: user errors that only changes of accounts and orders answer with."""

from graph.writing import UserError, user_error


@user_error
class InsufficientFunds(UserError):
    """The account does not hold as much."""

    CODE = "INSUFFICIENT_FUNDS"


@user_error
class CurrencyMismatch(UserError):
    """The accounts, or the account and the order, have different currencies."""

    CODE = "CURRENCY_MISMATCH"
