"""The messages of Bayeux: what clients send, read leniently, and what they are answered; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bridge.bayeux.frames import text_frame
from bridge.bayeux.limits import Limits
from bridge.strict_json import MalformedJson, dumps, loads

VERSION = "1.0"
_DATA = b'{"data":{'
LONGEST_TIME = 10**12
"""Milliseconds, some 30 years; JSON has integers that no float holds."""

Reply = dict[str, object]


class MalformedBatch(ValueError):
    """What came is no batch of messages; the text says why."""


@dataclass(frozen=True)
class Event:
    """A message to subscribers, encoded once for all of them."""

    channel: str
    payload: bytes
    """The whole JSON object: ``{"data":...,"channel":...}``, without ``successful``."""
    position: int | None = None
    """Where it stands among all events, for who resumes."""

    @cached_property
    def replayable(self) -> "Event":
        """The same with its position in it, as ``data.event.replayId``, for sessions of the replay extension."""
        if self.position is None or not self.payload.startswith(_DATA):
            return self
        rest = self.payload[len(_DATA) :]
        comma = b"" if rest.startswith(b"}") else b","
        placed = b'%s"event":{"replayId":%d}%s%s' % (_DATA, self.position, comma, rest)
        return Event(self.channel, placed, self.position)

    @cached_property
    def frame(self) -> bytes:
        """The event as a websocket message of its own."""
        return text_frame(b"[" + self.payload + b"]")


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a client."""

    channel: object
    id: object
    client_id: object
    members: Mapping[str, Any] = field(repr=False)

    def number(self, member: str, below: str) -> float | None:
        """A non-negative number of milliseconds in an object, in seconds; never more than `LONGEST_TIME`."""
        outer = self.members.get(member)
        value = outer.get(below) if isinstance(outer, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            return None
        return min(value, LONGEST_TIME) / 1000

    def extension(self, name: str) -> Any:
        """What ``ext`` has under a name; None when nothing."""
        ext = self.members.get("ext")
        return ext.get(name) if isinstance(ext, dict) else None

    def answer(self, *, error: str | None = None, **members: object) -> Reply:
        """A reply: the same channel and id, and whether it was successful. Bayeux 1.0, 3."""
        reply: Reply = {"channel": self.channel} if isinstance(self.channel, str) else {}
        if isinstance(self.id, str | int) and not isinstance(self.id, bool):
            reply["id"] = self.id
        reply["successful"] = error is None
        if error is not None:
            reply["error"] = error
        reply.update(members)
        return reply


def read(body: bytes, limits: Limits) -> list[Request]:
    """The messages of a request, or of one websocket message; a bare object is taken too. Raises `MalformedBatch`."""
    try:
        decoded = loads(body)
    except MalformedJson as malformed:
        raise MalformedBatch(str(malformed)) from None
    messages = decoded if isinstance(decoded, list) else [decoded]
    if not messages:
        raise MalformedBatch("an empty array has no message")
    if len(messages) > limits.batch:
        raise MalformedBatch(f"more than {limits.batch} messages in one request")
    return [_request(message) for message in messages]


def _request(message: object) -> Request:
    if not isinstance(message, dict):
        raise MalformedBatch("every message must be an object")
    return Request(message.get("channel"), message.get("id"), message.get("clientId"), message)


def encode(events: Sequence[Event], replies: Sequence[Reply]) -> bytes:
    """One array: events before the replies that release the client."""
    return b"[" + b",".join([*(event.payload for event in events), *(dumps(reply) for reply in replies)]) + b"]"


def advice(reconnect: str, limits: Limits, *, interval: float | None = None) -> Mapping[str, object]:
    """Advice replaces all earlier advice, so it is always whole. Bayeux 1.0, 3.6."""
    pause = limits.interval if interval is None else interval
    return {"reconnect": reconnect, "interval": round(pause * 1000), "timeout": round(limits.timeout * 1000)}
