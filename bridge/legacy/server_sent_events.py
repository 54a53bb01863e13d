"""Calls as server-sent events, for a browser or for curl, on two routes that differ in the JSON they tell.

``GET /api/v2/me/events`` tells in the words of CometD. ``GET /api/v2/events`` is for dashboards: `bridge.board_json`,
one event ``started`` before everything, and a sign of life every few seconds. Both tell what the facade lets the caller
see, which for a supervisor is every call.

WHATWG HTML, Server-sent events. Each change is one event whose id is a resume token, so a client that comes back with
``Last-Event-ID`` misses nothing that is still retained. The stream begins with an event ``snapshot`` that replaces what
the client knew, unless it could be resumed; it ends with an event ``end``. A stream that stops without it is broken.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
import structlog
from aiohttp import web

from bridge.board_json import board_call, board_change, board_started
from bridge.call_json import call_json
from bridge.envelope import facts_of
from bridge.facade import Facade
from bridge.legacy import patience
from bridge.legacy.feed import messages_of
from bridge.legacy.front_door import ENDLESS, SESSION, FrontDoor
from bridge.legacy.translations import Translations
from bridge.settings import API_PATH, BridgeSettings, Profile
from bridge.strict_json import dumps
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import Started, WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_RESUME_TOKEN_EXPIRED, ErrorReason

PATH = f"{API_PATH}/me/events"
BOARD_PATH = f"{API_PATH}/events"
BOARD_HEARTBEAT_SECONDS = 5
"""How often a dashboard hears of the server at least, so that it can say soon when it does not."""
WRITE_WITHIN = 10.0
"""Seconds that a client has to take what it was sent; then the connection is dropped, and the client comes back."""
RETRY_MILLISECONDS = 1000
"""What a browser is told to wait before it comes back."""

_HEADERS = {
    "Content-Type": "text/event-stream; charset=UTF-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # proxies that gather answers would hold every event back
}

log = structlog.get_logger()


def event(data: bytes, *, name: str = "", token: str = "") -> bytes:
    """One event. ``data`` is JSON without line breaks."""
    head = f"id: {token}\n" if token else ""
    if name:
        head += f"event: {name}\n"
    return b"%sdata: %s\n\n" % (head.encode(), data)


def sign_of_life(token: str) -> bytes:
    """A comment, and the token, which a browser keeps without telling the page."""
    return f": heartbeat\nid: {token}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Form:
    """What makes one route differ from the other."""

    path: str
    call: Callable[[Call, str, Profile], dict[str, object]]
    changes: Translations
    started: Callable[[Started, str], bytes] | None = None
    """What the stream begins with; None: with the snapshot."""
    heartbeat_seconds: int = 0
    """The wish for a heartbeat interval; 0: none."""


def in_legacy_words(translations: Translations) -> Form:
    """The form of ``/me/events``; ``translations`` may be shared with CometD."""
    return Form(PATH, call_json, translations)


def for_dashboards(settings: BridgeSettings) -> Form:
    """The form of ``/events``."""
    changes = Translations(settings, board_change)
    return Form(BOARD_PATH, board_call, changes, board_started, BOARD_HEARTBEAT_SECONDS)


class ServerSentEvents:
    """One route."""

    def __init__(self, facade: Facade, door: FrontDoor, settings: BridgeSettings, form: Form) -> None:
        self._facade = facade
        self._door = door
        self._settings = settings
        self._form = form
        self._streams = 0

    def routes(self) -> list[web.RouteDef]:
        """The route, also with a slash at the end."""
        return [web.get(self._form.path + slash, self._events, allow_head=False) for slash in ("", "/")]

    def __len__(self) -> int:
        return self._streams

    async def _events(self, request: web.Request) -> web.StreamResponse:
        request[ENDLESS] = True
        await self._door.authenticate(request)
        token = request.headers.get("Last-Event-ID") or request.query.get("lastEventId", "")
        try:
            return await self._stream(request, token)
        except grpc.aio.AioRpcError as error:
            if facts_of(error).reason != ERROR_REASON_RESUME_TOKEN_EXPIRED:
                raise
            # An EventSource that gets an error never comes back: begin anew, with a snapshot that replaces everything.
            log.info("event stream begins anew", user=request[SESSION].identity.user_name, why=error.details())
        return await self._stream(request, "")

    async def _stream(self, request: web.Request, token: str) -> web.StreamResponse:
        """Raises ``grpc.aio.AioRpcError`` as long as nothing was answered; afterwards the stream says how it ended."""
        asked = WatchCallsRequest(resume_token=token)
        if self._form.heartbeat_seconds:
            asked.heartbeat_interval.FromSeconds(self._form.heartbeat_seconds)
        watch = self._facade.calls.WatchCalls(asked, metadata=request[SESSION].identity.metadata)
        async with messages_of(watch) as messages:
            first = await anext(messages)
            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            self._streams += 1
            try:
                await self._send(request, response, b"retry: %d\n\n" % RETRY_MILLISECONDS)
                if self._form.started is not None:
                    now = datetime.now(UTC).isoformat(timespec="milliseconds")
                    await self._send(request, response, event(self._form.started(first.started, now), name="started"))
                snapshot: list[object] = []
                async for message in messages:
                    await self._send(request, response, self._written(message, snapshot))
            except grpc.aio.AioRpcError as error:
                await self._send(request, response, event(dumps(_why(error)), name="end"))
            except TimeoutError:
                user = request[SESSION].identity.user_name
                log.warning("event stream cut off", user=user, why="the client does not read")
                if request.transport is not None:
                    request.transport.abort()
            finally:
                self._streams -= 1
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, data: bytes) -> None:
        if not data:
            return
        if patience.takes(request, len(data)):
            await response.write(data)
        else:
            async with asyncio.timeout(WRITE_WITHIN):
                await response.write(data)

    def _written(self, message: WatchCallsResponse, snapshot: list[object]) -> bytes:
        """What the client gets of ``message``; the parts of a snapshot gather in ``snapshot`` until it is complete."""
        match message.WhichOneof("message"):
            case "snapshot":
                url, profile = self._settings.external_url, self._settings.profile
                snapshot += (self._form.call(call, url, profile) for call in message.snapshot.calls)
                return b""
            case "snapshot_end":
                return event(dumps({"calls": snapshot}), name="snapshot", token=message.resume_token)
            case "changes":
                return b"".join(
                    event(self._form.changes.of(change), token=change.resume_token)
                    for change in message.changes.status_changes
                )
            case "heartbeat":
                return sign_of_life(message.resume_token)
            case _:
                return b""


def _why(error: grpc.aio.AioRpcError) -> dict[str, object]:
    reason = facts_of(error).reason
    return {
        "reason": ErrorReason.Name(reason).removeprefix("ERROR_REASON_") if reason else error.code().name,
        "text": error.details(),
    }
