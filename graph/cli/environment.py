"""What commands see to before they begin: variables and settings enter; nothing leaves, or `CannotStart`."""

import asyncio
import os

from graph.settings import Settings
from graph.startup import UnknownVariable, check_database, refuse_unknown_variables


def see_to_the_start(settings: Settings, wait_for_database_s: float | None) -> None:
    """See that the environment and the database are right, once for all workers. Raises `CannotStart`.

    The settings say how long to wait for the database where that is None.
    """
    if not settings.start_checks:
        return
    refuse_misspelt(settings)
    waits = {} if wait_for_database_s is None else {"wait_for_database_s": wait_for_database_s}
    asyncio.run(check_database(settings.model_copy(update=waits)))


def refuse_misspelt(settings: Settings) -> None:
    """Raise `UnknownVariable` for a variable that neither the server nor the domain knows."""
    if not settings.start_checks:
        return
    try:
        refuse_unknown_variables(os.environ, Settings)
    except UnknownVariable:
        from graph.schema import DOMAIN  # late: most environments have nothing that the domain alone knows

        refuse_unknown_variables(os.environ, Settings, DOMAIN.settings)
