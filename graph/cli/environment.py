"""The environment of a command: variables enter; nothing leaves, or an error that names those which nobody reads."""

import os

from graph.settings import Settings
from graph.startup import UnknownVariable, refuse_unknown_variables


def refuse_misspelt(settings: Settings) -> None:
    """Raise `UnknownVariable` for a variable that neither the server nor the domain knows."""
    if not settings.start_checks:
        return
    try:
        refuse_unknown_variables(os.environ, Settings)
    except UnknownVariable:
        from graph.schema import DOMAIN  # late: most environments have nothing that the domain alone knows

        refuse_unknown_variables(os.environ, Settings, DOMAIN.settings)
