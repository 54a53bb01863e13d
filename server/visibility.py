"""Which calls a caller may see and asked to see; pure."""

import functools
from collections.abc import Callable, Collection
from typing import NamedTuple

from dialbridge.v1.call_pb2 import CallState
from dialbridge.v1.call_service_pb2 import CallFilter
from server.principal import Principal


class Sight(NamedTuple):
    """What decides whether a call, or a change of it, is seen."""

    call_id: str
    device_id: str
    user_name: str
    state: CallState.ValueType


Sees = Callable[[Sight], bool]


def sees(principal: Principal, wanted: CallFilter) -> Sees | None:
    """A predicate for what ``principal`` may see of what is ``wanted``; None where that is everything."""
    if principal.sees_all and not wanted.ByteSize():
        return None
    # A watcher has this for as long as it follows, so it is small: an empty frozenset takes as much as one of four.
    return functools.partial(
        _fits,
        _devices(principal, wanted),
        frozenset(wanted.user_names) if wanted.user_names else (),
        frozenset(wanted.call_ids) if wanted.call_ids else (),
        frozenset(wanted.states) if wanted.states else (),
    )


def _fits(
    devices: Collection[str] | None,
    users: Collection[str],
    calls: Collection[str],
    states: Collection[CallState.ValueType],
    sight: Sight,
) -> bool:
    return (
        (devices is None or sight.device_id in devices)
        and (not users or sight.user_name in users)
        and (not calls or sight.call_id in calls)
        and (not states or sight.state in states)
    )


def signs(principal: Principal, wanted: CallFilter) -> frozenset[str] | None:
    """Ids and names, one of which everything that is seen has as its device, its user or its call; None: there are no
    such."""
    devices = _devices(principal, wanted)
    return devices if devices is not None else frozenset(wanted.user_names or wanted.call_ids) or None


def _devices(principal: Principal, wanted: CallFilter) -> frozenset[str] | None:
    """The devices whose calls are seen; None: all. A wish for a device of somebody else shows nothing of it."""
    asked = frozenset(wanted.device_ids)
    if principal.sees_all:
        return asked or None
    return principal.device_ids & asked if asked else principal.device_ids
