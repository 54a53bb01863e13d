"""The client: dial, watch and control calls over one channel; what to do after an interruption is resumption's word."""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import grpc

from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1 import device_service_pb2 as devices
from dialbridge.v1 import user_service_pb2 as users
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.device_service_pb2_grpc import DeviceServiceStub
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2_grpc import OutboundServiceStub
from dialbridge.v1.user_pb2 import Device
from dialbridge.v1.user_service_pb2_grpc import UserServiceStub
from dialbridge_client import resumption
from dialbridge_client.call_operations import CallOperations
from dialbridge_client.credentials import Credentials
from dialbridge_client.device_operations import DeviceOperations
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.following import Following, WatchEvent, ended, silent
from dialbridge_client.preview_loop import PreviewLoop
from dialbridge_client.resumption import Next
from dialbridge_client.user_data import Pairs, to_contract

DIAL_WITHIN = 30.0
"""Seconds for a Dial, repetitions included."""
ANSWER_WITHIN = 10.0
"""Seconds for any other request."""
CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Without these a channel looks for its server no more than every two minutes once it has been away for long.
    ("grpc.initial_reconnect_backoff_ms", round(resumption.SHORTEST_PAUSE * 1000)),
    ("grpc.max_reconnect_backoff_ms", round(resumption.LONGEST_PAUSE * 1000)),
)

Answer = TypeVar("Answer")


class Client(CallOperations[Awaitable[None], Awaitable[str]], DeviceOperations[Awaitable[None]]):
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
        self._outbound = OutboundServiceStub(channel)
        self._devices = DeviceServiceStub(channel)
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
            grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
            if tls is None
            else grpc.aio.secure_channel(target, tls, options=CHANNEL_OPTIONS)
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
        following = Following(only, resume_token, heartbeat)
        while True:
            try:
                async with aclosing(self._stream(following)) as messages:
                    async for message in messages:
                        for event in following.take(message):
                            yield event
                error = ended()
            except DialbridgeError as failed:
                error = failed
            interrupted = following.broke(error, self._spread())
            yield interrupted
            await self._sleep(interrupted.pause)

    async def current_user(self) -> users.GetCurrentUserResponse:
        """The user, the user's devices and features."""
        return await self._answer(self._users.GetCurrentUser, users.GetCurrentUserRequest())

    async def start_contact_center_session(self, device_id: str = "") -> list[users.ChannelResult]:
        """Open the user's session on the voice channel; what became of it. Empty: at every device of the user."""
        request = users.StartContactCenterSessionRequest(channels=["voice"], device_id=device_id)
        return list((await self._answer(self._users.StartContactCenterSession, request)).results)

    async def end_contact_center_session(self) -> None:
        """End it."""
        await self._answer(self._users.EndContactCenterSession, users.EndContactCenterSessionRequest())

    async def list_devices(self) -> list[Device]:
        """The devices that the user may see: the user's own; for a supervisor, all."""
        answer = await self._answer(self._devices.ListDevices, devices.ListDevicesRequest())
        return list(answer.devices)

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

    def preview_loop(
        self, campaign: str, device_id: str = "", application_id: int = 0
    ) -> PreviewLoop[Awaitable[None], Awaitable[OutboundRecord | None], Awaitable[list[OutboundRecord]]]:
        """The user's work on a campaign; ``device_id`` empty: with the user's first device. ``application_id``, the
        database id of the Outbound Contact Server, is needed where a GWS has the campaign."""

        async def ask(operation: str, request: object, read: Callable[[Any], Any]) -> Any:
            return read(await self._answer(getattr(self._outbound, operation), request))

        return PreviewLoop(ask, campaign, device_id, application_id)

    async def _do_at_device(self, operation: str, request: object) -> None:
        await self._answer(getattr(self._devices, operation), request)

    async def _do(self, operation: str, request: object) -> None:
        await self._answer(getattr(self._calls, operation), request)

    async def _consult(self, operation: str, request: object) -> str:
        answer: calls.InitiateTransferResponse = await self._answer(getattr(self._calls, operation), request)
        return answer.consult_call_id

    async def _answer(
        self, method: Callable[..., Awaitable[Answer]], request: object, *, timeout: float = ANSWER_WITHIN
    ) -> Answer:
        try:
            return await method(request, metadata=self._metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise DialbridgeError.of(error) from None

    async def _stream(self, following: Following) -> AsyncGenerator[calls.WatchCallsResponse]:
        stream = self._calls.WatchCalls(following.request(), metadata=self._metadata)
        try:
            while True:
                async with asyncio.timeout(following.silence):
                    message = await stream.read()
                if not isinstance(message, calls.WatchCallsResponse):
                    return
                yield message
        except TimeoutError:
            raise silent(following.silence) from None
        except grpc.aio.AioRpcError as error:
            raise DialbridgeError.of(error) from None
        finally:
            stream.cancel()
