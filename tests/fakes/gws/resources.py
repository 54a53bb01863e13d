"""What can be read, as answers; changes nothing."""

from typing import Any

from .calls import Call, Party
from .directory import User
from .envelope import Answer, not_found
from .operations import Operations
from .shapes import Renderer
from .switch import Switch

Json = dict[str, Any]


class Resources:
    """Reads of one user at a time."""

    def __init__(self, renderer: Renderer, switch: Switch, operations: Operations):
        self._renderer = renderer
        self._switch = switch
        self._operations = operations

    def me(self, user: User, subresources: str) -> Answer:
        """The user, with ``devices``, ``calls``, ``features``, ``channels`` where asked for (``*``: all)."""
        wanted = set(subresources.split(",")) if subresources else set()
        found: Json = {
            "devices": [self._device(user)],
            "calls": [self._renderer.call(call, party) for call, party in self._switch.of(user.device)],
            "channels": ["voice"] if user.name in self._operations.agent_states else [],
            "features": [self._renderer.feature(name) for name in user.features],
        }
        chosen = {name: value for name, value in found.items() if name in wanted or "*" in wanted}
        return Answer(members={"user": self._renderer.user(user, chosen)})

    def devices(self, user: User, *, full: bool) -> Answer:
        """All devices of the user: one."""
        if full:
            return Answer(members={"devices": [self._device(user)]})
        return Answer(members={"uris": [self._renderer.uri(f"/devices/{user.device.id}")]})

    def device(self, user: User, device_id: str) -> Answer:
        """One device."""
        if device_id != user.device.id:
            raise not_found()
        return Answer(members={"device": self._device(user)})

    def calls(self, user: User, *, full: bool) -> Answer:
        """The calls of the user that are not released."""
        found: list[tuple[Call, Party]] = self._switch.of(user.device)
        if full:
            return Answer(members={"calls": [self._renderer.call(call, party) for call, party in found]})
        uris = [self._renderer.uri(f"/me/calls/{self._renderer.call_id(call)}") for call, _ in found]
        return Answer(members={"uris": uris})

    def call(self, user: User, call_id: str) -> Answer:
        """One call."""
        return Answer(members={"call": self._renderer.call(*self._operations.find_call(user, call_id))})

    def features(self, user: User, *, full: bool) -> Answer:
        """What the user may use."""
        if full:
            return Answer(members={"features": [self._renderer.feature(name) for name in user.features]})
        return Answer(members={"uris": [self._renderer.uri(f"/features/{name}") for name in user.features]})

    def _device(self, user: User) -> Json:
        return self._renderer.device(user.device, self._operations.agent_states.get(user.name))
