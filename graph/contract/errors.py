"""Why a check of the contract could not run. Each sentence names the cure."""


class ContractError(Exception):
    """A check could not run: a schema, a list or a count of uses cannot be read."""
