"""Bayeux sessions and what each meta message does to them; no HTTP, no websocket, no waiting (the edges hold)."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

HANDSHAKE, CONNECT, DISCONNECT = "/meta/handshake", "/meta/connect", "/meta/disconnect"
SUBSCRIBE, UNSUBSCRIBE = "/meta/subscribe", "/meta/unsubscribe"
MAX_QUEUE = 1000


@dataclass(frozen=True)
class Caller:
    """Whom a message comes from: the user, the HTTP session, the browser cookie."""

    user: str
    http_session: str
    browser: str | None = None
    refuse_handshake: bool = False


def matches(pattern: str, channel: str) -> bool:
    """Whether a subscription covers a channel."""
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2])
    if pattern.endswith("/*"):
        head, _, last = channel.rpartition("/")
        return head == pattern[:-2] and last != ""
    return pattern == channel


@dataclass(eq=False)
class Session:
    """One client. ``held`` is the future of the connect that waits, ``push`` the socket's way out if it has one."""

    caller: Caller
    client_id: str = field(default_factory=lambda: secrets.token_hex(20))
    subscriptions: set[str] = field(default_factory=set)
    queue: deque[Json] = field(default_factory=deque)
    held: asyncio.Future[str] | None = None
    push: Callable[[list[Json]], None] | None = None
    connected: bool = False
    deadline: float | None = None
    drained: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.drained.set()

    def put(self, event: Json) -> None:
        """Queue an event and wake what can carry it."""
        self.drained.clear()
        if self.push:
            self.push([event])
            return
        self.queue.append(event)
        self.wake("event")

    def wake(self, why: str) -> None:
        """Let the held connect be answered after this turn of the loop."""
        held = self.held
        if held is None or held.done():
            return
        if why == "event":
            asyncio.get_running_loop().call_soon(lambda: held.done() or held.set_result(why))
        else:
            held.set_result(why)

    def take(self) -> list[Json]:
        """All that is queued, for one answer."""
        events = list(self.queue)
        self.queue.clear()
        return events


class Bayeux:
    """All sessions. ``timeout`` is how long a connect is held, ``max_interval`` the life between two; seconds."""

    def __init__(self, *, timeout: float, max_interval: float, interval: float = 0.0, websocket: bool = False):
        self.sessions: dict[str, Session] = {}
        self.timeout, self.max_interval, self.interval = timeout, max_interval, interval
        self.transports = ["websocket", "long-polling"] if websocket else ["long-polling"]

    @property
    def advice(self) -> Json:
        """How clients are to reconnect."""
        return {
            "interval": round(self.interval * 1000),
            "timeout": round(self.timeout * 1000),
            "reconnect": "retry",
        }

    def find(self, client_id: object, caller: Caller) -> Session | None:
        """The live session of this caller."""
        session = self.sessions.get(client_id) if isinstance(client_id, str) else None
        if session is None or session.caller.user != caller.user or session.caller.browser != caller.browser:
            return None
        if session.deadline is not None and session.deadline < asyncio.get_running_loop().time():
            self.end(session, "expired")
            return None
        return session

    def end(self, session: Session, why: str = "ended") -> None:
        """Forget a session; its held connect is answered accordingly."""
        self.sessions.pop(session.client_id, None)
        session.wake(why)
        session.drained.set()

    def rest(self, session: Session) -> None:
        """No connect is held from now on: the session lives so long."""
        session.deadline = asyncio.get_running_loop().time() + self.interval + self.max_interval

    def deliver(self, user: str, channel: str, data: Json) -> None:
        """Queue an event for every session of the user that subscribed to it."""
        for session in list(self.sessions.values()):
            if session.caller.user != user or not any(matches(one, channel) for one in session.subscriptions):
                continue
            if len(session.queue) >= MAX_QUEUE:
                self.end(session)
            else:
                session.put({"data": data, "channel": channel})

    def answer(self, message: Json, caller: Caller) -> tuple[Session | None, Json, float]:
        """Session, reply, and for a connect the seconds that it may be held."""
        channel = message.get("channel")
        reply: Json = {"id": message["id"]} if "id" in message else {}
        reply["channel"] = channel
        if channel == HANDSHAKE:
            return (*self._handshake(message, caller, reply), 0.0)
        session = self.find(message.get("clientId"), caller)
        if session is None:
            reply |= {"successful": False, "error": "402::Unknown client"}
            if channel == CONNECT:
                reply["advice"] = {"reconnect": "handshake", "interval": 0}
            return None, reply, 0.0
        if session.deadline is not None:
            self.rest(session)
        match channel:
            case "/meta/connect":
                return session, *self._connect(message, session, reply)
            case "/meta/disconnect":
                reply["successful"] = True
                self.end(session)
            case "/meta/subscribe" | "/meta/unsubscribe":
                self._subscribe(message, session, reply)
            case _:
                reply |= {"successful": False, "error": f"403:{channel}:publish_denied"}
        return session, reply, 0.0

    def _handshake(self, message: Json, caller: Caller, reply: Json) -> tuple[Session | None, Json]:
        wanted = message.get("supportedConnectionTypes")
        common = [one for one in self.transports if isinstance(wanted, list) and one in wanted]
        reply |= {"version": "1.0", "supportedConnectionTypes": self.transports}
        if caller.refuse_handshake or not common:
            error = "403::Handshake denied" if caller.refuse_handshake else "400::connection_types_unsupported"
            return None, reply | {"successful": False, "error": error, "advice": {"reconnect": "none"}}
        session = Session(caller)
        self.sessions[session.client_id] = session
        self.rest(session)
        return session, {
            "minimumVersion": "1.0",
            "clientId": session.client_id,
            **reply,
            "advice": self.advice,
            "successful": True,
        }

    def _connect(self, message: Json, session: Session, reply: Json) -> tuple[Json, float]:
        reply["successful"] = True
        asked = message.get("advice")
        if isinstance(asked, dict):
            reply["advice"] = self.advice
        timeout = asked.get("timeout") if isinstance(asked, dict) else None
        hold = timeout / 1000 if isinstance(timeout, int | float) and timeout >= 0 else self.timeout
        if not session.connected:
            session.connected, hold = True, 0.0
            reply["advice"] = self.advice
        session.wake("superseded")
        return reply, min(hold, self.timeout)

    def _subscribe(self, message: Json, session: Session, reply: Json) -> None:
        wanted = message.get("subscription")
        channels = wanted if isinstance(wanted, list) else [wanted]
        reply["subscription"] = wanted
        if not channels or not all(isinstance(one, str) and one.startswith("/") for one in channels):
            reply |= {"successful": False, "error": "403::subscription_missing"}
        elif any(one.startswith("/meta/") for one in channels):
            reply |= {"successful": False, "error": f"403:{wanted}:subscribe_denied"}
        else:
            change = (
                session.subscriptions.update
                if message["channel"] == SUBSCRIBE
                else session.subscriptions.difference_update
            )
            change(channels)
            reply["successful"] = True
