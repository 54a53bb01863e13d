import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from bridge.facade import Facade
from bridge.legacy.feed import Feed
from bridge.legacy.followed import calls_of
from bridge.legacy.translations import Translations
from bridge.settings import BridgeSettings
from dialbridge.v1 import call_service_pb2 as pb
from dialbridge.v1 import (
    call_service_pb2_grpc,
    device_service_pb2_grpc,
    outbound_service_pb2_grpc,
    user_service_pb2_grpc,
)
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.status_change_pb2 import StatusChange


class Watches(call_service_pb2_grpc.CallServiceServicer):
    """Tells one change a stream and then stays silent."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.ended = asyncio.Semaphore(0)

    async def WatchCalls(  # noqa: N802
        self, request: pb.WatchCallsRequest, context: Any
    ) -> AsyncIterator[pb.WatchCallsResponse]:
        self.tokens.append(request.resume_token)
        assert ("authorization", "Bearer service") in context.invocation_metadata()
        try:
            message = pb.WatchCallsResponse(resume_token=f"s{len(self.tokens)}", started=pb.Started())
            message.started.heartbeat_interval.FromMilliseconds(20)
            yield message
            change = StatusChange(position=len(self.tokens), call=Call(id="C", user_name="agent1"))
            yield pb.WatchCallsResponse(
                resume_token=f"c{len(self.tokens)}", changes=pb.StatusChanges(status_changes=[change])
            )
            await asyncio.Event().wait()
        finally:
            self.ended.release()


@pytest.fixture
async def served() -> AsyncIterator[tuple[Watches, Facade]]:
    watches = Watches()
    server = grpc.aio.server()
    call_service_pb2_grpc.add_CallServiceServicer_to_server(watches, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield (
            watches,
            Facade(
                calls=call_service_pb2_grpc.CallServiceStub(channel),
                users=user_service_pb2_grpc.UserServiceStub(channel),
                outbound=outbound_service_pb2_grpc.OutboundServiceStub(channel),
                devices=device_service_pb2_grpc.DeviceServiceStub(channel),
            ),
        )
    await server.stop(grace=None)


async def test_a_silent_stream_is_given_up_and_resumed_and_none_is_left_behind(served) -> None:
    watches, facade = served
    told: asyncio.Queue[int | None] = asyncio.Queue()

    def publish(_: str, __: str, ___: bytes, position: int | None = None, /) -> None:
        told.put_nowait(position)

    feed = Feed(
        calls_of(facade, Translations(BridgeSettings())),
        publish,
        service_metadata=lambda: (("authorization", "Bearer service"),),
    )
    following = asyncio.create_task(feed.run())
    async with asyncio.timeout(10):
        assert [await told.get() for _ in range(3)] == [1, 2, 3]
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert watches.tokens == ["", "c1", "c2"]
    async with asyncio.timeout(5):
        for _ in range(3):
            await watches.ended.acquire()
