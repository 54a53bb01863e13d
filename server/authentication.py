"""Finds out who a caller is from the ``authorization`` metadata; what they may do is the directory's word.

A password costs tens of milliseconds to check, on purpose. So it is checked in a worker thread, few at a time and
with a bounded queue; a header that was good is remembered for some minutes by a keyed digest, and wrong passwords of
one user are limited.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_NOT_AUTHENTICATED,
    ERROR_REASON_OVERLOADED,
    ERROR_REASON_TOKEN_EXPIRED,
)
from dialbridge.v1.user_pb2 import ROLE_SERVICE
from server import access_tokens
from server.access_tokens import TokenExpired, TokenInvalid
from server.directory import FEATURES, Directory, User
from server.passwords import verify_password
from server.principal import Principal
from server.refusals import Refusal
from server.time_source import TimeSource

REMEMBER_FOR = 300.0
"""Seconds for which credentials that were good are taken without being checked anew."""
REMEMBERED = 20_000
CHECKS_AT_ONCE = 2
CHECKS_WAITING = 64
"""How many password checks wait at most; beyond, callers are asked to come back."""
FAILURES_ALLOWED = 10
"""Wrong passwords of one user within `FAILURE_WINDOW`; beyond, no password of that user is looked at for a while."""
FAILURE_WINDOW = 60.0
FAILURES_REMEMBERED = 10_000
_LONGEST_HEADER = 4096

Metadata = Iterable[tuple[str, str | bytes]]


PROCESS = Principal("", frozenset({ROLE_SERVICE}), frozenset(), frozenset(FEATURES))
"""The process itself; it is in no directory and has no password."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Credentials that were good."""

    user_name: str
    password_hash: str
    """The directory's at that time: another one makes them void."""
    until: float


class Authenticator:
    """Checks credentials against one directory."""

    def __init__(
        self,
        directory: Directory,
        key: bytes,
        time: TimeSource,
        signed_in: Callable[[str, str], None] = lambda _name, _password: None,
    ) -> None:
        """``key`` signs access tokens; 32 random bytes. ``signed_in`` is told of each right name and password."""
        self._directory = directory
        self._key = key
        self._time = time
        self._signed_in = signed_in
        self._salt = secrets.token_bytes(32)
        self._process_token = secrets.token_urlsafe(32)
        self._process_header = f"Bearer {self._process_token}".encode()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._workers = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="password")
        self._checks: dict[bytes, asyncio.Future[bool]] = {}

    async def authenticate(self, metadata: Metadata) -> Principal:
        """Who calls. Raises `Refusal`."""
        header = _header(metadata)
        encoded = header.encode("utf-8", "surrogateescape")
        if secrets.compare_digest(encoded, self._process_header):
            return PROCESS
        # Not hmac.digest: that lets another thread have the interpreter, and waits to get it back.
        digest = hashlib.blake2b(encoded, key=self._salt, digest_size=32).digest()
        known = self._known.get(digest)
        if known is not None:
            user = self._directory.user(known.user_name)
            if known.until > self._time.monotonic() and user is not None and user.password_hash == known.password_hash:
                return self._principal(user)
            del self._known[digest]
        scheme, _, credentials = header.partition(" ")
        match scheme.lower():
            case "basic":
                user, until = await self._basic(credentials.strip(), digest), self._time.monotonic() + REMEMBER_FOR
            case "bearer":
                user, seconds_left = self._bearer(credentials.strip())
                until = self._time.monotonic() + min(seconds_left, REMEMBER_FOR)
            case _:
                raise _not_authenticated("the authorization metadata must be 'Basic …' or 'Bearer …'")
        principal = self._principal(user)
        self._known[digest] = _Known(user.user_name, user.password_hash, until)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return principal

    async def sign_in(self, metadata: Metadata) -> tuple[Principal, str, float]:
        """Who calls, a token that stands for them, and when it ends (seconds since the epoch). Raises `Refusal`.

        A token is not taken for a new one: who stole one would never lose it.
        """
        metadata = tuple(metadata)
        principal = await self.authenticate(metadata)
        scheme, _, credentials = _header(metadata).partition(" ")
        if scheme.lower() == "bearer":
            _, seconds_left = self._bearer(credentials.strip())
            return principal, credentials.strip(), self._time.now() + seconds_left
        user = self._directory.users[principal.user_name]
        token, expires_at = access_tokens.issue(self._key, user.user_name, user.password_hash, self._time.now())
        return principal, token, expires_at

    def token_of_process(self) -> str:
        """A token of the process itself, which watches all calls for the sessions of its own bridge."""
        return self._process_token

    def close(self) -> None:
        """End the worker threads."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _principal(self, user: User) -> Principal:
        principal = self._directory.principal(user.user_name)
        if principal is None:
            raise _not_authenticated(_WRONG)
        return principal

    async def _basic(self, credentials: str, digest: bytes) -> User:
        try:
            name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise _not_authenticated("Basic credentials must be the base64 of name:password in UTF-8") from None
        if not colon:
            raise _not_authenticated("Basic credentials must be the base64 of name:password in UTF-8")
        self._check_failures(name)
        user = self._directory.user(name)
        check = self._checks.get(digest)
        if check is None:  # many connections of one client begin at once after an outage; one check is for all of them
            if len(self._checks) >= CHECKS_WAITING:
                raise Refusal(
                    ERROR_REASON_OVERLOADED,
                    "too many are signing in; try again",
                    metadata={"limit": "sign_ins"},
                    retry_after=1.0,
                )
            check = asyncio.get_running_loop().run_in_executor(
                self._workers, verify_password, user.password_hash if user else None, password
            )
            self._checks[digest] = check
            check.add_done_callback(lambda _: self._checks.pop(digest, None))
        right = await asyncio.shield(check)
        if not right or user is None:
            self._count_failure(name)
            raise _not_authenticated(_WRONG)
        self._failures.pop(_key_of(name), None)
        self._signed_in(name, password)
        return user

    def _bearer(self, token: str) -> tuple[User, float]:
        now = self._time.now()
        try:
            claims = access_tokens.verify(self._key, token, now)
        except TokenExpired:
            raise _expired() from None
        except TokenInvalid:
            raise _not_authenticated("the access token is not one of this server's; sign in") from None
        user = self._directory.user(claims.user_name)
        if user is None or access_tokens.fingerprint(self._key, user.password_hash) != claims.fingerprint:
            raise _expired()
        return user, claims.expires_at - now

    def _check_failures(self, name: str) -> None:
        count, since = self._failures.get(_key_of(name), (0, 0.0))
        left = since + FAILURE_WINDOW - self._time.monotonic()
        if count >= FAILURES_ALLOWED and left > 0:
            raise Refusal(
                ERROR_REASON_OVERLOADED,
                "too many wrong passwords for this user; try again later",
                metadata={"limit": "wrong_passwords"},
                retry_after=left,
            )

    def _count_failure(self, name: str) -> None:
        key, now = _key_of(name), self._time.monotonic()
        count, since = self._failures.pop(key, (0, now))
        if since + FAILURE_WINDOW <= now:
            count, since = 0, now
        self._failures[key] = (count + 1, since)
        if len(self._failures) > FAILURES_REMEMBERED:
            self._failures.popitem(last=False)


_WRONG = "the user name or the password is wrong"


def _header(metadata: Metadata) -> str:
    for key, value in metadata:
        if key.lower() == "authorization":
            header = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
            if len(header) > _LONGEST_HEADER:
                raise _not_authenticated("the authorization metadata is too long")
            return header
    raise _not_authenticated("credentials are required: metadata 'authorization' with 'Basic …' or 'Bearer …'")


def _key_of(name: str) -> str:
    """Names of any length are counted, and kept short."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def _not_authenticated(text: str) -> Refusal:
    return Refusal(ERROR_REASON_NOT_AUTHENTICATED, text)


def _expired() -> Refusal:
    return Refusal(ERROR_REASON_TOKEN_EXPIRED, "the access token has ended; sign in again")
