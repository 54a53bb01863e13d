"""The past changes of calls as legacy events, read from the facade; satisfies `bridge.legacy.replays.History`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

import grpc

from bridge.bayeux.exchange import EARLIEST, Start
from bridge.bayeux.messages import Event
from bridge.call_json import CALLS_CHANNEL
from bridge.envelope import facts_of
from bridge.facade import Facade, Metadata
from bridge.legacy.feed import Feed, messages_of
from bridge.legacy.replays import HistoryBroken, PastExpired
from bridge.legacy.translations import Translations
from dialbridge.v1.call_service_pb2 import CallFilter, WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_FIELD_INVALID, ERROR_REASON_RESUME_TOKEN_EXPIRED

LARGEST_POSITION = (1 << 63) - 1
SILENT_WITHIN = 10.0
"""Seconds in which the facade must be heard of; it is asked for a heartbeat every second."""


class CallHistory:
    """What was published on ``/v2/me/calls`` and is retained."""

    def __init__(
        self, facade: Facade, translations: Translations, feed: Feed, *, service_metadata: Callable[[], Metadata]
    ) -> None:
        self._facade = facade
        self._translations = translations
        self._feed = feed
        self._service_metadata = service_metadata

    @property
    def channel(self) -> str:
        """The channel of changes of calls."""
        return CALLS_CHANNEL

    @property
    def published(self) -> int | None:
        """How far the shared stream has come."""
        return self._feed.position

    async def read(self, principal: str, start: Start) -> "CallReading":
        """Begin to read the changes of an agent's calls. Raises `PastExpired` or `HistoryBroken`."""
        request = WatchCallsRequest(filter=CallFilter(user_names=[principal]))
        request.heartbeat_interval.FromSeconds(1)
        match start:
            case str():
                request.resume_token = start
            case int() if start == EARLIEST:
                request.earliest = True
            case _:
                request.after_position = max(0, min(start, LARGEST_POSITION))
        stack = AsyncExitStack()
        stream = self._facade.calls.WatchCalls(request, metadata=self._service_metadata())
        messages = await stack.enter_async_context(messages_of(stream))
        reading = CallReading(messages, stack, self._translations)
        try:
            await reading.begin()
        except BaseException:
            await stack.aclose()
            raise
        return reading


class CallReading:
    """One reading of it."""

    def __init__(
        self, messages: AsyncIterator[WatchCallsResponse], stack: AsyncExitStack, translations: Translations
    ) -> None:
        self._messages = messages
        self._stack = stack
        self._translations = translations

    async def begin(self) -> None:
        """See whether the beginning is still there."""
        await self._next()

    async def page(self) -> tuple[Sequence[Event], int | None]:
        """See `bridge.legacy.replays.Reading`."""
        message = await self._next()
        match message.WhichOneof("message"):
            case "changes":
                return [
                    Event(CALLS_CHANNEL, self._translations.of(change), change.position)
                    for change in message.changes.status_changes
                ], None
            case "heartbeat":
                return (), message.heartbeat.position
            case _:
                return (), None

    async def close(self) -> None:
        """See `bridge.legacy.replays.Reading`."""
        await self._stack.aclose()

    async def _next(self) -> WatchCallsResponse:
        try:
            async with asyncio.timeout(SILENT_WITHIN):
                message = await anext(self._messages, None)
        except TimeoutError:
            raise HistoryBroken("nothing was heard of the facade") from None
        except grpc.aio.AioRpcError as error:
            facts = facts_of(error)
            if facts.reason in (ERROR_REASON_RESUME_TOKEN_EXPIRED, ERROR_REASON_FIELD_INVALID):
                raise PastExpired(int(facts.metadata.get("oldest_position", "0"))) from None
            raise HistoryBroken(f"{error.code().name}: {error.details()}") from None
        if message is None:
            raise HistoryBroken("the stream ended")
        return message
