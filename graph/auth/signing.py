"""The keys that sign what clients keep: settings or a file enter, keys with their names leave."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from graph.auth.key_file import KEY_FILE, kept_key
from graph.errors import NoSharedKey
from graph.settings import Settings


class SigningKeys:
    """The first key signs, every key is believed, so that keys can be changed.

    Without keys in the settings there is one in a file, which is made when it is first needed.
    """

    def __init__(self, settings: Settings, key_file: Path = KEY_FILE) -> None:
        self._given = tuple(key.get_secret_value() for key in settings.token_keys)
        self._key_file = key_file
        self._is_shared = settings.several_machines

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        """Keys by the names that tokens have for them, the first one first.

        Raises `NoKey` when the settings have no key and no file can be written, and `NoSharedKey` where a key in a file
        would be of one machine of several.
        """
        if not self._given and self._is_shared:
            raise NoSharedKey
        keys = self._given or (kept_key(self._key_file),)
        return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
