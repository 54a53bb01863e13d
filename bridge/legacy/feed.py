"""One stream of changes that the process follows for all; gives every change, as legacy bytes, to a publisher."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import grpc
import structlog

from bridge.envelope import facts_of
from bridge.facade import Metadata
from bridge.legacy.followed import Change, Followed
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_RESUME_TOKEN_EXPIRED

FIRST_MESSAGE_WITHIN = 10.0
"""Seconds that the facade has for the first message, before it has said how often it will be heard of."""
SILENT_INTERVALS = 2.5
"""Heartbeat intervals of silence after which the connection is dead; what ``Started`` in the contract says."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between two attempts."""

_Message = TypeVar("_Message")

log = structlog.get_logger()


class Publish(Protocol):
    """Takes a complete event for the sessions of one user. Must not block."""

    def __call__(self, principal: str, channel: str, payload: bytes, position: int | None = None, /) -> None: ...


def pause_before(attempt: int, spread: float) -> float:
    """Seconds before attempt 1, 2, …; ``spread``, between 0 and 1, keeps many bridges from coming back at once."""
    longest = min(SHORTEST_PAUSE * 2.0 ** min(attempt - 1, 16), LONGEST_PAUSE)
    return longest * (0.5 + spread / 2)


class Feed:
    """Follows a stream under a service identity, and resumes by token when it breaks."""

    def __init__(
        self,
        followed: Followed,
        publish: Publish,
        *,
        wanted: Callable[[str], bool] = lambda _: True,
        supervisors: Callable[[], Collection[str]] = tuple,
        service_metadata: Callable[[], Metadata],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        """``wanted`` says whether events of a user have anybody to go to; those of others are not translated.
        ``supervisors`` are those who want to be told everything.
        """
        self._followed = followed
        self._publish = publish
        self._wanted = wanted
        self._supervisors = supervisors
        self._service_metadata = service_metadata
        self._sleep = sleep
        self._spread = spread
        self._token = ""
        self._connected = False
        self._was_connected = asyncio.Event()
        self._position: int | None = None

    async def first_connection(self) -> None:
        """Wait until changes were followed for the first time."""
        await self._was_connected.wait()

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
            log.warning(
                "feed interrupted", of=self._followed.name, why=why, attempt=failures, again_in_seconds=round(pause, 2)
            )
            await self._sleep(pause)

    async def _follow(self) -> None:
        request = self._followed.request(resume_token=self._token)
        silence = FIRST_MESSAGE_WITHIN
        async with messages_of(self._followed.watch(request, metadata=self._service_metadata())) as messages:
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
                        self._was_connected.set()
                        if not message.started.resumed:
                            self._position = message.started.position
                        log.info("feed connected", of=self._followed.name, resumed=message.started.resumed)
                    case "changes":
                        for change in self._followed.changes(message):
                            self._tell(change)
                            self._position = change.position
                    case "heartbeat":
                        self._position = max(self._position or 0, message.heartbeat.position)
                    case _:  # a snapshot says nothing new to clients, who read their calls when they begin
                        pass
                if message.resume_token:
                    self._token = message.resume_token

    def _tell(self, change: Change) -> None:
        user_name = self._followed.user_name(change)
        supervisors = self._supervisors()
        try:
            told = self._followed.tell(change) if self._wanted(user_name) else ()
            told_supervisors = self._followed.tell_supervisors(change) if supervisors else ()
        except Exception:  # one change that cannot be told must not keep all others from being told
            log.exception("change not told", of=self._followed.name, position=change.position)
            return
        for each in told:
            self._publish(user_name, each.channel, each.payload, each.position)
        for each in told_supervisors:
            for supervisor in supervisors:
                self._publish(supervisor, each.channel, each.payload, each.position)

    def _why(self, error: grpc.aio.AioRpcError) -> str:
        reason = facts_of(error).reason
        if reason == ERROR_REASON_RESUME_TOKEN_EXPIRED:
            # What happened meanwhile is no longer there to be told; go on from now.
            log.error("feed lost changes", of=self._followed.name, why="the resume token has expired")
            self._token = ""
        return f"{error.code().name}: {error.details()}"


@asynccontextmanager
async def messages_of(stream: AsyncIterable[_Message]) -> AsyncGenerator[AsyncIterator[_Message]]:
    """The stream's messages; ended at the end, be it a call over a channel or a generator in process."""
    messages = aiter(stream)
    try:
        yield messages
    finally:
        if isinstance(stream, grpc.aio.Call):
            stream.cancel()
        if isinstance(messages, AsyncGenerator):
            await messages.aclose()
