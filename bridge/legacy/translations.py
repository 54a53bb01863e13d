"""The bytes of every change in one form of JSON, made once for all who are told of it; pure."""

from collections.abc import Callable

from bridge.call_json import call_event
from bridge.settings import BridgeSettings, Profile
from dialbridge.v1.status_change_pb2 import StatusChange

KEPT = 4096
"""How many of the newest translations are kept for readers that come a little later."""


class Translations:
    """A bounded memory, by position, of what `bridge.call_json.call_event` or another form makes of changes."""

    def __init__(
        self, settings: BridgeSettings, form: Callable[[StatusChange, str, Profile], bytes] = call_event
    ) -> None:
        self._settings = settings
        self._form = form
        self._made: dict[int, bytes] = {}

    def in_form(self, form: Callable[[StatusChange, str, Profile], bytes]) -> "Translations":
        """The same changes in another form."""
        return Translations(self._settings, form)

    def of(self, change: StatusChange) -> bytes:
        """The whole event of ``change``."""
        made = self._made.get(change.position)
        if made is None:
            made = self._form(change, self._settings.external_url, self._settings.profile)
            self._made[change.position] = made
            if len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
        return made
