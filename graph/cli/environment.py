"""The environment of a command: variables enter; nothing leaves, or `UnknownVariable`."""

import os

from graph.building import building
from graph.errors import UnknownVariable
from graph.settings import Settings
from graph.variables import refuse_unknown_variables


def settings_of_the_environment() -> Settings:
    """The settings of a command that uses a database.

    Raises `UnknownVariable` for a variable that neither the server nor the domain knows, unless these settings say that
    nothing is checked.
    """
    settings = Settings()
    if settings.start_checks:
        _refuse_misspelt()
    return settings


def _refuse_misspelt() -> None:
    try:
        refuse_unknown_variables(os.environ, Settings)
    except UnknownVariable:
        with building():
            from graph.schema import DOMAIN  # late: most environments have nothing that the domain alone knows

        refuse_unknown_variables(os.environ, Settings, DOMAIN.settings)
