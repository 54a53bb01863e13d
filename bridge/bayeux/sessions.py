"""All sessions of one server: what becomes of each request, who gets an event, and who is gone; pure.

A transport gives a batch to `Sessions.receive` and writes what the `Outcome` says; a connect that is held comes back
to it as a `Hold`, which ends by `Hold.over` or by the transport's own clock, and is then answered with
`Sessions.release`.
"""

import enum
import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bridge.bayeux.channels import (
    CONNECT,
    HANDSHAKE,
    META,
    SERVICE,
    is_channel,
    is_pattern,
    is_well_formed_pattern,
)
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import VERSION, Event, Reply, Request, advice
from bridge.bayeux.session import Hold, HoldEnd, Session, Stream

LONG_POLLING = "long-polling"
WEBSOCKET = "websocket"
CONNECTION_TYPES = (WEBSOCKET, LONG_POLLING)

UNKNOWN = "402::Unknown client"
"""What CometD 3 says; clients go by the number and the advice."""


class End(enum.Enum):
    """Why a session ended, with the code and words for its socket. RFC 6455, 7.4.1."""

    DISCONNECTED = (1000, "disconnected")
    EXPIRED = (1000, "expired")
    REPLACED = (1000, "a new handshake on the same socket")
    SLOW = (1008, "the client did not take its messages in time")
    SIGNED_OUT = (1000, "the HTTP session ended")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch came from."""

    principal: str
    http_session: str
    browser: str = ""
    """The cookie BAYEUX_BROWSER, if there was one."""
    stream: Stream | None = None
    """The socket; None for a request of long-polling."""
    session: Session | None = None
    """The session that the socket is bound to."""


@dataclass(slots=True)
class Outcome:
    """What to write, in this order: events, then replies. A hold is answered later."""

    events: list[Event] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    hold: Hold | None = None
    session: Session | None = None
    """The session that the batch was about, and that a socket is bound to from now on."""
    browser: str = ""
    """A cookie BAYEUX_BROWSER to set."""
    closes: bool = False
    """Whether a socket is closed after the replies."""


class Sessions:
    """Every session, by client id and by principal."""

    def __init__(
        self,
        limits: Limits,
        *,
        may_subscribe: Callable[[str, str], bool],
        new_id: Callable[[], str],
        on_end: Callable[[Session, End], None],
    ) -> None:
        """``may_subscribe`` takes principal and channel; ``new_id`` gives ids that cannot be guessed."""
        self._limits = limits
        self._may_subscribe = may_subscribe
        self._new_id = new_id
        self._on_end = on_end
        self._sessions: dict[str, Session] = {}
        self._by_principal: dict[str, dict[str, Session]] = {}
        self._by_http_session: dict[str, dict[str, Session]] = {}
        self._expiries: list[tuple[float, int, Session]] = []
        self._count = itertools.count()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def receive(self, requests: Sequence[Request], origin: Origin, now: float) -> Outcome:
        """Take one batch. Every message gets one reply, in the order of the messages; a held connect gets it later."""
        outcome = Outcome(session=origin.session)
        handshake = next((request for request in requests if request.channel == HANDSHAKE), None)
        for request in requests:
            reply: Reply | None
            if handshake is not None:
                # A handshake stands alone: whatever comes with it has no session yet.
                reply = self._handshake(request, origin, outcome, now) if request is handshake else _unknown(request)
            elif request.channel == CONNECT:
                reply = self._connect(request, origin, outcome, now, alone=len(requests) == 1)
            else:
                reply = self._other(request, origin, outcome, now)
            if reply is not None:
                outcome.replies.append(reply)
        return outcome

    def release(self, hold: Hold, now: float) -> Outcome | None:
        """Answer a held connect that is over, by the transport's clock if by nothing else; None: nothing may be
        written."""
        session = hold.session
        hold.over(HoldEnd.TIMEOUT)
        if session.hold is hold:
            session.hold = None
            self._expire(session, now + session.interval + self._limits.max_interval)
        outcome = Outcome(session=session)
        match hold.end:
            case HoldEnd.REPLACED:
                return None
            case HoldEnd.SESSION_ENDED:
                outcome.replies.append(hold.request.answer(advice=advice("none", self._limits)))
            case _:
                outcome.events = session.take()
                outcome.replies.append(self._connected(hold.request, with_advice=hold.with_advice))
        return outcome

    def drained(self, hold: Hold, interval: float) -> Reply:
        """The answer to a held connect of a server that is being stopped: come back after ``interval`` seconds."""
        hold.over(HoldEnd.DRAINED)
        hold.session.hold = None
        return hold.request.answer(advice=advice("retry", self._limits, interval=interval))

    def abandon(self, hold: Hold, now: float) -> None:
        """The connection of a held connect broke: what is queued stays, and the client has a while to come back."""
        hold.wake = None
        hold.over(HoldEnd.REPLACED)
        if hold.session.hold is hold:
            hold.session.hold = None
            self._expire(hold.session, now + hold.session.interval + self._limits.max_interval)

    def unbind(self, session: Session, stream: Stream, now: float) -> None:
        """The socket of a session is gone; the session has a while to come back on another one."""
        if session.stream is not stream or session.ended:
            return
        session.stream = None
        if session.hold is not None:
            self.abandon(session.hold, now)
        else:
            self._expire(session, now + session.interval + self._limits.max_interval)

    def publish(self, principal: str, event: Event) -> list[Session]:
        """Queue an event for the principal's sessions that want it; those that now have something to be told."""
        told: list[Session] = []
        for session in list(self._by_principal.get(principal, {}).values()):
            if not session.wants(event.channel):
                continue
            if session.offer(event, self._limits):
                told.append(session)
            else:
                self.end(session, End.SLOW)
        return told

    def end_http_session(self, http_session: str) -> None:
        """End what was opened under an HTTP session that has ended."""
        for session in list(self._by_http_session.get(http_session, {}).values()):
            self.end(session, End.SIGNED_OUT)

    def sweep(self, now: float) -> None:
        """End the sessions that were not heard of in time; costs what has come due, not what there is."""
        while self._expiries and self._expiries[0][0] <= now:
            due, _, session = heapq.heappop(self._expiries)
            if session.expires_at == due and not session.ended:
                self.end(session, End.EXPIRED)

    @property
    def next_expiry(self) -> float | None:
        """When `sweep` next may have something to do."""
        return self._expiries[0][0] if self._expiries else None

    def end(self, session: Session, why: End) -> None:
        """End a session: a held connect is answered that there is nothing to come back to, the socket is closed."""
        if session.ended:
            return
        session.ended = why.value[1]
        session.expires_at = None
        session.take()
        del self._sessions[session.client_id]
        _discard(self._by_principal, session.principal, session.client_id)
        _discard(self._by_http_session, session.http_session, session.client_id)
        hold, session.hold = session.hold, None
        if hold is not None:
            # Who was too slow shall handshake again, so it is not told that it is over.
            hold.over(HoldEnd.REPLACED if why in (End.SLOW, End.REPLACED) else HoldEnd.SESSION_ENDED)
        if session.stream is not None and why is not End.DISCONNECTED and why is not End.REPLACED:
            session.stream.ended(*why.value)
        self._on_end(session, why)

    # ------------------------------------------------------------ one message each

    def _handshake(self, request: Request, origin: Origin, outcome: Outcome, now: float) -> Reply:
        limits = self._limits
        offered = request.members.get("supportedConnectionTypes")
        common = [name for name in CONNECTION_TYPES if isinstance(offered, list) and name in offered]
        if not common:
            types = ",".join(CONNECTION_TYPES)
            return request.answer(
                error=f"400:{types}:connection_types_unsupported", advice=advice("none", limits), version=VERSION
            )
        previous = origin.session or self._find(request, origin)
        if previous is not None:
            self.end(previous, End.REPLACED)
        if (
            len(self._sessions) >= limits.sessions
            or len(self._by_principal.get(origin.principal, ())) >= limits.sessions_per_principal
        ):
            return request.answer(
                error="503::too_many_sessions",
                advice=advice("handshake", limits, interval=limits.refused_for),
                version=VERSION,
            )
        session = Session(
            client_id=self._new_id(),
            principal=origin.principal,
            http_session=origin.http_session,
            browser=origin.browser or self._new_id(),
            expires_at=None,
            interval=limits.interval,
            stream=origin.stream,
        )
        self._sessions[session.client_id] = session
        self._by_principal.setdefault(session.principal, {})[session.client_id] = session
        self._by_http_session.setdefault(session.http_session, {})[session.client_id] = session
        self._expire(session, now + limits.first_connect)
        outcome.session = session
        outcome.browser = "" if origin.browser else session.browser
        return request.answer(
            version=VERSION,
            minimumVersion=VERSION,
            clientId=session.client_id,
            supportedConnectionTypes=list(CONNECTION_TYPES),
            advice=advice("retry", limits),
        )

    def _connect(self, request: Request, origin: Origin, outcome: Outcome, now: float, *, alone: bool) -> Reply | None:
        session = self._find(request, origin)
        if session is None:
            return request.answer(error=UNKNOWN, advice=advice("handshake", self._limits, interval=0))
        outcome.session = session
        self._bind(session, origin)
        if session.hold is not None:  # the client lost it, or it would not ask again
            session.hold.over(HoldEnd.REPLACED)
            session.hold = None
        with_advice = isinstance(request.members.get("advice"), dict)
        asked = request.number("advice", "timeout")
        timeout = self._limits.timeout if asked is None else min(asked, self._limits.timeout)
        interval = request.number("advice", "interval")
        if interval is not None:
            session.interval = min(interval, self._limits.max_interval)
        first, session.connected = not session.connected, True
        # The first connect is answered at once for clients that wait for it before they do anything else.
        if first or timeout == 0 or not alone or (session.queue and origin.stream is None):
            self._expire(session, now + session.interval + self._limits.max_interval)
            outcome.events = session.take()
            return self._connected(request, with_advice=with_advice)
        session.expires_at = None
        session.hold = Hold(session, request, now + timeout, with_advice)
        outcome.hold = session.hold
        outcome.events = session.take()  # on a socket they need not wait for the answer
        return None

    def _other(self, request: Request, origin: Origin, outcome: Outcome, now: float) -> Reply:
        if request.channel is None:
            return request.answer(error="400::channel_missing")
        if not is_channel(request.channel, self._limits.channel_characters):
            return request.answer(error="405::channel_invalid")
        session = self._find(request, origin)
        if session is None:
            return _unknown(request)
        outcome.session = session
        self._bind(session, origin)
        if session.expires_at is not None:
            lives = self._limits.first_connect if not session.connected else self._limits.max_interval
            self._expire(session, max(session.expires_at, now + lives))
        match request.channel:
            case "/meta/subscribe":
                return self._subscribe(request, session)
            case "/meta/unsubscribe":
                return self._unsubscribe(request, session)
            case "/meta/disconnect":
                return self._disconnect(request, session, outcome)
            case _:
                return _publish(request)

    def _subscribe(self, request: Request, session: Session) -> Reply:
        channels = self._subscription(request)
        given = request.members.get("subscription")
        if given is None:
            return request.answer(error="403::subscription_missing")
        if channels is None:
            return request.answer(error="403::subscription_invalid", subscription=given)
        if any(channel.startswith(META) or not self._may_subscribe(session.principal, channel) for channel in channels):
            return request.answer(error="403:forbidden:subscribe_denied", subscription=given)
        wanted = session.subscriptions | {channel for channel in channels if not channel.startswith(SERVICE)}
        if len(wanted) > self._limits.subscriptions:
            return request.answer(error="403:too_many:subscribe_denied", subscription=given)
        session.subscriptions = wanted
        return request.answer(subscription=given)

    def _unsubscribe(self, request: Request, session: Session) -> Reply:
        channels = self._subscription(request)
        given = request.members.get("subscription")
        if given is None:
            return request.answer(error="403::subscription_missing")
        if channels is None:
            return request.answer(error="403::subscription_invalid", subscription=given)
        session.subscriptions -= set(channels)
        return request.answer(subscription=given)

    def _disconnect(self, request: Request, session: Session, outcome: Outcome) -> Reply:
        if session.stream is not None and session.hold is not None:
            # On a socket the held connect is answered first, or the client waits for it before it closes.
            outcome.replies.append(session.hold.request.answer(advice=advice("none", self._limits)))
            session.hold.wake = None
        outcome.closes = session.stream is not None
        self.end(session, End.DISCONNECTED)
        return request.answer()

    # ------------------------------------------------------------ what these share

    def _find(self, request: Request, origin: Origin) -> Session | None:
        """The live session that a message is about, if it may be about it."""
        session = self._sessions.get(request.client_id) if isinstance(request.client_id, str) else None
        if session is None or session.principal != origin.principal:
            return None
        if origin.browser and session.browser != origin.browser:
            return None
        if origin.session is not None and origin.session is not session and not origin.session.ended:
            return None  # a socket is for one session
        return session

    def _bind(self, session: Session, origin: Origin) -> None:
        """The newest socket wins; a request of long-polling takes the session off its socket."""
        if session.stream is origin.stream:
            return
        old, session.stream = session.stream, origin.stream
        if session.hold is not None:
            session.hold.over(HoldEnd.REPLACED)
            session.hold = None
        if old is not None:
            old.ended(1000, "another connection took the session")

    def _connected(self, request: Request, *, with_advice: bool) -> Reply:
        return request.answer(advice=advice("retry", self._limits)) if with_advice else request.answer()

    def _subscription(self, request: Request) -> list[str] | None:
        given = request.members.get("subscription")
        channels = given if isinstance(given, list) else [given]
        longest = self._limits.channel_characters
        read = [each for each in channels if isinstance(each, str)]
        good = all(is_channel(each, longest) and is_well_formed_pattern(each) for each in read)
        return read if good and len(read) == len(channels) > 0 else None

    def _expire(self, session: Session, at: float) -> None:
        if session.expires_at != at and not session.ended:
            session.expires_at = at
            heapq.heappush(self._expiries, (at, next(self._count), session))


def _publish(request: Request) -> Reply:
    """Clients of this API only listen. A service channel has no listener, so a message to it is lost by design."""
    channel = str(request.channel)
    if channel.startswith(META) or is_pattern(channel):
        return request.answer(error="405::channel_invalid")
    if "data" not in request.members:
        return request.answer(error="400::data_missing")
    if channel.startswith(SERVICE):
        return request.answer()
    return request.answer(error="403:forbidden:publish_denied")


def _unknown(request: Request) -> Reply:
    """Without advice: some clients take any advice for the session's. Only connect and handshake answers carry it."""
    return request.answer(error=UNKNOWN)


def _discard(index: dict[str, dict[str, Session]], key: str, client_id: str) -> None:
    of_key = index[key]
    del of_key[client_id]
    if not of_key:
        del index[key]
