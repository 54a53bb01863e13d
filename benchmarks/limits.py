"""What the libraries under dialbridge cost by themselves: servers that do nothing but take and send.

``python -m benchmarks.limits`` serves all of them and prints one line of JSON with their addresses. No journal, no
calls, no protocol: a measure cannot get cheaper than the one beside it here without another library.
"""

import asyncio
import json
import socket
import sys
from typing import Any, ClassVar

import grpc
from aiohttp import web

from bridge.bayeux.frames import text_frame
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import DialRequest, DialResponse

EVENT = text_frame(b'[{"data":"' + b"x" * 860 + b'","channel":"/bench"}]')


class Pusher(asyncio.Protocol):
    """Takes the least of a websocket: answers what the load generator's client says, and is then written to."""

    sockets: ClassVar[set[socket.socket]] = set()
    transports: ClassVar[set[asyncio.Transport]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport: Any = transport
        self._upgraded = False

    def data_received(self, data: bytes) -> None:
        """Upgrade, then answer every message with what the load generator waits for."""
        if not self._upgraded:
            self._upgraded = True
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )
        elif b'"id":"4"' in data:
            self.sockets.add(self._transport.get_extra_info("socket")._sock)
            self.transports.add(self._transport)
        else:
            self._transport.write(text_frame(b'[{"successful":true,"clientId":"1"}]'))

    def connection_lost(self, _: Exception | None) -> None:
        """Forget it."""
        self.sockets.discard(self._transport.get_extra_info("socket")._sock)
        self.transports.discard(self._transport)


class Control(asyncio.Protocol):
    """One ``send()`` for each line and socket."""

    def data_received(self, data: bytes) -> None:
        """Send to all."""
        for _ in range(data.count(b"\n")):
            for each in Pusher.sockets:
                each.send(EVENT)


class AsyncioControl(asyncio.Protocol):
    """One ``transport.write()`` for each line and connection."""

    def data_received(self, data: bytes) -> None:
        """Write to all."""
        for _ in range(data.count(b"\n")):
            for each in Pusher.transports:
                each.write(EVENT)


async def dial_over_http(request: web.Request) -> web.Response:
    """Read JSON, answer JSON; one event of the call to each websocket, where there is one."""
    asked = json.loads(await request.read())
    if Pusher.transports:
        event = {"data": {"dnis": asked["destination"]["phoneNumber"], "filler": "x" * 830}, "channel": "/bench"}
        frame = text_frame(json.dumps([event], separators=(",", ":")).encode())
        for each in Pusher.transports:
            each.write(frame)
    return web.Response(body=b'{"statusCode":0}', content_type="application/json")


async def dial_over_grpc(_: DialRequest, __: object) -> DialResponse:
    """Answer with an empty call."""
    return DialResponse(call=Call(id="0" * 32))


async def serve() -> None:
    """Run until standard input ends."""
    loop = asyncio.get_running_loop()
    pushed = await loop.create_server(Pusher, "127.0.0.1", 0)
    control = await loop.create_server(Control, "127.0.0.1", 0)
    app = web.Application()
    app.router.add_post("/{path:.*}", dial_over_http)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        dial_over_grpc, DialRequest.FromString, lambda answer: answer.SerializeToString()
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("dialbridge.v1.CallService", {"Dial": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    control_asyncio = await loop.create_server(AsyncioControl, "127.0.0.1", 0)
    addresses = {"socket": pushed, "control": control, "control_asyncio": control_asyncio}
    facts = {name: "{}:{}".format(*each.sockets[0].getsockname()) for name, each in addresses.items()}
    http = "{}:{}".format(*runner.addresses[0])
    print(json.dumps({**facts, "http": http, "grpc": f"127.0.0.1:{port}"}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    await server.stop(0)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
