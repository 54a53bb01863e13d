"""The facade without a socket: the shape of the generated asyncio stubs, answered by the services in the same process.

A hop over a socket costs several times what a whole request costs, so the bridge, when it runs in the server's
process, is given this instead of a channel. It behaves as a channel does: the same errors, deadlines and metadata.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from dialbridge.v1 import user_service_pb2 as user
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_DEADLINE_EXCEEDED
from server.errors import code_of, trailers_of
from server.refusals import Refusal
from server.services import Method, Refused, Services, Stream

Metadata = Sequence[tuple[str, str | bytes]]

DECODED = 8
"""How many of the newest messages are kept decoded for watchers that come to them a little later."""


class _Unary:
    def __init__(self, services: Services, method: Method) -> None:
        self._services = services
        self._method = method

    async def __call__(self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None) -> Any:
        try:
            if timeout is None:
                return await self._services.invoke(self._method, request, metadata or (), None)
            async with asyncio.timeout(timeout):
                return await self._services.invoke(self._method, request, metadata or (), timeout)
        except Refused as refused:
            raise _rpc_error(refused) from None
        except TimeoutError:
            raise _rpc_error(_deadline()) from None


class _Streaming:
    def __init__(self, services: Services, stream: Stream) -> None:
        self._services = services
        self._stream = stream
        # A message that many watchers get is decoded once; none of them may change it.
        self._decoded = functools.lru_cache(maxsize=DECODED)(stream.response.FromString)

    async def __call__(
        self, request: Any, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> AsyncIterator[Any]:
        # A reader in this process holds no write that could hang; when it fell behind, its next step is told.
        messages = self._services.watch(self._stream, request, metadata or (), unstick=lambda: None)
        try:
            async with asyncio.timeout(timeout), aclosing(messages):
                async for message in messages:
                    yield self._decoded(message)
        except Refused as refused:
            raise _rpc_error(refused) from None
        except TimeoutError:
            raise _rpc_error(_deadline()) from None


class InProcessUserService:
    """``UserServiceAsyncStub`` without a channel."""

    def __init__(self, services: Services) -> None:
        self._services = services
        methods = services.methods
        self.GetCurrentUser = _Unary(services, methods["GetCurrentUser"])
        self.StartContactCenterSession = _Unary(services, methods["StartContactCenterSession"])
        self.EndContactCenterSession = _Unary(services, methods["EndContactCenterSession"])

    async def SignIn(  # noqa: N802
        self, _request: user.SignInRequest, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> user.SignInResponse:
        """Check credentials."""
        try:
            async with asyncio.timeout(timeout):
                return await self._services.sign_in(metadata or ())
        except Refused as refused:
            raise _rpc_error(refused) from None
        except TimeoutError:
            raise _rpc_error(_deadline()) from None


class InProcessCallService:
    """``CallServiceAsyncStub`` without a channel."""

    def __init__(self, services: Services) -> None:
        self._services = services
        methods = services.methods
        self.Dial = _Unary(services, methods["Dial"])
        self.GetCall = _Unary(services, methods["GetCall"])
        self.ListCalls = _Unary(services, methods["ListCalls"])
        self.Answer = _Unary(services, methods["Answer"])
        self.Hangup = _Unary(services, methods["Hangup"])
        self.SendDtmf = _Unary(services, methods["SendDtmf"])
        self.AttachUserData = _Unary(services, methods["AttachUserData"])
        self.UpdateUserData = _Unary(services, methods["UpdateUserData"])
        self.DeleteUserData = _Unary(services, methods["DeleteUserData"])
        self.DeleteUserDataPair = _Unary(services, methods["DeleteUserDataPair"])
        self.Hold = _Unary(services, methods["Hold"])
        self.Retrieve = _Unary(services, methods["Retrieve"])
        self.SwapCalls = _Unary(services, methods["SwapCalls"])
        self.SingleStepTransfer = _Unary(services, methods["SingleStepTransfer"])
        self.InitiateTransfer = _Unary(services, methods["InitiateTransfer"])
        self.CompleteTransfer = _Unary(services, methods["CompleteTransfer"])
        self.SingleStepConference = _Unary(services, methods["SingleStepConference"])
        self.InitiateConference = _Unary(services, methods["InitiateConference"])
        self.CompleteConference = _Unary(services, methods["CompleteConference"])
        self.RemoveParticipantFromConference = _Unary(services, methods["RemoveParticipantFromConference"])
        self.MuteCall = _Unary(services, methods["MuteCall"])
        self.UnmuteCall = _Unary(services, methods["UnmuteCall"])
        self.StartCallRecording = _Unary(services, methods["StartCallRecording"])
        self.PauseCallRecording = _Unary(services, methods["PauseCallRecording"])
        self.ResumeCallRecording = _Unary(services, methods["ResumeCallRecording"])
        self.StopCallRecording = _Unary(services, methods["StopCallRecording"])
        self.ClearCall = _Unary(services, methods["ClearCall"])
        self.MuteMonitoredUser = _Unary(services, methods["MuteMonitoredUser"])
        self.UnmuteMonitoredUser = _Unary(services, methods["UnmuteMonitoredUser"])
        self.SwitchToListenIn = _Unary(services, methods["SwitchToListenIn"])
        self.SwitchToCoach = _Unary(services, methods["SwitchToCoach"])
        self.SwitchToBargeIn = _Unary(services, methods["SwitchToBargeIn"])
        self.ListenIn = _Unary(services, methods["ListenIn"])
        self.Coach = _Unary(services, methods["Coach"])
        self.BargeIn = _Unary(services, methods["BargeIn"])
        self.CancelSupervisorMonitoring = _Unary(services, methods["CancelSupervisorMonitoring"])
        self.WatchCalls = _Streaming(services, services.streams["WatchCalls"])


class InProcessDeviceService:
    """``DeviceServiceAsyncStub`` without a channel."""

    def __init__(self, services: Services) -> None:
        methods = services.methods
        self.ListDevices = _Unary(services, methods["ListDevices"])
        self.SetAgentState = _Unary(services, methods["SetAgentState"])
        self.SetDoNotDisturb = _Unary(services, methods["SetDoNotDisturb"])
        self.SetForwarding = _Unary(services, methods["SetForwarding"])
        self.WatchDevices = _Streaming(services, services.streams["WatchDevices"])


class InProcessOutboundService:
    """``OutboundServiceAsyncStub`` without a channel."""

    def __init__(self, services: Services) -> None:
        methods = services.methods
        self.StartPreviewSession = _Unary(services, methods["StartPreviewSession"])
        self.EndPreviewSession = _Unary(services, methods["EndPreviewSession"])
        self.GetPreviewRecord = _Unary(services, methods["GetPreviewRecord"])
        self.GetChainedRecord = _Unary(services, methods["GetChainedRecord"])
        self.CompleteRecord = _Unary(services, methods["CompleteRecord"])
        self.RejectRecord = _Unary(services, methods["RejectRecord"])
        self.UpdateRecord = _Unary(services, methods["UpdateRecord"])
        self.RescheduleRecord = _Unary(services, methods["RescheduleRecord"])
        self.DoNotCallRecord = _Unary(services, methods["DoNotCallRecord"])
        self.AddRecord = _Unary(services, methods["AddRecord"])
        self.WatchOutbound = _Streaming(services, services.streams["WatchOutbound"])


def _rpc_error(refused: Refused) -> grpc.aio.AioRpcError:
    refusal = refused.refusal
    return grpc.aio.AioRpcError(
        code_of(refusal),
        grpc.aio.Metadata(),
        grpc.aio.Metadata(*trailers_of(refusal, refused.request_id)),
        details=refusal.text,
    )


def _deadline() -> Refused:
    return Refused(Refusal(ERROR_REASON_DEADLINE_EXCEEDED, "Deadline Exceeded"), "")
