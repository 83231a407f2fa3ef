"""What an export may be asked for by name. Imports nothing, for help texts need these names."""

from enum import StrEnum


class Form(StrEnum):
    """The forms of an export."""

    TRELLIS = "trellis"
    INSPECTOR = "inspector"
    HIVE = "hive"
