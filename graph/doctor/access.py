"""Who may ask the doctor: a setting and the domain's operators enter, a question about a viewer leaves."""

from collections.abc import Callable, Mapping

from graph.settings import DoctorAccess
from graph.viewer import Viewer


def access_to_doctor(access: DoctorAccess, is_operator: Callable[[Viewer], bool]) -> Callable[[Viewer], bool]:
    """Whether a viewer may see the statements of operations."""
    by_access: Mapping[DoctorAccess, Callable[[Viewer], bool]] = {
        DoctorAccess.OFF: lambda _viewer: False,
        DoctorAccess.OPERATORS: is_operator,
        DoctorAccess.EVERYBODY: lambda _viewer: True,
    }
    return by_access[access]
