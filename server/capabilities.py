"""Which operations a call offers in which state; whether the switch can do them is its own word."""

from collections.abc import Mapping
from functools import lru_cache

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    CALL_STATE_UNSPECIFIED,
    CAPABILITY_ANSWER,
    CAPABILITY_ATTACH_USER_DATA,
    CAPABILITY_DELETE_USER_DATA,
    CAPABILITY_DELETE_USER_DATA_PAIR,
    CAPABILITY_HANGUP,
    CAPABILITY_HOLD,
    CAPABILITY_RETRIEVE,
    CAPABILITY_SEND_DTMF,
    CAPABILITY_UPDATE_USER_DATA,
    CallState,
    Capability,
)

CAPABILITIES: Mapping[CallState.ValueType, tuple[Capability.ValueType, ...]] = {
    CALL_STATE_UNSPECIFIED: (),
    # The order that the Dial Preview Record page shows; for the other states the order means nothing.
    CALL_STATE_DIALING: (
        CAPABILITY_DELETE_USER_DATA_PAIR,
        CAPABILITY_ATTACH_USER_DATA,
        CAPABILITY_HANGUP,
        CAPABILITY_DELETE_USER_DATA,
        CAPABILITY_SEND_DTMF,
        CAPABILITY_UPDATE_USER_DATA,
    ),
    # No Hangup: a ringing call is answered or left to ring.
    CALL_STATE_RINGING: (
        CAPABILITY_ANSWER,
        CAPABILITY_UPDATE_USER_DATA,
        CAPABILITY_DELETE_USER_DATA,
        CAPABILITY_DELETE_USER_DATA_PAIR,
        CAPABILITY_ATTACH_USER_DATA,
    ),
    CALL_STATE_ESTABLISHED: (
        CAPABILITY_HOLD,
        CAPABILITY_SEND_DTMF,
        CAPABILITY_DELETE_USER_DATA,
        CAPABILITY_ATTACH_USER_DATA,
        CAPABILITY_DELETE_USER_DATA_PAIR,
        CAPABILITY_HANGUP,
        CAPABILITY_UPDATE_USER_DATA,
    ),
    CALL_STATE_HELD: (
        CAPABILITY_RETRIEVE,
        CAPABILITY_DELETE_USER_DATA,
        CAPABILITY_ATTACH_USER_DATA,
        CAPABILITY_DELETE_USER_DATA_PAIR,
        CAPABILITY_HANGUP,
        CAPABILITY_UPDATE_USER_DATA,
    ),
    CALL_STATE_RELEASED: (),
}


@lru_cache(maxsize=64)
def offered(
    state: CallState.ValueType, operations: frozenset[Capability.ValueType]
) -> tuple[Capability.ValueType, ...]:
    """The operations of ``state`` that a switch with ``operations`` can do, so that what is offered works."""
    return tuple(capability for capability in CAPABILITIES[state] if capability in operations)
