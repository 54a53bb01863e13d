"""The gRPC side of the server: handlers, health, reflection, keepalive; answers with what the services say."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from dialbridge.v1 import user_service_pb2 as user
from server.errors import code_of, trailers_of
from server.services import SERVICES, USER_SERVICE, Method, Refused, Services, Stream
from server.tls import Tls
from server.watchers import slow_consumer

ABORT_WITHIN = 5.0
"""Seconds that a client which does not read has to take the end of its stream."""

MAX_REQUEST_BYTES = 1 << 20

OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    # A dead peer is found within half a minute, and a client may ping as often as every ten seconds.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # Two servers on one port would each see half of the clients.
    ("grpc.so_reuseport", 0),
    ("grpc.enable_channelz", 0),  # nobody is offered it, and it takes memory for each connection
)

Context = grpc.aio.ServicerContext[Any, Any]


def add_to_server(services: Services, server: grpc.aio.Server) -> None:
    """Register all services. Watch messages pass through as the bytes that they already are."""
    handlers: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {name: {} for name in SERVICES}
    handlers[USER_SERVICE]["SignIn"] = _sign_in(services)
    for method in services.methods.values():
        handlers[method.service][method.name] = _unary(services, method)
    for stream in services.streams.values():
        handlers[stream.service][stream.name] = _watch(services, stream)
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in handlers.items())
    )


class HealthOfServices:
    """The standard health service, for the whole server ("") and for each service."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)

    async def set_serving(self, serving: bool) -> None:
        """Say whether requests are worth sending."""
        serving_status = health_pb2.HealthCheckResponse
        status = serving_status.SERVING if serving else serving_status.NOT_SERVING
        for service in ("", *SERVICES):
            await self._servicer.set(service, status)

    async def set_link(self, name: str, is_up: bool) -> None:
        """Say whether a link of the switch is up, under the service name ``switch/NAME``."""
        serving_status = health_pb2.HealthCheckResponse
        await self._servicer.set(f"switch/{name}", serving_status.SERVING if is_up else serving_status.NOT_SERVING)

    async def shut_down(self) -> None:
        """Say NOT_SERVING for good."""
        await self._servicer.enter_graceful_shutdown()


def listen(server: grpc.aio.Server, address: str, tls: Tls | None) -> int:
    """Let a server listen; the port that was bound. Raises RuntimeError where the address cannot be had."""
    if tls is None:
        return server.add_insecure_port(address)
    credentials = grpc.ssl_server_credentials(
        [(tls.key, tls.certificate)], tls.client_ca, require_client_auth=tls.client_ca is not None
    )
    return server.add_secure_port(address, credentials)


def channel(address: str, ca: bytes | None) -> grpc.aio.Channel:
    """A channel to a server elsewhere; ``ca`` is the PEM of who signed its certificate, None: in the clear."""
    options = (("grpc.keepalive_time_ms", 20_000),)
    if ca is None:
        return grpc.aio.insecure_channel(address, options=options)
    return grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ca), options=options)


def _unary(services: Services, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    async def handle(request: Message, context: Context) -> Message:
        try:
            return await services.invoke(method, request, context.invocation_metadata() or (), context.time_remaining())
        except Refused as refused:
            await _abort(context, refused)

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=method.request.FromString,
        response_serializer=_serialised,
    )


def _sign_in(services: Services) -> "grpc.RpcMethodHandler[Any, Any]":
    async def handle(_: Message, context: Context) -> Message:
        try:
            return await services.sign_in(context.invocation_metadata() or ())
        except Refused as refused:
            await _abort(context, refused)

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=user.SignInRequest.FromString,
        response_serializer=_serialised,
    )


def _watch(services: Services, stream: Stream) -> "grpc.RpcMethodHandler[Any, Any]":
    async def handle(request: bytes, context: Context) -> None:
        unstick = _Unstick()
        # Neither the request nor the metadata has a name here: it would be kept for as long as the watcher follows.
        messages: AsyncGenerator[bytes] = services.watch(
            stream, stream.request.FromString(request), context.invocation_metadata() or (), unstick=unstick
        )
        try:
            async for message in messages:
                await context.write(message)
        except Refused as refused:
            await _abort(context, refused)
        except asyncio.CancelledError:
            if not unstick.fell_behind:
                raise
            unstick.task.uncancel()
            # Neither a client that still does not read nor one that is gone can be told; the stream ends all the same.
            with contextlib.suppress(TimeoutError, grpc.aio.InternalError):
                async with asyncio.timeout(ABORT_WITHIN):
                    await _abort(context, Refused(slow_consumer(), ""))
        finally:
            await messages.aclose()

    return grpc.unary_stream_rpc_method_handler(
        handle,
        request_deserializer=None,
        response_serializer=None,  # the messages are bytes already
    )


class _Unstick:
    """Ends the write that a watcher's task hangs in; smaller than a closure, as there is one for each watcher."""

    __slots__ = ("fell_behind", "task")

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine runs in a task
        self.task = task
        self.fell_behind = False

    def __call__(self) -> None:
        self.fell_behind = True
        self.task.cancel()


async def _abort(context: Context, refused: Refused) -> NoReturn:
    refusal = refused.refusal
    await context.abort(code_of(refusal), refusal.text, trailers_of(refusal, refused.request_id))


def _serialised(message: Message) -> bytes:
    return message.SerializeToString()
