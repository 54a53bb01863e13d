"""The one stream of status changes that the process follows; gives every change, as legacy bytes, to a publisher."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import grpc
import structlog

from bridge.call_json import CALLS_CHANNEL
from bridge.envelope import facts_of
from bridge.facade import Facade, Metadata
from bridge.legacy.translations import Translations
from dialbridge.v1.call_service_pb2 import WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_RESUME_TOKEN_EXPIRED
from dialbridge.v1.status_change_pb2 import StatusChange

FIRST_MESSAGE_WITHIN = 10.0
"""Seconds that the facade has for the first message, before it has said how often it will be heard of."""
SILENT_INTERVALS = 2.5
"""Heartbeat intervals of silence after which the connection is dead; what ``Started`` in the contract says."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between two attempts."""

log = structlog.get_logger()


class Publish(Protocol):
    """Takes a complete event for the sessions of one user. Must not block."""

    def __call__(self, principal: str, channel: str, payload: bytes, position: int | None = None, /) -> None: ...


def pause_before(attempt: int, spread: float) -> float:
    """Seconds before attempt 1, 2, …; ``spread``, between 0 and 1, keeps many bridges from coming back at once."""
    longest = min(SHORTEST_PAUSE * 2.0 ** min(attempt - 1, 16), LONGEST_PAUSE)
    return longest * (0.5 + spread / 2)


class Feed:
    """Follows all calls under a service identity, and resumes by token when the stream breaks."""

    def __init__(
        self,
        facade: Facade,
        translations: Translations,
        publish: Publish,
        *,
        wanted: Callable[[str], bool] = lambda _: True,
        service_metadata: Callable[[], Metadata],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        """``wanted`` says whether events of a user have anybody to go to; those of others are not translated."""
        self._facade = facade
        self._translations = translations
        self._publish = publish
        self._wanted = wanted
        self._service_metadata = service_metadata
        self._sleep = sleep
        self._spread = spread
        self._token = ""
        self._connected = False
        self._position: int | None = None

    @property
    def position(self) -> int | None:
        """Everything up to this position was published, or happened before the first connection; None before that."""
        return self._position

    @property
    def connected(self) -> bool:
        """Whether changes are being followed now."""
        return self._connected

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            try:
                await self._follow()
                why = "the stream ended"
            except grpc.aio.AioRpcError as e:
                why = self._why(e)
            except TimeoutError:
                why = "nothing was heard of the facade"
            failures = 1 if self._connected else failures + 1
            self._connected = False
            pause = pause_before(failures, self._spread())
            log.warning("feed interrupted", why=why, attempt=failures, again_in_seconds=round(pause, 2))
            await self._sleep(pause)

    async def _follow(self) -> None:
        request = WatchCallsRequest(resume_token=self._token)
        silence = FIRST_MESSAGE_WITHIN
        async with messages_of(self._facade.calls.WatchCalls(request, metadata=self._service_metadata())) as messages:
            while True:
                async with asyncio.timeout(silence):
                    message = await anext(messages, None)
                if message is None:
                    return
                match message.WhichOneof("message"):
                    case "started":
                        interval = message.started.heartbeat_interval.ToMicroseconds() / 1_000_000
                        silence = interval * SILENT_INTERVALS or FIRST_MESSAGE_WITHIN
                        self._connected = True
                        if not message.started.resumed:
                            self._position = message.started.position
                        log.info("feed connected", resumed=message.started.resumed)
                    case "changes":
                        for change in message.changes.status_changes:
                            self._tell(change)
                            self._position = change.position
                    case "heartbeat":
                        self._position = max(self._position or 0, message.heartbeat.position)
                    case _:  # a snapshot says nothing new to clients, who read their calls when they begin
                        pass
                if message.resume_token:
                    self._token = message.resume_token

    def _tell(self, change: StatusChange) -> None:
        if not self._wanted(change.call.user_name):
            return
        try:
            payload = self._translations.of(change)
        except Exception:  # one change that cannot be told must not keep all others from being told
            log.exception("change not told", call_id=change.call.id, position=change.position)
            return
        self._publish(change.call.user_name, CALLS_CHANNEL, payload, change.position)

    def _why(self, error: grpc.aio.AioRpcError) -> str:
        reason = facts_of(error).reason
        if reason == ERROR_REASON_RESUME_TOKEN_EXPIRED:
            # What happened meanwhile is no longer there to be told; go on from now.
            log.error("feed lost changes", why="the resume token has expired")
            self._token = ""
        return f"{error.code().name}: {error.details()}"


@asynccontextmanager
async def messages_of(stream: AsyncIterable[WatchCallsResponse]) -> AsyncGenerator[AsyncIterator[WatchCallsResponse]]:
    """The stream's messages; ended at the end, be it a call over a channel or a generator in process."""
    messages = aiter(stream)
    try:
        yield messages
    finally:
        if isinstance(stream, grpc.aio.Call):
            stream.cancel()
        if isinstance(messages, AsyncGenerator):
            await messages.aclose()
