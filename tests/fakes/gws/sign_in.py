"""Who sends a request: HTTP Basic, the session of JSESSIONID and its CSRF token; not what may be done."""

import base64
import binascii
import secrets
import uuid
from dataclasses import dataclass, field

from .directory import Directory, User
from .envelope import Refused, access_denied

COOKIE = "JSESSIONID"
TOKEN_HEADER = "X-CSRF-TOKEN"


@dataclass(frozen=True)
class HttpSession:
    """A login that the cookie carries on."""

    user: User
    id: str = field(default_factory=lambda: secrets.token_hex(16).upper())
    csrf_token: str = field(default_factory=lambda: str(uuid.uuid4()))


class SignIn:
    """All HTTP sessions and the passwords as they are now."""

    def __init__(self, directory: Directory, *, csrf: bool):
        self.sessions: dict[str, HttpSession] = {}
        self.passwords = {name: user.password for name, user in directory.users.items()}
        self.csrf = csrf
        self._directory = directory

    def session(self, authorization: str | None, cookie: str | None) -> HttpSession:
        """The session of a request, a new one for one with credentials only; else Refused (20)."""
        session = self.sessions.get(cookie or "")
        if authorization is not None:
            user = self._basic(authorization)
            if session is None or session.user != user:
                session = HttpSession(user)
                self.sessions[session.id] = session
        if session is None:
            raise access_denied()
        return session

    def check_csrf(self, method: str, session: HttpSession, cookie: str | None, token: str | None) -> None:
        """A request that changes something must carry the token of its session, and the cookie."""
        if self.csrf and method in ("POST", "PUT", "DELETE") and (cookie != session.id or token != session.csrf_token):
            raise Refused(3, "Missing or invalid Csrf token")

    def expire(self, user: str | None = None) -> list[HttpSession]:
        """End the sessions of a user, or of all."""
        ended = [session for session in self.sessions.values() if user in (None, session.user.name)]
        for session in ended:
            del self.sessions[session.id]
        return ended

    def _basic(self, authorization: str) -> User:
        scheme, _, encoded = authorization.partition(" ")
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise access_denied() from None
        user = self._directory.users.get(name)
        if scheme.lower() != "basic" or user is None or self.passwords[name] != password:
            raise access_denied()
        return user
