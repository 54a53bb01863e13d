"""A legacy client that looks closely: raw answers, cookies, Bayeux by hand over long-polling; it judges nothing."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

ANSWER_WITHIN = 10.0
"""Seconds for any answer."""
LARGEST = 4 << 20


class NoAnswer(Exception):
    """The server could not be asked, or did not answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body; None when it is not JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


class Visitor:
    """One HTTP session, and one CometD session in it."""

    def __init__(self, base_url: str, user_name: str = "", password: str = "") -> None:
        self._base_url = base_url
        self._authorization = aiohttp.encode_basic_auth(user_name, password) if user_name else None
        self._csrf: dict[str, str] = {}
        self._ids = 0
        self.client_id: str | None = None
        self.events: list[dict[str, Any]] = []
        """Every message that was not a reply, whole, in order."""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    def forget_password(self) -> None:
        """From here on only the cookie says who asks."""
        self._authorization = None

    @property
    def cookies(self) -> set[str]:
        """The names of the cookies that were set."""
        return {cookie.key for cookie in self._http.cookie_jar}

    async def ask(self, method: str, path: str, body: object = None, *, timeout: float = ANSWER_WITHIN) -> Answer:
        """One request; ``body`` is sent as JSON, a string as it is. Raises `NoAnswer`."""
        headers = {"Content-Type": "application/json; charset=UTF-8"} if body is not None else {}
        if self._authorization:
            headers["Authorization"] = self._authorization
        if method != "GET":
            headers |= self._csrf
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        try:
            async with self._http.request(
                method,
                self._base_url + path,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                content = await response.content.read(LARGEST)
                while chunk := await response.content.read(LARGEST):
                    content += chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"{method} {path}: {type(error).__name__}: {error}") from None
        if name := response.headers.get("X-CSRF-HEADER"):
            self._csrf = {name: response.headers.get("X-CSRF-TOKEN", "")}
        return Answer(response.status, response.headers, content.decode(errors="replace"))

    async def bayeux(self, channel: str, *, timeout: float = ANSWER_WITHIN, **members: object) -> dict[str, Any]:
        """Send one message; its reply. What else came is in ``events``. Raises `NoAnswer`."""
        self._ids += 1
        message = {"id": str(self._ids), "channel": channel, **members}
        if self.client_id is not None:
            message.setdefault("clientId", self.client_id)
        answer = await self.ask("POST", "/notifications", [message], timeout=timeout)
        messages = answer.json
        if answer.status != 200 or not isinstance(messages, list):
            raise NoAnswer(f"{channel}: HTTP {answer.status}: {answer.text[:200]}")
        reply = None
        for each in messages:
            if isinstance(each, dict) and each.get("channel") == channel and each.get("id") == str(self._ids):
                reply = each
            elif isinstance(each, dict) and not str(each.get("channel")).startswith("/meta/"):
                self.events.append(each)
        if reply is None:
            raise NoAnswer(f"{channel}: no reply among {len(messages)} messages")
        return reply

    async def event(self, condition: Callable[[dict[str, Any]], bool], within: float) -> dict[str, Any] | None:
        """Poll until a message's ``data`` fulfils the condition; the message, or None after ``within`` seconds."""
        ends = time.monotonic() + within
        seen = 0
        while True:
            for event in self.events[seen:]:
                if isinstance(event.get("data"), dict) and condition(event["data"]):
                    return event
            seen = len(self.events)
            left = ends - time.monotonic()
            if left <= 0:
                return None
            reply = await self.bayeux(
                "/meta/connect",
                connectionType="long-polling",
                advice={"timeout": round(min(left, 2.0) * 1000)},
                timeout=ANSWER_WITHIN + 2.0,
            )
            if reply.get("successful") is not True:
                raise NoAnswer(f"/meta/connect: {reply.get('error')}")
            if len(self.events) == seen:
                await asyncio.sleep(0.05)  # a server that answers at once is not asked all the time
