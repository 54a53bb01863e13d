"""All sessions of one server: who they belong to, who gets an event, and who is gone; pure.

What becomes of a client's messages is `bridge.bayeux.exchange`'s.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence

from bridge.bayeux.channels import fitting
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event
from bridge.bayeux.session import End, Hold, HoldEnd, Session, Stream


class Sessions:
    """Every session, by client id, by principal and by HTTP session."""

    def __init__(self, limits: Limits, *, on_end: Callable[[Session, End], None]) -> None:
        """``on_end`` is told of every end, once, when the session is no longer among these."""
        self.limits = limits
        self._on_end = on_end
        self._sessions: dict[str, Session] = {}
        self._by_principal: dict[str, dict[str, Session]] = {}
        self._by_http_session: dict[str, dict[str, Session]] = {}
        self._looks: list[tuple[float, int, Session]] = []
        self._count = itertools.count()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def of_principal(self, principal: str) -> bool:
        """Whether the principal has any session."""
        return principal in self._by_principal

    def find(self, client_id: object) -> Session | None:
        """The live session with that client id."""
        return self._sessions.get(client_id) if isinstance(client_id, str) else None

    def has_room_for(self, principal: str) -> bool:
        """Whether there may be one more session, and one more of ``principal``."""
        return (
            len(self._sessions) < self.limits.sessions
            and len(self._by_principal.get(principal, ())) < self.limits.sessions_per_principal
        )

    def add(self, session: Session, now: float) -> None:
        """Take in a new session, which has a while to send its first connect."""
        self._sessions[session.client_id] = session
        self._by_principal.setdefault(session.principal, {})[session.client_id] = session
        self._by_http_session.setdefault(session.http_session, {})[session.client_id] = session
        self.expire(session, now + self.limits.first_connect)

    def attach(self, session: Session, http_session: str) -> None:
        """From now on the session ends with that HTTP session."""
        if session.http_session != http_session:
            _discard(self._by_http_session, session.http_session, session.client_id)
            self._by_http_session.setdefault(http_session, {})[session.client_id] = session
            session.http_session = http_session

    def publish(self, principal: str, event: Event) -> list[Session]:
        """Queue an event for the principal's sessions that want it; those that now have something to be told.

        A session whose queue has no room for it ends, rather than to lose one event unnoticed.
        """
        told: list[Session] = []
        full: list[Session] = []
        channels = fitting(event.channel)
        for session in self._by_principal.get(principal, {}).values():
            if session.wants(channels, event.position):
                (told if self._queue(session, event) else full).append(session)
        for session in full:
            self.end(session, End.SLOW)
        return told

    def _queue(self, session: Session, event: Event) -> bool:
        if session.offer(event, self.limits):
            return True
        if session.stream is None or not session.pushes:
            return False
        session.stream.flush()  # many events in one turn are no fault of the peer's
        return session.offer(event, self.limits)

    def tell(self, session: Session) -> None:
        """Let what is queued go, if there is a way: to the socket, or by the held connect."""
        stream = session.stream
        if stream is not None and not session.acks:
            stream.flush()
        elif session.hold is not None and session.queue and not session.writing:
            session.hold.over(HoldEnd.EVENTS)

    def written(self, session: Session) -> None:
        """The answer with the events of `Session.take_to_write` has gone out."""
        session.writing = False
        self.tell(session)

    def give_back(self, session: Session, events: Sequence[Event]) -> None:
        """The answer could not be written: its events are queued again, in front."""
        session.writing = False
        if session.end is not None:
            return
        if session.give_back(events, self.limits):
            self.tell(session)
        else:
            self.end(session, End.SLOW)

    def let_go(self, hold: Hold, now: float) -> None:
        """The connect is no longer held; the client has a while to send the next."""
        if hold.session.hold is hold:
            hold.session.hold = None
            self.await_connect(hold.session, now, pause=hold.pause)

    def abandon(self, hold: Hold, now: float) -> None:
        """The connection of a held connect broke: what is queued stays, and the client has a while to come back."""
        hold.wake = None
        hold.over(HoldEnd.REPLACED)
        self.let_go(hold, now)

    def unbind(self, session: Session, stream: Stream, now: float) -> None:
        """The socket of a session is gone; the session has a while to come back on another one."""
        if session.stream is not stream or session.end is not None:
            return
        session.stream = None
        if session.hold is not None:
            self.abandon(session.hold, now)
        else:
            self.await_connect(session, now)

    def await_connect(self, session: Session, now: float, pause: float | None = None) -> None:
        """The session's connect was answered: the clock that stops at the next connect runs."""
        self.expire(session, now + (session.interval if pause is None else pause) + self.limits.max_interval)

    def expire(self, session: Session, at: float) -> None:
        """The session ends at ``at``, unless this is called again before."""
        session.expires_at = at
        if session.looked_at is None or at < session.looked_at:
            # Later looks are planned by the sweep, so that a busy session is not in the heap once for every connect.
            session.looked_at = at
            heapq.heappush(self._looks, (at, next(self._count), session))

    def sweep(self, now: float) -> None:
        """End the sessions that were not heard of in time; costs what has come due, not what there is."""
        while self._looks and self._looks[0][0] <= now:
            planned, _, session = heapq.heappop(self._looks)
            if session.looked_at != planned or session.end is not None:
                continue
            session.looked_at = None
            if session.expires_at <= now:
                self.end(session, End.EXPIRED)
            else:
                self.expire(session, session.expires_at)

    def end_http_session(self, http_session: str) -> None:
        """End what belongs to an HTTP session that has ended."""
        for session in list(self._by_http_session.get(http_session, {}).values()):
            self.end(session, End.SIGNED_OUT)

    def end(self, session: Session, why: End) -> None:
        """End a session: its held connect is answered, its socket closed, what it had queued is gone."""
        if session.end is not None:
            return
        session.end = why
        session.queue.clear()
        session.sent.clear()
        session.queued_bytes = 0
        del self._sessions[session.client_id]
        _discard(self._by_principal, session.principal, session.client_id)
        _discard(self._by_http_session, session.http_session, session.client_id)
        hold, session.hold = session.hold, None
        stream, session.stream = session.stream, None
        if hold is not None:
            hold.over(HOLD_ENDS[why])
        if stream is not None and why is not End.DISCONNECTED:  # that is answered before the socket is closed
            stream.ended(*why.value)
        self._on_end(session, why)


HOLD_ENDS = {
    End.DISCONNECTED: HoldEnd.SESSION_ENDED,
    End.EXPIRED: HoldEnd.CUT_OFF,
    End.REPLACED: HoldEnd.REPLACED,
    End.SLOW: HoldEnd.CUT_OFF,
    End.SIGNED_OUT: HoldEnd.SESSION_ENDED,
    End.REPLAY_BROKEN: HoldEnd.CUT_OFF,
}
"""What the end of a session is for the connect that is held."""


def _discard(index: dict[str, dict[str, Session]], key: str, client_id: str) -> None:
    of_key = index[key]
    del of_key[client_id]
    if not of_key:
        del index[key]
