"""What the bridge asks of the facade: the shape of the generated asyncio stubs, over a channel or in process."""

# ruff: noqa: N802  the names are the contract's

from collections.abc import AsyncIterable, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1 import user_service_pb2 as user

Metadata = Sequence[tuple[str, str | bytes]]

_Request = TypeVar("_Request", contravariant=True)
_Response = TypeVar("_Response", covariant=True)


class Unary(Protocol[_Request, _Response]):
    """One request, one answer. Raises ``grpc.aio.AioRpcError``; ``timeout`` is in seconds."""

    def __call__(
        self, request: _Request, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> Awaitable[_Response]: ...


class Streaming(Protocol[_Request, _Response]):
    """One request, many answers. Iterating raises ``grpc.aio.AioRpcError``."""

    def __call__(
        self, request: _Request, /, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> AsyncIterable[_Response]: ...


class CallService(Protocol):
    """``CallServiceAsyncStub``, or the same in process."""

    @property
    def Dial(self) -> Unary[call.DialRequest, call.DialResponse]: ...
    @property
    def WatchCalls(self) -> Streaming[call.WatchCallsRequest, call.WatchCallsResponse]: ...
    @property
    def GetCall(self) -> Unary[call.GetCallRequest, call.GetCallResponse]: ...
    @property
    def ListCalls(self) -> Unary[call.ListCallsRequest, call.ListCallsResponse]: ...
    @property
    def Answer(self) -> Unary[call.AnswerRequest, call.AnswerResponse]: ...
    @property
    def Hangup(self) -> Unary[call.HangupRequest, call.HangupResponse]: ...
    @property
    def SendDtmf(self) -> Unary[call.SendDtmfRequest, call.SendDtmfResponse]: ...
    @property
    def AttachUserData(self) -> Unary[call.AttachUserDataRequest, call.AttachUserDataResponse]: ...
    @property
    def UpdateUserData(self) -> Unary[call.UpdateUserDataRequest, call.UpdateUserDataResponse]: ...
    @property
    def DeleteUserData(self) -> Unary[call.DeleteUserDataRequest, call.DeleteUserDataResponse]: ...
    @property
    def DeleteUserDataPair(self) -> Unary[call.DeleteUserDataPairRequest, call.DeleteUserDataPairResponse]: ...


class UserService(Protocol):
    """``UserServiceAsyncStub``, or the same in process."""

    @property
    def SignIn(self) -> Unary[user.SignInRequest, user.SignInResponse]: ...
    @property
    def GetCurrentUser(self) -> Unary[user.GetCurrentUserRequest, user.GetCurrentUserResponse]: ...
    @property
    def StartContactCenterSession(
        self,
    ) -> Unary[user.StartContactCenterSessionRequest, user.StartContactCenterSessionResponse]: ...
    @property
    def EndContactCenterSession(
        self,
    ) -> Unary[user.EndContactCenterSessionRequest, user.EndContactCenterSessionResponse]: ...


@dataclass(frozen=True, slots=True)
class Facade:
    """The services of one facade."""

    calls: CallService
    users: UserService
