"""REST requests to a GWS as one of its users: session cookie, CSRF token, and what is certain after a failure.

Nothing is sent twice unless it is certain that the first time nothing happened. GWS reference, Interpreting a
Response, CSRF Protection, Return Values.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bridge.gws.circuit_breaker import CircuitBreaker
from bridge.gws.errors import Refused, Unanswered, Unreachable
from bridge.strict_json import MalformedJson, dumps, loads_pairs

CONNECT_WITHIN = 5.0
"""Seconds for a connection."""
ANSWER_LIMIT = 16 << 20
"""Bytes of the largest answer that is read."""

SUCCESS = 0
NOT_FOUND = 6
PARTIAL = 7
PROCESSING = 9
NOT_AUTHENTICATED = 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in."""

    user_name: str
    password: str = field(repr=False)


class RestSession:
    """One user's HTTP session."""

    def __init__(
        self, base_url: str, credentials: Credentials, connector: aiohttp.BaseConnector, breaker: CircuitBreaker
    ) -> None:
        """``base_url`` ends in ``/api/v2``. ``connector`` must not reuse connections: a request on one that the peer is
        about to close has an unknown outcome for no reason."""
        self._base_url = base_url
        self._credentials = credentials
        self._breaker = breaker
        self._csrf: dict[str, str] = {}
        self.cookies = aiohttp.CookieJar(unsafe=True)
        """Shared with the CometD client, which has no other way to prove who it is."""
        self._http = aiohttp.ClientSession(
            connector=connector, connector_owner=False, cookie_jar=self.cookies, auto_decompress=True
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request that changes something must have besides the cookie."""
        return self._csrf

    async def close(self) -> None:
        """Forget the session."""
        await self._http.close()

    async def sign_in(self, timeout: float) -> dict[str, Any]:
        """Begin a new session; the ``user`` with devices and calls. Raises `GwsError`."""
        self.cookies.clear()
        self._csrf = {}
        authorization = aiohttp.encode_basic_auth(self._credentials.user_name, self._credentials.password)
        answer = await self._ask(
            "GET", "/me?subresources=calls,devices", None, timeout, {"Authorization": authorization}
        )
        return _object(answer, "user")

    async def read(self, path: str, timeout: float) -> dict[str, Any]:
        """GET. Raises `GwsError`."""
        return await self._again_if_signed_out("GET", path, None, timeout)

    async def post(self, path: str, body: Mapping[str, object], timeout: float) -> dict[str, Any]:
        """POST an operation; its answer if it was accepted, as a whole or in part. Raises `GwsError`."""
        return await self._again_if_signed_out("POST", path, body, timeout)

    async def _again_if_signed_out(
        self, method: str, path: str, body: Mapping[str, object] | None, timeout: float
    ) -> dict[str, Any]:
        ends = time.monotonic() + timeout
        try:
            return await self._ask(method, path, body, timeout, {})
        except Refused as refused:
            if refused.http_status not in (401, 403) or refused.status_code not in (None, 3, NOT_AUTHENTICATED):
                raise
            if refused.status_code == 3 and "csrf" not in refused.message.lower():
                raise
        # The session ended, or its token: it was refused for that, so nothing was done.
        await self.sign_in(max(0.0, ends - time.monotonic()))
        return await self._ask(method, path, body, max(0.0, ends - time.monotonic()), {})

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        timeout: float,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        if timeout <= 0:
            raise Unreachable("there was no time left to ask")
        wait = self._breaker.enter(time.monotonic())
        if wait:
            raise Unreachable("it did not answer lately, and is left alone for a moment", retry_after=wait)
        try:
            answer = await self._exchange(method, path, body, timeout, headers)
        except (Unanswered, Unreachable):
            self._breaker.failed(time.monotonic())
            raise
        except Refused:
            self._breaker.succeeded()
            raise
        except BaseException:
            self._breaker.left()
            raise
        self._breaker.succeeded()
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        timeout: float,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        sent = {**headers, "Accept": "application/json"}
        data = None
        if body is not None:
            sent |= {"Content-Type": "application/json; charset=UTF-8", **self._csrf}
            data = dumps(body)
        try:
            async with (
                asyncio.timeout(timeout),
                self._http.request(
                    method,
                    self._base_url + path,
                    data=data,
                    headers=sent,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(timeout * 0.9, CONNECT_WITHIN)),
                ) as response,
            ):
                if name := response.headers.get("X-CSRF-HEADER"):
                    self._csrf = {name: response.headers.get("X-CSRF-TOKEN", "")}
                return _read(response, await _content(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"no connection: {type(error).__name__}") from None
        except TimeoutError:
            raise Unanswered(f"no answer within {timeout:.1f} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered(f"the connection broke: {type(error).__name__}") from None


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > ANSWER_LIMIT:
            raise Unanswered(f"the answer is larger than {ANSWER_LIMIT} bytes")
    return bytes(content)


def _read(response: aiohttp.ClientResponse, content: bytes) -> dict[str, Any]:
    """The envelope. GWS reference, Return Values; the HTTP status counts only where there is none."""
    try:
        answer = loads_pairs(content)
    except MalformedJson:
        answer = None
    status = response.status
    if isinstance(answer, dict) and isinstance(code := answer.get("statusCode"), int):
        if code in (SUCCESS, PARTIAL, PROCESSING):
            return answer
        message = answer.get("statusMessage")
        raise Refused(
            message if isinstance(message, str) and message else f"statusCode {code}",
            http_status=status,
            status_code=code,
        )
    if status in (429, 503):
        # Said by who did not pass it on.
        after = response.headers.get("Retry-After", "")
        raise Unreachable(f"HTTP {status}", retry_after=float(after) if after.isdecimal() else 1.0)
    if 300 <= status < 500:
        raise Refused(f"HTTP {status} without an envelope", http_status=status, status_code=None)
    raise Unanswered(f"HTTP {status} without an envelope")


def _object(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise Unanswered(f"the answer has no {name!r}; is this a GWS?")
    return value
