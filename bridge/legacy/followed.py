"""What the bridge follows for its clients: for each stream of the facade, how to ask for it and what clients are told;
follows nothing itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.call_json import ALL_CALLS_CHANNEL, CALLS_CHANNEL, all_calls_event
from bridge.facade import Facade, Streaming
from bridge.legacy.translations import Translations
from bridge.outbound_json import outbound_events
from bridge.user_json import DEVICES_CHANNEL, device_event
from dialbridge.v1.call_service_pb2 import WatchCallsRequest
from dialbridge.v1.device_service_pb2 import DeviceChange, WatchDevicesRequest
from dialbridge.v1.outbound_service_pb2 import OutboundMessage, WatchOutboundRequest
from dialbridge.v1.status_change_pb2 import StatusChange

Change = Any
"""A change of the stream, with at least ``position``."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event for the sessions of a user."""

    channel: str
    payload: bytes
    position: int | None
    """Where it stands in the past that can be replayed; None: it cannot be."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One stream."""

    name: str
    """For the log."""
    watch: Streaming[Any, Any]
    request: Callable[..., Any]
    """Makes the request from a ``resume_token``."""
    changes: Callable[[Any], Iterable[Change]]
    """The changes of a message that has some."""
    user_name: Callable[[Change], str]
    """Whose it is."""
    tell: Callable[[Change], Sequence[Told]]
    """What the user is told."""
    tell_supervisors: Callable[[Change], Sequence[Told]] = lambda _: ()
    """What those are told who may see everything."""


def calls_of(facade: Facade, translations: Translations) -> Followed:
    """The changes of all calls."""
    for_supervisors = translations.in_form(all_calls_event)

    def tell(change: StatusChange) -> Sequence[Told]:
        return (Told(CALLS_CHANNEL, translations.of(change), change.position),)

    def tell_supervisors(change: StatusChange) -> Sequence[Told]:
        return (Told(ALL_CALLS_CHANNEL, for_supervisors.of(change), None),)

    return Followed(
        "calls",
        facade.calls.WatchCalls,
        WatchCallsRequest,
        lambda message: message.changes.status_changes,
        lambda change: str(change.call.user_name),
        tell,
        tell_supervisors,
    )


def devices_of(facade: Facade, external_url: str) -> Followed:
    """The changes of all devices."""

    def tell(change: DeviceChange) -> Sequence[Told]:
        return (Told(DEVICES_CHANNEL, device_event(change.device, external_url), None),)

    return Followed(
        "devices",
        facade.devices.WatchDevices,
        WatchDevicesRequest,
        lambda message: message.changes.device_changes,
        lambda change: str(change.device.user_name),
        tell,
    )


def outbound_of(facade: Facade) -> Followed:
    """What became of all operations on campaigns."""

    def tell(message: OutboundMessage) -> Sequence[Told]:
        return [Told(channel, payload, None) for channel, payload in outbound_events(message)]

    return Followed(
        "outbound",
        facade.outbound.WatchOutbound,
        WatchOutboundRequest,
        lambda message: message.changes.messages,
        lambda message: str(message.user_name),
        tell,
    )
