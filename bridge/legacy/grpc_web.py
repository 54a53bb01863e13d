"""gRPC for browsers: every RPC of the contract at ``/dialbridge.v1.SERVICE/METHOD``, passed on to the facade.

A browser cannot speak gRPC itself. Framing is `bridge.grpc_web`'s; who may do what is the facade's to say, from the
``authorization`` header.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import structlog
from aiohttp import web
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from bridge import grpc_web
from bridge.facade import Facade
from bridge.legacy.feed import messages_of
from bridge.legacy.front_door import ENDLESS, body_of
from dialbridge.v1 import call_service_pb2, user_service_pb2

ANSWER_WITHIN = 30.0
"""Seconds for an answer where the client sets no deadline."""
WRITE_WITHIN = 10.0
"""Seconds that a client has to take what it was sent; then the connection is dropped, and the client comes back."""

log = structlog.get_logger()


class GrpcWeb:
    """The routes of both services."""

    def __init__(self, facade: Facade) -> None:
        self._stubs: tuple[tuple[Any, object], ...] = (
            (call_service_pb2.DESCRIPTOR.services_by_name["CallService"], facade.calls),
            (user_service_pb2.DESCRIPTOR.services_by_name["UserService"], facade.users),
        )

    def routes(self) -> list[web.RouteDef]:
        """One for each RPC."""
        return [
            web.post(f"/{service.full_name}/{method.name}", self._handler(method, stub))
            for service, stub in self._stubs
            for method in service.methods
        ]

    def _handler(self, method: Any, stub: object) -> Any:
        request_type = GetMessageClass(method.input_type)
        call = getattr(stub, method.name)

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                text = grpc_web.is_text(request.content_type)
                message = request_type.FromString(grpc_web.read_message(await body_of(request), text=text))
                timeout = grpc_web.timeout(request.headers.get("grpc-timeout", ""))
            except (grpc_web.Malformed, DecodeError) as malformed:
                return web.Response(status=415 if "content type" in str(malformed) else 400, text=str(malformed))
            authorization = request.headers.get("Authorization")
            metadata = (("authorization", authorization),) if authorization else ()
            if method.server_streaming:
                return await _stream(request, call(message, timeout=timeout, metadata=metadata), text=text)
            return await _unary(call(message, timeout=timeout or ANSWER_WITHIN, metadata=metadata), text=text)

        return handle


async def _unary(answer: Any, *, text: bool) -> web.Response:
    try:
        message: Message = await answer
    except grpc.aio.AioRpcError as error:
        body = _end(error, text=text)
    else:
        body = grpc_web.message(message.SerializeToString(), text=text) + grpc_web.trailers(0, "", text=text)
    return web.Response(body=body, headers=_headers(text=text))


async def _stream(request: web.Request, stream: Any, *, text: bool) -> web.StreamResponse:
    request[ENDLESS] = True
    response = web.StreamResponse(headers=_headers(text=text))
    await response.prepare(request)
    try:
        async with messages_of(stream) as messages:
            await _send(response, await _all(response, messages, text=text))
    except TimeoutError:
        log.warning("grpc-web stream cut off", path=request.path, why="the client does not read")
        if request.transport is not None:
            request.transport.abort()
    return response


async def _all(response: web.StreamResponse, messages: AsyncIterator[Message], *, text: bool) -> bytes:
    """Send every message; the last frame."""
    try:
        async for message in messages:
            await _send(response, grpc_web.message(message.SerializeToString(), text=text))
    except grpc.aio.AioRpcError as error:
        return _end(error, text=text)
    return grpc_web.trailers(0, "", text=text)


async def _send(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(WRITE_WITHIN):
        await response.write(data)


def _end(error: grpc.aio.AioRpcError, *, text: bool) -> bytes:
    code: tuple[int, str] = error.code().value
    return grpc_web.trailers(code[0], error.details() or "", error.trailing_metadata() or (), text=text)


def _headers(*, text: bool) -> dict[str, str]:
    kind = grpc_web.TEXT if text else grpc_web.BINARY
    return {
        "Content-Type": f"{kind}+proto",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "Access-Control-Expose-Headers": "grpc-status,grpc-message,grpc-status-details-bin",
    }
