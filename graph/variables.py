"""Variables of the environment that look like settings: an environment enters; nothing leaves, or `UnknownVariable`.

Their values are never repeated: any of them may hold a password.
"""

import re
from collections.abc import Mapping

from pydantic_settings import BaseSettings

from db.settings import DatabaseSettings
from graph.errors import UnknownVariable

OF_KUBERNETES = re.compile(r"_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
"""The end of variables that Kubernetes sets for a service called `trellis…`.
Source: https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables"""
ADDRESS_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")
"""The value of `…_PORT`."""


def refuse_unknown_variables(environment: Mapping[str, str], *classes: type[BaseSettings]) -> None:
    """Raise `UnknownVariable` for variables with our prefix that none of these settings reads.

    Who misspells a URL would get a new and empty database.
    """
    prefix = str(DatabaseSettings.model_config["env_prefix"])
    known = [f"{it.model_config.get('env_prefix', '')}{name}".upper() for it in classes for name in it.model_fields]
    names = [
        name
        for name, value in environment.items()
        if name.upper().startswith(prefix) and name.upper() not in known and not _is_of_kubernetes(name, value)
    ]
    if names:
        raise UnknownVariable(names, known)


def _is_of_kubernetes(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and ADDRESS_OF_KUBERNETES.match(value) is not None
    return is_address or any(found.end() == len(name) for found in OF_KUBERNETES.finditer(name))
