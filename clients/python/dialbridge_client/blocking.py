"""The client for programs without an event loop: the same as `dialbridge_client.client`, in threads that wait."""

import math
import random
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
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
from dialbridge_client.client import ANSWER_WITHIN, CHANNEL_OPTIONS, DIAL_WITHIN
from dialbridge_client.credentials import Credentials
from dialbridge_client.device_operations import DeviceOperations
from dialbridge_client.errors import DialbridgeError
from dialbridge_client.following import Following, WatchEvent, ended, silent
from dialbridge_client.preview_loop import PreviewLoop
from dialbridge_client.resumption import Next
from dialbridge_client.user_data import Pairs, to_contract

LOOK_EVERY = 1.0
"""Seconds between two looks whether a stream is silent for too long."""

Answer = TypeVar("Answer")


class BlockingClient(CallOperations[None, str], DeviceOperations[None]):
    """One user's view of one server, usable from several threads at once. All methods raise `DialbridgeError`."""

    def __init__(
        self,
        channel: grpc.Channel,
        credentials: Credentials,
        *,
        sleep: Callable[[float], object] = time.sleep,
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
    @contextmanager
    def connect(
        cls, target: str, *, credentials: Credentials, tls: grpc.ChannelCredentials | None = None
    ) -> Generator["BlockingClient"]:
        """A client for ``HOST:PORT``, for as long as the context; ``tls`` from ``grpc.ssl_channel_credentials``."""
        channel = (
            grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
            if tls is None
            else grpc.secure_channel(target, tls, options=CHANNEL_OPTIONS)
        )
        with channel:
            yield cls(channel, credentials)

    def dial(
        self,
        device_id: str,
        target: OutboundRecord | str,
        *,
        user_data: Pairs = (),
        request_id: str | None = None,
        timeout: float = DIAL_WITHIN,
    ) -> calls.DialResponse:
        """See `Client.dial <dialbridge_client.client.Client.dial>`."""
        request = calls.DialRequest(
            device_id=device_id, user_data=to_contract(user_data), request_id=request_id or str(uuid.uuid4())
        )
        if isinstance(target, str):
            request.destination = target
        else:
            request.outbound_record.CopyFrom(target)
        ends = time.monotonic() + timeout
        attempt = 0
        while True:
            try:
                return self._answer(self._calls.Dial, request, timeout=max(0.0, ends - time.monotonic()))
            except DialbridgeError as error:
                attempt += 1
                step = resumption.after_dial(error, attempt, self._spread())
                if step.next is Next.GIVE_UP or time.monotonic() + step.pause >= ends:
                    raise
            self._sleep(step.pause)

    def watch(
        self, only: calls.CallFilter | None = None, *, resume_token: str = "", heartbeat: float = 15.0
    ) -> Generator[WatchEvent]:
        """See `Client.watch <dialbridge_client.client.Client.watch>`. Close the generator to end the watch."""
        following = Following(only, resume_token, heartbeat)
        while True:
            try:
                for message in self._stream(following):
                    yield from following.take(message)
                error = ended()
            except DialbridgeError as failed:
                error = failed
            interrupted = following.broke(error, self._spread())
            yield interrupted
            self._sleep(interrupted.pause)

    def current_user(self) -> users.GetCurrentUserResponse:
        """The user, the user's devices and features."""
        return self._answer(self._users.GetCurrentUser, users.GetCurrentUserRequest())

    def start_contact_center_session(self, device_id: str = "") -> list[users.ChannelResult]:
        """Open the user's session on the voice channel; what became of it. Empty: at every device of the user."""
        request = users.StartContactCenterSessionRequest(channels=["voice"], device_id=device_id)
        return list((self._answer(self._users.StartContactCenterSession, request)).results)

    def end_contact_center_session(self) -> None:
        """End it."""
        self._answer(self._users.EndContactCenterSession, users.EndContactCenterSessionRequest())

    def list_devices(self) -> list[Device]:
        """The devices that the user may see: the user's own; for a supervisor, all."""
        answer = self._answer(self._devices.ListDevices, devices.ListDevicesRequest())
        return list(answer.devices)

    def sign_in(self) -> users.SignInResponse:
        """An access token to use in place of the password."""
        return self._answer(self._users.SignIn, users.SignInRequest())

    def get_call(self, call_id: str) -> Call:
        """One live call."""
        return self._answer(self._calls.GetCall, calls.GetCallRequest(call_id=call_id)).call

    def list_calls(self, only: calls.CallFilter | None = None) -> list[Call]:
        """All live calls that the user may see, every page."""
        found: list[Call] = []
        request = calls.ListCallsRequest(filter=only)
        while True:
            page = self._answer(self._calls.ListCalls, request)
            found += page.calls
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def preview_loop(
        self, campaign: str, device_id: str = "", application_id: int = 0
    ) -> PreviewLoop[None, OutboundRecord | None, list[OutboundRecord]]:
        """The user's work on a campaign; ``device_id`` empty: with the user's first device. ``application_id``, the
        database id of the Outbound Contact Server, is needed where a GWS has the campaign."""

        def ask(operation: str, request: object, read: Callable[[Any], Any]) -> Any:
            return read(self._answer(getattr(self._outbound, operation), request))

        return PreviewLoop(ask, campaign, device_id, application_id)

    def _do_at_device(self, operation: str, request: object) -> None:
        self._answer(getattr(self._devices, operation), request)

    def _do(self, operation: str, request: object) -> None:
        self._answer(getattr(self._calls, operation), request)

    def _consult(self, operation: str, request: object) -> str:
        answer: calls.InitiateTransferResponse = self._answer(getattr(self._calls, operation), request)
        return answer.consult_call_id

    def _answer(self, method: Callable[..., Answer], request: object, *, timeout: float = ANSWER_WITHIN) -> Answer:
        try:
            return method(request, metadata=self._metadata, timeout=timeout)
        except grpc.RpcError as error:
            raise _told(error) from None

    def _stream(self, following: Following) -> Iterator[calls.WatchCallsResponse]:
        stream: Any = self._calls.WatchCalls(following.request(), metadata=self._metadata)
        listener = _Listener(stream, following)
        try:
            for message in stream:
                listener.rest()
                yield message
                listener.listen()
        except grpc.RpcError as error:
            if listener.gave_up:
                raise silent(following.silence) from None
            raise _told(error) from None
        finally:
            listener.close()
            stream.cancel()


class _Listener:
    """Cancels a stream of which nothing is heard, because a thread that waits for it cannot."""

    def __init__(self, stream: Any, following: Following) -> None:
        self._stream = stream
        self._following = following
        self._over = threading.Event()
        self._heard_at = time.monotonic()
        self.gave_up = False
        self._thread = threading.Thread(target=self._listen, name="dialbridge watch", daemon=True)
        self._thread.start()

    def rest(self) -> None:
        """The application has the message, and may take its time."""
        self._heard_at = math.inf

    def listen(self) -> None:
        """The next message is waited for."""
        self._heard_at = time.monotonic()

    def close(self) -> None:
        """The stream is over."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _left(self) -> float:
        return self._heard_at + self._following.silence - time.monotonic()

    def _listen(self) -> None:
        while not self._over.wait(min(max(0.01, self._left()), LOOK_EVERY)):
            if self._left() <= 0:
                self.gave_up = True
                self._stream.cancel()
                return


def _told(error: grpc.RpcError) -> DialbridgeError:
    """Errors of the blocking stubs are calls, too, which is what has their facts."""
    assert isinstance(error, grpc.Call)  # noqa: S101  as grpcio documents
    return DialbridgeError.of(error)
