"""The client: dial, watch and control calls over one channel; what to do after an interruption is resumption's word."""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import grpc

from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1 import user_service_pb2 as users
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge.v1.user_service_pb2_grpc import UserServiceStub
from dialbridge_client import resumption
from dialbridge_client.credentials import Credentials
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.resumption import Next
from dialbridge_client.user_data import Pairs, to_contract

DIAL_WITHIN = 30.0
"""Seconds for a Dial, repetitions included."""
ANSWER_WITHIN = 10.0
"""Seconds for any other request."""
FIRST_MESSAGE_WITHIN = 10.0
"""Seconds for the first message of a watch, before the server has said how often it will be heard of."""
SILENT_INTERVALS = 2.5
"""Heartbeat intervals of silence after which the connection is dead. ``Started`` in the contract."""

_CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Without these a channel looks for its server no more than every two minutes once it has been away for long.
    ("grpc.initial_reconnect_backoff_ms", round(resumption.SHORTEST_PAUSE * 1000)),
    ("grpc.max_reconnect_backoff_ms", round(resumption.LONGEST_PAUSE * 1000)),
)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Replaced:
    """The calls as they are now. What the application knew before and does not find here is over."""

    calls: tuple[Call, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of one call."""

    change: StatusChange
    token: str
    """Goes on after this change."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The watch was interrupted and is being taken up again; nothing has to be done."""

    error: DialbridgeError
    pause: float
    """Seconds until it is tried again."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The watch goes on where it was interrupted; nothing was lost."""


WatchEvent = Replaced | Changed | Interrupted | Resumed


class Client:
    """One user's view of one server. All methods raise `DialbridgeError`."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        credentials: Credentials,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._calls = CallServiceStub(channel)
        self._users = UserServiceStub(channel)
        self._metadata = credentials.metadata
        self._sleep = sleep
        self._spread = spread

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, target: str, *, credentials: Credentials, tls: grpc.ChannelCredentials | None = None
    ) -> AsyncGenerator["Client"]:
        """A client for ``HOST:PORT``, for as long as the context; ``tls`` from ``grpc.ssl_channel_credentials``."""
        channel = (
            grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS)
            if tls is None
            else grpc.aio.secure_channel(target, tls, options=_CHANNEL_OPTIONS)
        )
        async with channel:
            yield cls(channel, credentials)

    async def dial(
        self,
        device_id: str,
        target: OutboundRecord | str,
        *,
        user_data: Pairs = (),
        request_id: str | None = None,
        timeout: float = DIAL_WITHIN,
    ) -> calls.DialResponse:
        """Dial a record or a number, once: it is sent again when no answer came, under the same ``request_id``.

        An outcome that nobody knows is raised as ``DIAL_OUTCOME_UNKNOWN``; asking again with its request_id is safe.
        """
        request = calls.DialRequest(
            device_id=device_id, user_data=to_contract(user_data), request_id=request_id or str(uuid.uuid4())
        )
        if isinstance(target, str):
            request.destination = target
        else:
            request.outbound_record.CopyFrom(target)
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout
        attempt = 0
        while True:
            try:
                return await self._answer(self._calls.Dial, request, timeout=max(0.0, ends - loop.time()))
            except DialbridgeError as error:
                attempt += 1
                step = resumption.after_dial(error, attempt, self._spread())
                if step.next is Next.GIVE_UP or loop.time() + step.pause >= ends:
                    raise
            await self._sleep(step.pause)

    async def watch(
        self,
        only: calls.CallFilter | None = None,
        *,
        resume_token: str = "",
        heartbeat: float = 15.0,
    ) -> AsyncGenerator[WatchEvent]:
        """Follow calls without end: through restarts of the server, dead connections and cut-offs.

        Begins with `Replaced`, or where ``resume_token`` stands; a change that was told before is not told again.
        Raises `DialbridgeError` only for what trying again does not mend, such as wrong credentials.
        """
        told: dict[tuple[str, str], int] = {}  # the last sequence of each live call's view
        token, failures, interrupted = resume_token, 0, False
        while True:
            try:
                async with aclosing(self._stream(only, token, heartbeat)) as messages:
                    snapshot: list[Call] = []
                    async for message in messages:
                        failures = 0
                        match message.WhichOneof("message"):
                            case "started" if message.started.resumed and interrupted:
                                interrupted = False
                                yield Resumed()
                            case "snapshot":
                                snapshot += message.snapshot.calls
                            case "snapshot_end":
                                interrupted = False
                                told = {(call.id, call.device_id): call.sequence for call in snapshot}
                                yield Replaced(tuple(snapshot), message.resume_token)
                            case "changes":
                                for change in message.changes.status_changes:
                                    if _is_news(change, told):
                                        yield Changed(change, change.resume_token)
                        token = message.resume_token
                error = DialbridgeError(grpc.StatusCode.UNAVAILABLE, "", "the stream ended")
            except DialbridgeError as failed:
                error = failed
            failures += 1
            step = resumption.after_watch(error, failures, self._spread())
            if step.next is Next.GIVE_UP:
                raise error
            if step.next is Next.BEGIN_ANEW:
                token = ""
            interrupted = True
            yield Interrupted(error, step.pause)
            await self._sleep(step.pause)

    async def current_user(self) -> users.GetCurrentUserResponse:
        """The user, the user's devices and features."""
        return await self._answer(self._users.GetCurrentUser, users.GetCurrentUserRequest())

    async def sign_in(self) -> users.SignInResponse:
        """An access token to use in place of the password."""
        return await self._answer(self._users.SignIn, users.SignInRequest())

    async def get_call(self, call_id: str) -> Call:
        """One live call."""
        return (await self._answer(self._calls.GetCall, calls.GetCallRequest(call_id=call_id))).call

    async def list_calls(self, only: calls.CallFilter | None = None) -> list[Call]:
        """All live calls that the user may see, every page."""
        found: list[Call] = []
        request = calls.ListCallsRequest(filter=only)
        while True:
            page = await self._answer(self._calls.ListCalls, request)
            found += page.calls
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def answer(self, call_id: str) -> None:
        """Answer a ringing call."""
        await self._answer(self._calls.Answer, calls.AnswerRequest(call_id=call_id))

    async def hangup(self, call_id: str) -> None:
        """Hang up."""
        await self._answer(self._calls.Hangup, calls.HangupRequest(call_id=call_id))

    async def send_dtmf(self, call_id: str, digits: str) -> None:
        """Send digits."""
        await self._answer(self._calls.SendDtmf, calls.SendDtmfRequest(call_id=call_id, digits=digits))

    async def attach_user_data(self, call_id: str, pairs: Pairs) -> None:
        """Add pairs, also where a key is there already."""
        request = calls.AttachUserDataRequest(call_id=call_id, user_data=to_contract(pairs))
        await self._answer(self._calls.AttachUserData, request)

    async def update_user_data(self, call_id: str, pairs: Pairs) -> None:
        """Add pairs and overwrite those whose key is there already."""
        request = calls.UpdateUserDataRequest(call_id=call_id, user_data=to_contract(pairs))
        await self._answer(self._calls.UpdateUserData, request)

    async def delete_user_data(self, call_id: str) -> None:
        """Remove all user data."""
        await self._answer(self._calls.DeleteUserData, calls.DeleteUserDataRequest(call_id=call_id))

    async def delete_user_data_pair(self, call_id: str, key: str) -> None:
        """Remove the pairs with one key."""
        request = calls.DeleteUserDataPairRequest(call_id=call_id, key=key)
        await self._answer(self._calls.DeleteUserDataPair, request)

    async def _answer(
        self, method: Callable[..., Awaitable[Answer]], request: object, *, timeout: float = ANSWER_WITHIN
    ) -> Answer:
        try:
            return await method(request, metadata=self._metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise DialbridgeError.of(error) from None

    async def _stream(
        self, filter_: calls.CallFilter | None, token: str, heartbeat: float
    ) -> AsyncGenerator[calls.WatchCallsResponse]:
        request = calls.WatchCallsRequest(filter=filter_, resume_token=token)
        request.heartbeat_interval.FromMicroseconds(round(heartbeat * 1_000_000))
        stream = self._calls.WatchCalls(request, metadata=self._metadata)
        silence = FIRST_MESSAGE_WITHIN
        try:
            while True:
                async with asyncio.timeout(silence):
                    message = await stream.read()
                if not isinstance(message, calls.WatchCallsResponse):
                    return
                if message.HasField("started"):
                    silence = message.started.heartbeat_interval.ToMicroseconds() / 1_000_000 * SILENT_INTERVALS
                yield message
        except TimeoutError:
            text = f"nothing was heard of the server for {silence:g} seconds"
            raise DialbridgeError(grpc.StatusCode.UNAVAILABLE, "", text) from None
        except grpc.aio.AioRpcError as error:
            raise DialbridgeError.of(error) from None
        finally:
            stream.cancel()


def _is_news(change: StatusChange, told: dict[tuple[str, str], int]) -> bool:
    """Whether the change was not told yet; a call that is over is remembered no longer than its watch needs."""
    call = change.call
    key = (call.id, call.device_id)
    if call.sequence <= told.get(key, 0):
        return False
    told[key] = call.sequence
    if len(told) > _REMEMBERED:
        del told[next(iter(told))]
    return True


_REMEMBERED = 100_000
