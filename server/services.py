"""The services of the contract as a table of methods over the use cases; knows no transport.

Every transport takes the same way in, `Services.invoke` and `Services.watch`, so that authentication, logging and
what happens to an unforeseen error are the same whether a request came over a socket or from the bridge in the same
process.
"""

import asyncio
import functools
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from google.protobuf.message import Message

from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1 import device_service_pb2 as device
from dialbridge.v1 import outbound_service_pb2 as campaign
from dialbridge.v1 import user_service_pb2 as user
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_INTERNAL, ErrorReason
from server import tracing
from server.authentication import Authenticator
from server.call_operations import OPERATIONS, CallOperations
from server.call_reads import CallReads
from server.device_operations import DeviceOperations
from server.dialing import Dialing
from server.features import VOICE, require_feature
from server.metrics import OK, ServerMetrics
from server.outbound import Outbound
from server.principal import Principal
from server.published_calls import PublishedCalls
from server.published_devices import PublishedDevices
from server.published_outbound import PublishedOutbound
from server.refusals import Refusal
from server.supervising import Supervising
from server.user_sessions import UserSessions
from server.watchers import Watch, Watchers, WatchRequest

CALL_SERVICE = call.DESCRIPTOR.services_by_name["CallService"].full_name
USER_SERVICE = user.DESCRIPTOR.services_by_name["UserService"].full_name
OUTBOUND_SERVICE = campaign.DESCRIPTOR.services_by_name["OutboundService"].full_name
DEVICE_SERVICE = device.DESCRIPTOR.services_by_name["DeviceService"].full_name
SERVICES = (CALL_SERVICE, USER_SERVICE, OUTBOUND_SERVICE, DEVICE_SERVICE)

Metadata = Iterable[tuple[str, str | bytes]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and how long they wait."""

    principal: Principal
    time_remaining: float | None
    """Seconds; None: without end."""


@dataclass(frozen=True, slots=True)
class Method:
    """One unary RPC."""

    service: str
    name: str
    request: type[Message]
    handle: Callable[[Caller, Any], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Stream:
    """One RPC that follows something."""

    service: str
    name: str
    request: type[WatchRequest]
    response: type[Message]
    watch: Callable[[Principal, Any], Watch]


class Services:
    """All RPCs."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        dialing: Dialing,
        reads: CallReads,
        operations: CallOperations,
        supervising: Supervising,
        users: UserSessions,
        outbound: Outbound,
        device_operations: DeviceOperations,
        calls: PublishedCalls,
        campaigns: PublishedOutbound,
        devices: PublishedDevices,
        watchers: Watchers,
        metrics: ServerMetrics,
    ) -> None:
        self._authenticator = authenticator
        self._metrics = metrics
        self._users = users
        self._watchers = watchers

        def controlled(
            name: str, request: type[Message], do: Callable[..., Awaitable[Message]], service: str = CALL_SERVICE
        ) -> Method:
            return Method(service, name, request, lambda by, asked: do(by.principal, asked, by.time_remaining))

        def at_device(name: str, request: type[Message], do: Callable[..., Awaitable[Message]]) -> Method:
            return controlled(name, request, do, DEVICE_SERVICE)

        def in_loop(request: type[Message]) -> Method:
            name = request.DESCRIPTOR.name.removesuffix("Request")
            return Method(OUTBOUND_SERVICE, name, request, lambda by, asked: outbound.perform(by.principal, asked))

        self.methods: Mapping[str, Method] = {
            method.name: method
            for method in (
                controlled("Dial", call.DialRequest, dialing.dial),
                controlled("GetCall", call.GetCallRequest, reads.get_call),
                controlled("ListCalls", call.ListCallsRequest, reads.list_calls),
                controlled("ListenIn", call.ListenInRequest, supervising.listen_in),
                controlled("Coach", call.CoachRequest, supervising.coach),
                controlled("BargeIn", call.BargeInRequest, supervising.barge_in),
                controlled("CancelSupervisorMonitoring", call.CancelSupervisorMonitoringRequest, supervising.cancel),
                *(
                    controlled(name, operation.request, functools.partial(operations.perform, name))
                    for name, operation in OPERATIONS.items()
                ),
                in_loop(campaign.StartPreviewSessionRequest),
                in_loop(campaign.EndPreviewSessionRequest),
                in_loop(campaign.GetPreviewRecordRequest),
                in_loop(campaign.GetChainedRecordRequest),
                in_loop(campaign.CompleteRecordRequest),
                in_loop(campaign.RejectRecordRequest),
                in_loop(campaign.UpdateRecordRequest),
                in_loop(campaign.RescheduleRecordRequest),
                in_loop(campaign.DoNotCallRecordRequest),
                in_loop(campaign.AddRecordRequest),
                Method(
                    DEVICE_SERVICE,
                    "ListDevices",
                    device.ListDevicesRequest,
                    lambda by, asked: device_operations.list_devices(by.principal, asked),
                ),
                at_device("SetAgentState", device.SetAgentStateRequest, device_operations.set_agent_state),
                at_device("SetDoNotDisturb", device.SetDoNotDisturbRequest, device_operations.set_do_not_disturb),
                at_device("SetForwarding", device.SetForwardingRequest, device_operations.set_forwarding),
                Method(
                    USER_SERVICE,
                    "GetCurrentUser",
                    user.GetCurrentUserRequest,
                    lambda by, _: users.current_user(by.principal),
                ),
                Method(
                    USER_SERVICE,
                    "StartContactCenterSession",
                    user.StartContactCenterSessionRequest,
                    lambda by, asked: users.start(by.principal, asked, by.time_remaining),
                ),
                Method(
                    USER_SERVICE,
                    "EndContactCenterSession",
                    user.EndContactCenterSessionRequest,
                    lambda by, _: users.end(by.principal, by.time_remaining),
                ),
            )
        }
        """Every unary RPC but SignIn, which has no principal yet."""
        self.streams: Mapping[str, Stream] = {
            stream.name: stream
            for stream in (
                Stream(CALL_SERVICE, "WatchCalls", call.WatchCallsRequest, call.WatchCallsResponse, calls.watch),
                Stream(
                    DEVICE_SERVICE,
                    "WatchDevices",
                    device.WatchDevicesRequest,
                    device.WatchDevicesResponse,
                    devices.watch,
                ),
                Stream(
                    OUTBOUND_SERVICE,
                    "WatchOutbound",
                    campaign.WatchOutboundRequest,
                    campaign.WatchOutboundResponse,
                    campaigns.watch,
                ),
            )
        }
        """Every RPC that follows something."""

    async def invoke(
        self, method: Method, request: Message, metadata: Metadata, time_remaining: float | None
    ) -> Message:
        """Answer one request. Raises `Refused`, and nothing else but cancellation."""
        user_name, ended, began = "", OK, time.perf_counter()
        try:
            with tracing.rpc(method.name, metadata):
                try:
                    principal = await self._authenticator.authenticate(metadata)
                    user_name = principal.user_name
                    return await method.handle(Caller(principal, time_remaining), request)
                except Exception as error:
                    refused = _refused(method.name, user_name, error)
                    ended = _reason_of(refused.refusal)
                    tracing.failed(ended)
                    raise refused from error
        except asyncio.CancelledError:
            ended = "CANCELLED"
            raise
        finally:
            self._metrics.rpc_ended(method.name, ended, time.perf_counter() - began)

    async def sign_in(self, metadata: Metadata) -> user.SignInResponse:
        """Answer SignIn. Raises `Refused`, and nothing else but cancellation."""
        try:
            return await self._users.sign_in(metadata)
        except Exception as error:
            raise _refused("SignIn", "", error) from error

    async def watch(
        self, stream: Stream, request: WatchRequest, metadata: Metadata, *, unstick: Callable[[], None]
    ) -> AsyncGenerator[bytes]:
        """The messages of one watch, serialised. Raises `Refused`, and nothing else but cancellation."""
        user_name = ""
        try:
            principal = await self._authenticator.authenticate(metadata)
            user_name = principal.user_name
            require_feature(principal, VOICE)
            messages = self._watchers.watch(stream.watch(principal, request), request, unstick=unstick)
            del principal, request, metadata, unstick  # else they would be kept for as long as the watcher follows
            async for message in messages:
                yield message
        except Exception as error:
            raise _refused(stream.name, user_name, error) from error


class Refused(Exception):
    """The end of an RPC that was answered with an error, and the id under which the log has it."""

    def __init__(self, refusal: Refusal, request_id: str) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal
        self.request_id = request_id


def _reason_of(refusal: Refusal) -> str:
    return ErrorReason.Name(refusal.reason).removeprefix("ERROR_REASON_")


def _refused(method: str, user_name: str, error: Exception) -> Refused:
    request_id = secrets.token_hex(8)
    if isinstance(error, Refusal):
        log.info(
            "refused",
            method=method,
            user=user_name or None,
            reason=_reason_of(error),
            text=error.text,
            request_id=request_id,
        )
        return Refused(error, request_id)
    log.error("rpc failed", method=method, user=user_name or None, request_id=request_id, exc_info=error)
    return Refused(
        Refusal(ERROR_REASON_INTERNAL, f"a defect of dialbridge; the log has it under request id {request_id}"),
        request_id,
    )
