"""How much a client may have and how long it may take; the defaults are CometD's where CometD has any."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times are in seconds, sizes in bytes."""

    timeout: float = 30.0
    """How long a connect is held."""
    interval: float = 0.0
    """The pause that clients make between two connects."""
    max_interval: float = 10.0
    """How long a session lives between two connects, beyond ``interval``."""
    first_connect: float = 10.0
    """How long a session lives that has not sent its first connect, and a socket without a session."""
    sessions: int = 10_000
    sessions_per_principal: int = 20
    queue_messages: int = 1_000
    """Events that wait for one session; one more ends it, with a way back."""
    queue_bytes: int = 1 << 20
    body: int = 64 * 1024
    """Of one request, or one websocket message."""
    batch: int = 100
    """Messages of one request."""
    subscriptions: int = 100
    """Of one session."""
    channel_characters: int = 256
    write_buffer: int = 256 * 1024
    """What a socket may have that the kernel has not taken; beyond, events wait in the session's queue."""
    stalled: float = 10.0
    """How long a socket may take nothing before it is aborted."""
    refused_for: float = 10.0
    """When a client that was refused for want of room should come back."""
