"""The HTTP sessions of legacy clients: who a request is from, and until when; what the caller may do is the facade's.

GWS reference, Return Values and CSRF Protection: HTTP Basic on any request, then the cookie ``JSESSIONID`` instead. A
password is never kept: the facade turns it into an access token, and later requests are compared with a salted digest.
"""

import functools
import hashlib
import hmac
import re
import secrets
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.envelope import access_denied
from bridge.facade import Metadata

_AUTHORIZATION = re.compile(r"(basic|bearer) +[\x21-\x7e]+", re.ASCII | re.IGNORECASE)
_LONGEST_AUTHORIZATION = 4096


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the facade gave for credentials."""

    user_name: str
    access_token: str
    expires_at: float
    """Seconds since the epoch."""
    sees_all: bool = False
    """Whether the user may see every call of the contact centre."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How many HTTP sessions there may be, and how long one lasts."""

    total: int = 20_000
    """Beyond it the session that was used longest ago ends."""
    per_user: int = 64
    """Beyond it one of the user's ends: not one in use if possible, best one whose cookie never came back."""
    idle: float = 30 * 60.0
    """Seconds without a request after which a session ends."""
    renewal: float = 60.0
    """Seconds before the end of the access token from when on a session takes credentials only."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller as the facade knows them."""

    user_name: str
    digest: bytes
    """Of the credentials that gave it, salted for this process."""
    metadata: Metadata
    """What proves the identity to the facade. A secret."""
    expires_at: float
    sees_all: bool
    """Whether the user may see every call of the contact centre."""


@dataclass(slots=True, eq=False)
class HttpSession:
    """One HTTP session."""

    id: str
    identity: Identity
    csrf_token: str
    last_used: float
    returned: bool = False
    """Whether a client has come back with the cookie. One that keeps no cookies leaves a session with every request."""
    in_flight: int = 0
    """Requests under way, held polls and open websockets among them; with any the session is not idle."""


class HttpSessions:
    """All HTTP sessions of the process. Bounded; every method but `admit` and `renew` is immediate."""

    def __init__(
        self,
        sign_in: Callable[[str], Awaitable[SignedIn]],
        *,
        clock: Callable[[], float],
        on_end: Callable[[str], None],
        limits: SessionLimits = SessionLimits(),
        new_id: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        """``sign_in`` takes an Authorization header, ``clock`` gives seconds since the epoch, ``on_end`` gets an id."""
        self._sign_in = sign_in
        self._clock = clock
        self._on_end = on_end
        self._limits = limits
        self._new_id = new_id
        self._salt = secrets.token_bytes(32)
        # All three in the order of last use.
        self._sessions: OrderedDict[str, HttpSession] = OrderedDict()
        self._by_user: dict[str, OrderedDict[str, HttpSession]] = {}
        self._identities: OrderedDict[bytes, Identity] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, session_id: str) -> HttpSession | None:
        """The session, if it has not ended."""
        return self._sessions.get(session_id)

    def sees_all(self, user_name: str) -> bool:
        """Whether a user who has a session may see every call of the contact centre."""
        return any(session.identity.sees_all for session in self._by_user.get(user_name, {}).values())

    async def admit(self, cookie: str | None, authorization: str | None) -> tuple[HttpSession, bool]:
        """The session of a request, and whether it is a new one.

        Raises `bridge.envelope.LegacyError` without usable credentials, and what ``sign_in`` raises.
        """
        session = self._live(cookie)
        if authorization is None:
            if session is None:
                raise access_denied()
            if self._stale(session.identity):
                self.end(session)
                raise access_denied()
        else:
            digest = self._digest(authorization)
            if session is None or not hmac.compare_digest(session.identity.digest, digest):
                return self._add(await self._identify(authorization, digest)), True
            if self._stale(session.identity):
                session.identity = await self._identify(authorization, digest)
        self._use(session)
        session.returned = True
        return session, False

    async def renew(self, session: HttpSession, authorization: str | None) -> None:
        """The facade no longer takes the session's token: sign in again, or end the session and deny access."""
        if self._identities.get(session.identity.digest) is session.identity:
            del self._identities[session.identity.digest]
        if authorization is None:
            self.end(session)
            raise access_denied()
        session.identity = await self._identify(authorization, self._digest(authorization))

    def end(self, session: HttpSession) -> None:
        """End the session; ending it twice is no error."""
        if self._sessions.pop(session.id, None) is None:
            return
        of_user = self._by_user[session.identity.user_name]
        del of_user[session.id]
        if not of_user:
            del self._by_user[session.identity.user_name]
        self._on_end(session.id)

    def sweep(self) -> None:
        """End what is idle or whose token has ended. To be called every minute or so."""
        now = self._clock()
        for session in list(self._sessions.values()):
            if session.identity.expires_at <= now or self._idle(session, now):
                self.end(session)
        for digest, identity in list(self._identities.items()):
            if identity.expires_at <= now:
                del self._identities[digest]

    def stay(self, session: HttpSession) -> Callable[[], None]:
        """The session is in use for longer than the request, until what this returns is called."""
        session.in_flight += 1
        return functools.partial(self.left, session)

    def left(self, session: HttpSession) -> None:
        """A request of the session is done."""
        session.in_flight -= 1
        session.last_used = self._clock()

    def _live(self, cookie: str | None) -> HttpSession | None:
        session = self._sessions.get(cookie) if cookie else None
        if session is not None and self._idle(session, self._clock()):
            self.end(session)
            return None
        return session

    def _idle(self, session: HttpSession, now: float) -> bool:
        return not session.in_flight and session.last_used + self._limits.idle <= now

    def _stale(self, identity: Identity) -> bool:
        return identity.expires_at - self._limits.renewal <= self._clock()

    def _digest(self, authorization: str) -> bytes:
        if len(authorization) > _LONGEST_AUTHORIZATION or not _AUTHORIZATION.fullmatch(authorization):
            raise access_denied()
        return hashlib.blake2b(authorization.encode("ascii"), key=self._salt, digest_size=32).digest()

    async def _identify(self, authorization: str, digest: bytes) -> Identity:
        known = self._identities.get(digest)
        if known is not None and not self._stale(known):
            self._identities.move_to_end(digest)
            return known
        signed_in = await self._sign_in(authorization)
        identity = Identity(
            signed_in.user_name,
            digest,
            (("authorization", f"Bearer {signed_in.access_token}"),),
            signed_in.expires_at,
            signed_in.sees_all,
        )
        self._identities[digest] = identity
        self._identities.move_to_end(digest)
        if len(self._identities) > self._limits.total:
            self._identities.popitem(last=False)
        return identity

    def _add(self, identity: Identity) -> HttpSession:
        of_user = self._by_user.get(identity.user_name)
        if of_user is not None and len(of_user) >= self._limits.per_user:
            self.end(min(of_user.values(), key=_worth))  # of equals the one used longest ago
        if len(self._sessions) >= self._limits.total:
            self.end(next(iter(self._sessions.values())))
        session = HttpSession(self._new_id(), identity, str(uuid.uuid4()), self._clock(), in_flight=1)
        self._sessions[session.id] = session
        self._by_user.setdefault(identity.user_name, OrderedDict())[session.id] = session
        return session

    def _use(self, session: HttpSession) -> None:
        session.in_flight += 1
        session.last_used = self._clock()
        if session.id in self._sessions:  # it may have ended while its credentials were checked
            self._sessions.move_to_end(session.id)
            self._by_user[session.identity.user_name].move_to_end(session.id)


def _worth(session: HttpSession) -> tuple[bool, bool]:
    return session.in_flight > 0, session.returned
