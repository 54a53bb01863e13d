"""The HTTP edge: sign-in, routing, the record of requests, and the faults of requests; no call logic."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .directory import VOICE
from .envelope import Answer, Refused, missing, not_found
from .event_stream import EventStream
from .faults import Fault, Faults, Gone, Kind
from .notifications import BadRequest, names_of, parse
from .operations import Operations, mapping
from .resources import Resources
from .sign_in import COOKIE, TOKEN_HEADER, HttpSession, SignIn

Json = dict[str, Any]
VERSION = "8.5.200.50"
HEAD_START = 0.05  # seconds that an event which is to come first is out before the answer: they take two connections


@dataclass(eq=False)
class Request:
    """A request as it came: ``path`` is without the prefix, ``operation`` may be the Bayeux channels.

    ``status`` of the answer is ``None`` while there is no answer, and for good where a fault suppressed it. A websocket
    frame is a request too, of method ``WEBSOCKET`` and without a status.
    """

    at: float
    method: str
    path: str
    operation: str | None
    body: str
    user: str | None = None
    status: int | None = None
    faults: tuple[Kind, ...] = ()


class Edge:
    """All of /api/v2."""

    def __init__(
        self,
        sign_in: SignIn,
        faults: Faults,
        events: EventStream,
        operations: Operations,
        resources: Resources,
        notifications: Any,
        *,
        event_lag: float,
        signed_out: Callable[[HttpSession], None],
    ):
        self.requests: list[Request] = []
        self._sign_in = sign_in
        self._faults = faults
        self._events = events
        self._operations = operations
        self._resources = resources
        self._notifications = notifications
        self._event_lag = event_lag
        self._signed_out = signed_out

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request, with what goes wrong on it."""
        body = await request.text()
        path = "/" + request.match_info["path"].strip("/")
        record = Request(time.monotonic(), request.method, path, None, body)
        self.requests.append(record)
        names = {"*", request.method, path}
        if path.startswith("/notifications"):
            try:
                channels = names_of(parse(body))
            except BadRequest:
                channels = {"cometd", "websocket"} if request.method == "GET" else {"cometd"}
            names |= channels
            record.operation = ",".join(sorted(channels - {"cometd"}))
        else:
            record.operation = operation_name(body)
            names |= {record.operation} if record.operation else set()
        hits = self._faults.take(names)
        record.faults = tuple(hits)
        try:
            return await self._through(request, record, hits)
        except Gone:
            return self._reset(request)

    async def _through(self, request: web.Request, record: Request, hits: dict[Kind, Fault]) -> web.StreamResponse:
        await self._faults.thawed()
        if delay := hits.get(Kind.DELAY):
            await self._faults.sleep(delay.value)
        if Kind.SILENT in hits:
            await self._faults.sleep(None)
        if Kind.RESET_BEFORE in hits:
            return self._reset(request)
        if status := hits.get(Kind.STATUS):
            code = int(status.value or 503)
            html = f"<html><body><h1>{code}</h1></body></html>"
            return await self._write(
                request, record, hits, web.Response(status=code, text=html, content_type="text/html")
            )
        if Kind.EXPIRE_SESSION in hits:
            self._expire(request.cookies.get(COOKIE))
        try:
            if record.path == "/diagnostics/version":
                answer = Answer(members={"version": VERSION})
                return await self._write(request, record, hits, json_response(answer))
            who = self._sign_in.session(request.headers.get("Authorization"), request.cookies.get(COOKIE))
            record.user = who.user.name
            token = request.headers.get(TOKEN_HEADER)
            self._sign_in.check_csrf(request.method, who, request.cookies.get(COOKIE), token)
        except Refused as refused:
            return await self._write(request, record, hits, json_response(refused.answer))
        if error := hits.get(Kind.ERROR):
            answer = Answer(int(error.value or 4), {"statusMessage": "Injected error."})
            return await self._write(request, record, hits, json_response(answer))
        if record.path.split("/")[1] == "notifications":
            if request.method == "GET":
                record.status = 101
                return await self._notifications.socket(request, who, lambda *frame: self._frame(record, *frame))

            async def write(response: web.Response) -> web.StreamResponse:
                return await self._write(request, record, hits, self._signed(request, who, response))

            return await self._notifications.post(request, record.body, who, hits, write)
        return await self._resource(request, record, who, hits)

    def _frame(self, upgrade: Request, text: str, names: set[str]) -> dict[Kind, Fault]:
        hits = self._faults.take(names | {"*"})
        operation = ",".join(sorted(names - {"cometd"}))
        frame = Request(time.monotonic(), "WEBSOCKET", upgrade.path, operation, text, upgrade.user, None, tuple(hits))
        self.requests.append(frame)
        return hits

    async def _resource(
        self, request: web.Request, record: Request, who: HttpSession, hits: dict[Kind, Fault]
    ) -> web.StreamResponse:
        user = who.user.name
        self._events.hold(user)
        held = True
        try:
            try:
                answer = self._answer(request, record, who)
            except Refused as refused:
                answer = refused.answer
            if Kind.EVENT_NEVER in hits:
                self._events.discard(user)
            if hits.keys() & {Kind.EVENT_FIRST, Kind.LATE_ANSWER, Kind.SILENT_AFTER, Kind.RESET_AFTER, Kind.CUT_ANSWER}:
                self._events.release(user)
                held = False
            if Kind.EVENT_FIRST in hits:
                await self._notifications.delivered(user)
                await self._faults.sleep(HEAD_START)
            response = await self._write(request, record, hits, self._signed(request, who, json_response(answer)))
        finally:
            if held:
                self._events.release(user, self._event_lag)
        if record.operation == "EndContactCenterSession":
            self._signed_out(who)
        return response

    def _answer(self, request: web.Request, record: Request, who: HttpSession) -> Answer:
        user, full = who.user, request.query.get("fields") == "*"
        segments = record.path.strip("/").split("/")
        voice = VOICE in user.features
        match request.method, segments:
            case "GET", ["me"]:
                return self._resources.me(user, request.query.get("subresources", ""))
            case "GET", ["me", "devices"]:
                return self._resources.devices(user, full=full)
            case "GET", ["me", "devices", device] | ["devices", device]:
                return self._resources.device(user, device)
            case "GET", ["me", "calls"] if voice:
                return self._resources.calls(user, full=full)
            case "GET", ["me", "calls", call] if voice:
                return self._resources.call(user, call)
            case "GET", ["me", "features"] | ["features"]:
                return self._resources.features(user, full=full)
            case "POST", ["me"]:
                return self._operations.on_me(user, parameters(record.body))
            case "POST", ["me", "channels", "voice"] if voice:
                return self._operations.on_voice_channel(user, parameters(record.body))
            case "POST", ["me", "devices", device, "calls"] if voice:
                return self._operations.on_device_calls(user, device, parameters(record.body))
            case "POST", ["me", "calls", call] if voice:
                return self._operations.on_call(user, call, parameters(record.body))
            case _:
                raise not_found()

    def _signed(self, request: web.Request, who: HttpSession, response: web.Response) -> web.Response:
        if request.cookies.get(COOKIE) != who.id:
            response.headers.add("Set-Cookie", f"{COOKIE}={who.id}; Path=/; HttpOnly")
        if self._sign_in.csrf and request.method == "GET":
            response.headers["X-CSRF-HEADER"] = TOKEN_HEADER
            response.headers[TOKEN_HEADER] = who.csrf_token
        return response

    async def _write(
        self, request: web.Request, record: Request, hits: dict[Kind, Fault], response: web.Response
    ) -> web.StreamResponse:
        if late := hits.get(Kind.LATE_ANSWER):
            await self._faults.sleep(late.value)
        await self._faults.thawed()
        if Kind.SILENT_AFTER in hits:
            await self._faults.sleep(None)
        if Kind.RESET_AFTER in hits:
            return self._reset(request)
        if Kind.CUT_ANSWER in hits:
            return await self._cut(request, response)
        if Kind.NOT_JSON in hits:
            response.text, response.content_type = "<html><body>Sign in</body></html>", "text/html"
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionResetError:
            return response  # the client is gone: nobody was answered
        record.status = response.status
        return response

    async def _cut(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = (response.text or "").encode()
        cut = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
        cut.content_length = len(body)
        await cut.prepare(request)
        await cut.write(body[: len(body) // 2])
        await asyncio.sleep(0)
        if request.transport:
            request.transport.close()  # what was written still goes out
        return cut

    def _reset(self, request: web.Request) -> web.StreamResponse:
        if request.transport:
            reset(request.transport)
        return web.Response()

    def _expire(self, cookie: str | None) -> None:
        session = self._sign_in.sessions.pop(cookie or "", None)
        if session:
            self._signed_out(session)


def reset(transport: asyncio.Transport) -> None:
    """End a connection the hard way: the peer reads «connection reset»."""
    at = transport.get_extra_info("socket")
    if at is not None and at.family in (socket.AF_INET, socket.AF_INET6):
        at.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def json_response(answer: Answer) -> web.Response:
    """The envelope as a response."""
    return web.Response(status=answer.status, text=answer.text, content_type="application/json", charset="UTF-8")


def operation_name(body: str) -> str | None:
    """The operation that a body asks for, for the record."""
    try:
        name = json.loads(body)["operationName"]
    except (ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def parameters(body: str) -> Json:
    """The body of an operation."""
    try:
        return mapping(json.loads(body), "body")
    except ValueError:
        raise missing("operationName") from None
