"""A facade that answers as told, behind the real bridge on a real socket."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from aiohttp import ClientSession, CookieJar
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from bridge.facade import Facade, Metadata
from bridge.legacy.app import Bridge
from bridge.settings import BridgeSettings
from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1 import device_service_pb2 as device
from dialbridge.v1 import outbound_service_pb2 as outbound
from dialbridge.v1 import user_service_pb2 as user
from dialbridge.v1.user_pb2 import (
    DEVICE_STATE_ACTIVE,
    ROLE_AGENT,
    USER_STATE_LOGGED_IN,
    Device,
    Feature,
    User,
)

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"

CODES = {
    "NOT_AUTHENTICATED": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_EXPIRED": grpc.StatusCode.UNAUTHENTICATED,
    "RESUME_TOKEN_EXPIRED": grpc.StatusCode.OUT_OF_RANGE,
    "CALL_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "OVERLOADED": grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def refusal(
    reason: str, text: str = "the facade's own words", *, retry_after: int | None = None, **metadata: str
) -> grpc.aio.AioRpcError:
    """An error as the facade makes them."""
    code = CODES.get(reason, grpc.StatusCode.FAILED_PRECONDITION)
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain="dialbridge", metadata=metadata)]
    if retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromSeconds(retry_after)
        details.append(retry)
    status = status_pb2.Status(code=code.value[0], message=text)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, details=text)


def broken(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    """An error as a channel makes them."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="ipv4:10.1.2.3:50051 is gone")


@dataclass
class Asked:
    """One request that came to the facade."""

    method: str
    message: Any
    authorization: str


@dataclass
class ScriptedFacade:
    """Signs in who has the password "demo", and answers every other request with what ``answers`` has for it.

    An answer that is an exception is raised; a list is used up one by one.
    """

    now: float
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    streams: asyncio.Queue[list[Any]] = field(default_factory=asyncio.Queue)
    """What each further WatchCalls gives, and then raises or, with None, stays silent on."""
    outbound_messages: asyncio.Queue[outbound.OutboundMessage] = field(default_factory=asyncio.Queue)
    """What WatchOutbound tells."""
    device_changes: asyncio.Queue[device.DeviceChange] = field(default_factory=asyncio.Queue)
    """What WatchDevices tells."""
    watched: list[call.WatchCallsRequest] = field(default_factory=list)

    def facade(self) -> Facade:
        """The facade as the bridge wants it."""
        return Facade(calls=_Calls(self), users=_Users(self), outbound=_Outbound(self), devices=_Devices(self))

    def of(self, method: str) -> list[Any]:
        """The messages with which ``method`` was asked."""
        return [asked.message for asked in self.asked if asked.method == method]

    async def unary(self, method: str, message: Any, metadata: Metadata | None) -> Any:
        authorization = str(dict(metadata or ()).get("authorization", ""))
        copy = type(message)()
        copy.CopyFrom(message)
        self.asked.append(Asked(method, copy, authorization))
        if method == "SignIn":
            return self.sign_in(authorization)
        if authorization.removeprefix("Bearer ") not in self.tokens:
            raise refusal("NOT_AUTHENTICATED")
        answer = self.answers[method] if method in self.answers else _default(method)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = await answer(copy)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def sign_in(self, authorization: str) -> user.SignInResponse:
        if "SignIn" in self.answers:
            raise self.answers["SignIn"]
        scheme, _, credentials = authorization.partition(" ")
        if scheme == "Bearer":
            if credentials not in self.tokens:
                raise refusal("NOT_AUTHENTICATED")
            name, password = self.tokens[credentials], "demo"
        else:
            name, _, password = base64.b64decode(credentials).decode().partition(":")
        if password != "demo":
            raise refusal("NOT_AUTHENTICATED", "wrong name or password")
        token = f"token-{len(self.asked)}"
        self.tokens[token] = name
        answer = user.SignInResponse(user=User(user_name=name), access_token=token)
        answer.expire_time.FromSeconds(int(self.now) + 12 * 3600)
        return answer

    async def watch(self, request: call.WatchCallsRequest) -> AsyncIterator[call.WatchCallsResponse]:
        self.watched.append(request)
        for step in await self.streams.get():
            if step is None:
                await asyncio.Event().wait()
            if isinstance(step, BaseException):
                raise step
            yield step


class _Unary:
    def __init__(self, script: ScriptedFacade, method: str) -> None:
        self._script = script
        self._method = method

    async def __call__(self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None) -> Any:
        assert timeout is not None
        return await self._script.unary(self._method, request, metadata)


class _Calls:
    def __init__(self, script: ScriptedFacade) -> None:
        for name in call.DESCRIPTOR.services_by_name["CallService"].methods_by_name:
            if name == "WatchCalls":
                continue
            setattr(self, name, _Unary(script, name))
        self._script = script

    def WatchCalls(  # noqa: N802
        self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> AsyncIterator[call.WatchCallsResponse]:
        assert metadata == (("authorization", "Bearer service"),)
        return self._script.watch(request)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class _Users:
    def __init__(self, script: ScriptedFacade) -> None:
        for name in ("SignIn", "GetCurrentUser", "StartContactCenterSession", "EndContactCenterSession"):
            setattr(self, name, _Unary(script, name))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class _Outbound:
    """Follows nothing, and answers as it is told."""

    def __init__(self, script: ScriptedFacade) -> None:
        for name in outbound.DESCRIPTOR.services_by_name["OutboundService"].methods_by_name:
            if name != "WatchOutbound":
                setattr(self, name, _Unary(script, name))
        self._script = script

    async def WatchOutbound(  # noqa: N802
        self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> AsyncIterator[outbound.WatchOutboundResponse]:
        yield outbound.WatchOutboundResponse(started=call.Started(position=1))
        while True:
            message = await self._script.outbound_messages.get()
            yield outbound.WatchOutboundResponse(changes=outbound.OutboundMessages(messages=[message]))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class _Devices:
    """Follows what it is told, and answers as it is told."""

    def __init__(self, script: ScriptedFacade) -> None:
        for name in device.DESCRIPTOR.services_by_name["DeviceService"].methods_by_name:
            if name != "WatchDevices":
                setattr(self, name, _Unary(script, name))
        self._script = script

    async def WatchDevices(  # noqa: N802
        self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> AsyncIterator[device.WatchDevicesResponse]:
        yield device.WatchDevicesResponse(started=call.Started(position=1))
        while True:
            change = await self._script.device_changes.get()
            yield device.WatchDevicesResponse(changes=device.DeviceChanges(device_changes=[change]))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


CURRENT_USER = user.GetCurrentUserResponse(
    user=User(
        id="0123456789abcdef0123456789abcdef",
        user_name="agent1",
        first_name="Ada",
        last_name="One",
        email_address="ada@example.com",
        roles=[ROLE_AGENT],
        enabled=True,
        contact_center_id="9e1ab32f-53f9-43ce-b65e-5768c61f7d4a",
    ),
    devices=[
        Device(
            id=DEVICE,
            phone_number="5005",
            state=DEVICE_STATE_ACTIVE,
            user_state=USER_STATE_LOGGED_IN,
            telephony_network="Private",
            voice_environment_id="3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52",
            lines=1,
        )
    ],
    features=[
        Feature(id="api-voice", display_name="Voice API", description="API for Voice"),
        Feature(id="api-voice-outbound", display_name="Voice API Outbound", description="API for Outbound"),
    ],
)

_DEFAULTS: dict[str, Any] = {
    "GetCall": refusal("CALL_NOT_FOUND"),
    "GetCurrentUser": CURRENT_USER,
    "StartContactCenterSession": user.StartContactCenterSessionResponse(results=[user.ChannelResult(channel="voice")]),
    "EndContactCenterSession": user.EndContactCenterSessionResponse(),
}


@dataclass
class Clock:
    """A clock that stands still."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def script(clock: Clock) -> ScriptedFacade:
    return ScriptedFacade(now=clock.now)


@pytest.fixture
def refuse() -> Callable[..., grpc.aio.AioRpcError]:
    return refusal


@pytest.fixture
def break_off() -> Callable[[grpc.StatusCode], grpc.aio.AioRpcError]:
    return broken


@dataclass
class Running:
    """A bridge that listens, and its base address."""

    bridge: Bridge
    url: str


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(script: ScriptedFacade, clock: Clock) -> AsyncIterator[Start]:
    """Starts bridges, with the settings that are given."""
    running: list[Bridge] = []

    async def start(**settings: Any) -> Running:
        bridge = Bridge(
            script.facade(),
            BridgeSettings(**{"port": 0} | settings),
            service_metadata=lambda: (("authorization", "Bearer service"),),
            clock=clock,
        )
        port = await bridge.start()
        running.append(bridge)
        return Running(bridge, f"http://127.0.0.1:{port}")

    yield start
    for bridge in running:
        await bridge.close()


@pytest.fixture
async def bridge(start: Start) -> Running:
    """A bridge with default settings."""
    return await start()


@pytest.fixture
async def browser() -> AsyncIterator[ClientSession]:
    """A client that keeps cookies and has no credentials of its own."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
def credentials() -> dict[str, str]:
    """The header of agent1."""
    return {"Authorization": "Basic " + base64.b64encode(b"agent1:demo").decode()}


@pytest.fixture
async def agent1(browser: ClientSession, bridge: Running, credentials: dict[str, str]) -> ClientSession:
    """A client that has signed in at ``bridge`` and goes on with its cookie."""
    async with browser.get(f"{bridge.url}/api/v2/me", headers=credentials) as answer:
        assert answer.status == 200
    return browser


def _default(method: str) -> Any:
    return _DEFAULTS[method] if method in _DEFAULTS else getattr(call, f"{method}Response")()
