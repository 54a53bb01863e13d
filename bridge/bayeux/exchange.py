"""What becomes of a client's messages: one reply each, in their order, or a connect that is held; pure.

A transport gives a batch to `Exchange.receive` and writes what the `Outcome` says. A connect that is held comes back to
it as a `Hold`, which ends by `Hold.over`, at the latest by the transport's own clock, and is answered as
`Exchange.release` says. On a socket events need no connect: they stay in the session's queue, and `Stream.flush` writes
them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from bridge.bayeux.channels import (
    CONNECT,
    HANDSHAKE,
    META,
    SERVICE,
    fitting,
    is_channel,
    is_pattern,
    is_well_formed_pattern,
)
from bridge.bayeux.messages import VERSION, Event, Reply, Request, advice
from bridge.bayeux.session import End, Hold, HoldEnd, Session, Stream
from bridge.bayeux.sessions import HOLD_ENDS, Sessions

LONG_POLLING = "long-polling"
WEBSOCKET = "websocket"
CONNECTION_TYPES = (WEBSOCKET, LONG_POLLING)

UNKNOWN = "402::Unknown client"
"""What CometD 3 says; clients go by the number and the advice."""


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


@dataclass(frozen=True, slots=True)
class Expired:
    """A replay that cannot be: what follows its beginning is no longer there."""

    oldest: int
    """The oldest position that there is."""


Start = int | str
"""Where a replay begins: after a position, at the very beginning (`EARLIEST`), or where a resume token stands."""
EARLIEST = -2
NEW_ONLY = -1


class Past(Protocol):
    """Events of the past that a transport got hold of before the exchange is asked; opaque here."""


@dataclass(slots=True)
class Outcome:
    """What to write, in this order: events, then replies. A hold is answered later."""

    session: Session | None = None
    """The session that the batch was about, and that a socket is bound to from now on."""
    events: list[Event] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    hold: Hold | None = None
    browser: str = ""
    """A cookie BAYEUX_BROWSER to set."""
    closes: bool = False
    """Whether a socket is closed after the replies."""
    replay: Past | None = None
    """What the session is to be given of the past, after the replies."""


class Exchange:
    """The rules of the conversation. Bayeux 1.0, 4 and 5."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        may_subscribe: Callable[[str, str], bool],
        new_id: Callable[[], str],
        replayed: str = "",
    ) -> None:
        """``may_subscribe`` takes principal and channel; ``new_id`` gives ids that cannot be guessed; ``replayed`` is
        the channel whose events have positions, and can be asked for again."""
        self._sessions = sessions
        self._limits = sessions.limits
        self._may_subscribe = may_subscribe
        self._new_id = new_id
        self._replayed = fitting(replayed) if replayed else frozenset()
        """The subscriptions that bring events with positions."""

    def replay_wanted(self, request: Request, origin: Origin) -> Start | None:
        """Where in the past a subscription shall begin; None where it is not one that does.

        The extension as Salesforce defines it, once a session: ``ext.replay`` has an id for each subscription.
        """
        session = origin.session or self._sessions.find(request.client_id)
        given = request.extension("replay")
        if request.channel != "/meta/subscribe" or session is None or session.principal != origin.principal:
            return None
        if not session.replays or session.live_after >= 0 or not isinstance(given, dict):
            return None
        channels = self._subscription(request)
        for channel in channels if isinstance(channels, list) else ():
            start = given.get(channel)
            if channel in self._replayed and isinstance(start, int | str) and not isinstance(start, bool):
                if isinstance(start, str) and start.lstrip("-").isdecimal():
                    start = int(start)
                return None if start == NEW_ONLY else start
        return None

    def receive(
        self,
        requests: Sequence[Request],
        origin: Origin,
        now: float,
        pasts: Mapping[int, Past | Expired] = MappingProxyType({}),
    ) -> Outcome:
        """Take one batch. Every message gets one reply, in the order of the messages; a held connect gets it later.

        ``pasts`` has what was found for each message, by its place in the batch, of which `replay_wanted` gave a start.
        """
        outcome = Outcome(session=origin.session)
        handshake = next((request for request in requests if request.channel == HANDSHAKE), None)
        for number, request in enumerate(requests):
            reply: Reply | None
            if handshake is not None:
                # A handshake stands alone: whatever comes with it has no session yet.
                reply = self._handshake(request, origin, outcome, now) if request is handshake else _unknown(request)
            elif request.channel == CONNECT:
                reply = self._connect(request, origin, outcome, now, alone=len(requests) == 1)
            else:
                reply = self._other(request, origin, outcome, now, pasts.get(number))
            if reply is not None:
                outcome.replies.append(reply)
        return outcome

    def release(self, hold: Hold, now: float) -> Outcome | None:
        """The answer to a held connect that is over, by the transport's clock if by nothing else.

        None: nothing may be written for it.
        """
        session = hold.session
        superseded = session.hold is not hold
        hold.over(HoldEnd.TIMEOUT)
        self._sessions.let_go(hold, now)
        end = hold.end
        if session.end is not None:
            end = HOLD_ENDS[session.end]
        elif superseded:
            end = HoldEnd.REPLACED  # after it was to be answered, and before it was
        outcome = Outcome(session=session)
        match end:
            case HoldEnd.REPLACED:
                return None
            case HoldEnd.CUT_OFF:
                outcome.replies.append(self._start_anew(hold.request))
            case HoldEnd.SESSION_ENDED:
                outcome.replies.append(hold.request.answer(advice=advice("none", self._limits)))
            case _:
                self._answer_connect(hold.request, session, outcome, hold.pause)
        return outcome

    # ------------------------------------------------------------ one message each

    def _handshake(self, request: Request, origin: Origin, outcome: Outcome, now: float) -> Reply:
        limits = self._limits
        offered = request.members.get("supportedConnectionTypes")
        if not isinstance(offered, list) or not any(name in offered for name in CONNECTION_TYPES):
            types = ",".join(CONNECTION_TYPES)
            return request.answer(
                error=f"400:{types}:connection_types_unsupported", version=VERSION, advice=advice("none", limits)
            )
        previous = origin.session or self._find(request, origin, outcome)
        if previous is not None:
            if previous.stream is origin.stream:
                previous.stream = None  # the socket is for the new session
            self._sessions.end(previous, End.REPLACED)
        if not self._sessions.has_room_for(origin.principal):
            return request.answer(
                error="503::too_many_sessions",
                version=VERSION,
                advice=advice("handshake", limits, interval=limits.refused_for),
            )
        if not origin.browser and origin.stream is None:  # on a socket it is too late for a cookie
            outcome.browser = self._new_id()
        session = Session(
            client_id=self._new_id(),
            principal=origin.principal,
            http_session=origin.http_session,
            browser=origin.browser or outcome.browser,
            interval=limits.interval,
            stream=origin.stream,
            acks=request.extension("ack") is True,
            replays=bool(self._replayed) and request.extension("replay") is True,
        )
        self._sessions.add(session, now)
        outcome.session = session
        extensions = {name: True for name, on in (("ack", session.acks), ("replay", session.replays)) if on}
        reply = request.answer(
            version=VERSION,
            minimumVersion=VERSION,
            clientId=session.client_id,
            supportedConnectionTypes=list(CONNECTION_TYPES),
            advice=advice("retry", limits),
        )
        if extensions:
            reply["ext"] = extensions
        return reply

    def _connect(self, request: Request, origin: Origin, outcome: Outcome, now: float, *, alone: bool) -> Reply | None:
        session = self._find(request, origin, outcome)
        if session is None:
            return self._start_anew(request)
        outcome.session = session
        self._bind(session, origin)
        self._sessions.attach(session, origin.http_session)
        if session.hold is not None:  # the client lost it, or it would not ask again
            session.hold.over(HoldEnd.REPLACED)
            session.hold = None
        asked = request.number("advice", "timeout")
        timeout = self._limits.timeout if asked is None else min(asked, self._limits.timeout)
        interval = request.number("advice", "interval")
        if interval is not None:
            session.interval = min(interval, self._limits.max_interval)
        first, session.connected = not session.connected, True
        acknowledged = request.extension("ack")
        if session.acks and isinstance(acknowledged, int) and not isinstance(acknowledged, bool):
            session.acknowledge(acknowledged)
        # The first connect is answered at once for clients that wait for it before they do anything else.
        waiting = not session.pushes and bool(session.queue) and not session.writing
        at_once = first or timeout == 0 or not alone or waiting
        if not at_once:
            session.hold = outcome.hold = Hold(session, request, now + timeout)
            self._sessions.await_connect(session, now + timeout)
            return None
        self._sessions.await_connect(session, now)
        self._answer_connect(request, session, outcome)
        return None

    def _answer_connect(self, request: Request, session: Session, outcome: Outcome, pause: float | None = None) -> None:
        if session.acks:
            outcome.events += session.take()  # kept until the client says that it has them
        elif session.stream is None:
            outcome.events += session.take_to_write()
        reply = self._still_there(request, pause)
        if session.acks:
            reply["ext"] = {"ack": session.close_batch()}
        outcome.replies.append(reply)

    def _other(
        self, request: Request, origin: Origin, outcome: Outcome, now: float, past: Past | Expired | None
    ) -> Reply:
        if request.channel is None:
            return request.answer(error="400::channel_missing")
        if not is_channel(request.channel, self._limits.channel_characters):
            return request.answer(error="405::channel_invalid")
        session = self._find(request, origin, outcome)
        if session is None:
            return _unknown(request)
        outcome.session = session
        self._bind(session, origin)
        self._sessions.expire(session, max(session.expires_at, now + self._limits.max_interval))
        match request.channel:
            case "/meta/subscribe":
                return self._subscribe(request, session, outcome, past)
            case "/meta/unsubscribe":
                return self._unsubscribe(request, session)
            case "/meta/disconnect":
                return self._disconnect(request, session, outcome)
            case _:
                return _publish(request)

    def _subscribe(self, request: Request, session: Session, outcome: Outcome, past: Past | Expired | None) -> Reply:
        channels = self._subscription(request)
        given = request.members.get("subscription")
        if isinstance(channels, str):
            return request.answer(error=channels, subscription=given)
        if any(channel.startswith(META) or not self._may_subscribe(session.principal, channel) for channel in channels):
            return request.answer(error="403:forbidden:subscribe_denied", subscription=given)
        wanted = session.subscriptions | {channel for channel in channels if not channel.startswith(SERVICE)}
        if len(wanted) > self._limits.subscriptions:
            return request.answer(error="403:too_many:subscribe_denied", subscription=given)
        if isinstance(past, Expired):
            start = next(iter(request.extension("replay").values()))
            return request.answer(
                error=f"400::The replayId {{{start}}} you provided was invalid. Please provide a valid ID, -2 to replay"
                " all events, or -1 to replay only new events.",
                subscription=given,
                ext={"replay": dict.fromkeys(channels, past.oldest)},
            )
        session.subscriptions = wanted
        if past is not None and outcome.replay is None and session.live_after < 0:
            session.live_after = math.inf
            outcome.replay = past
        return request.answer(subscription=given)

    def _unsubscribe(self, request: Request, session: Session) -> Reply:
        channels = self._subscription(request)
        given = request.members.get("subscription")
        if isinstance(channels, str):
            return request.answer(error=channels, subscription=given)
        session.subscriptions -= set(channels)
        if session.subscriptions.isdisjoint(self._replayed):
            session.live_after = -1
        return request.answer(subscription=given)

    def _disconnect(self, request: Request, session: Session, outcome: Outcome) -> Reply:
        outcome.closes = session.stream is not None
        # A held connect is answered from in here, on a socket so before this, or the client waits for it.
        self._sessions.end(session, End.DISCONNECTED)
        return request.answer()

    # ------------------------------------------------------------ what these share

    def _find(self, request: Request, origin: Origin, outcome: Outcome) -> Session | None:
        """The live session that a message is about, if it may be about it."""
        session = self._sessions.find(request.client_id)
        if session is None or session.principal != origin.principal:
            return None
        if origin.browser and session.browser and origin.browser != session.browser:
            return None
        if outcome.session is not None and outcome.session is not session:
            return None  # a batch is about one session, and so is a socket
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

    def _still_there(self, request: Request, pause: float | None = None) -> Reply:
        """Yes, with advice if the client gave some, or if it shall pause for once."""
        if pause is None and not isinstance(request.members.get("advice"), dict):
            return request.answer()
        return request.answer(advice=advice("retry", self._limits, interval=pause))

    def _start_anew(self, request: Request) -> Reply:
        return request.answer(error=UNKNOWN, advice=advice("handshake", self._limits, interval=0))

    def _subscription(self, request: Request) -> list[str] | str:
        """The channels of a subscription, or the error."""
        given = request.members.get("subscription")
        if given is None:
            return "403::subscription_missing"
        longest = self._limits.channel_characters
        channels = [
            each
            for each in (given if isinstance(given, list) else [given])
            if isinstance(each, str) and is_channel(each, longest) and is_well_formed_pattern(each)
        ]
        complete = len(channels) == (len(given) if isinstance(given, list) else 1) > 0
        return channels if complete else "403::subscription_invalid"


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
