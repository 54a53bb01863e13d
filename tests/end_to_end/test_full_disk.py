"""A disk that fills under a running service: dials are refused, nothing is lost, and it recovers by itself."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED
from dialbridge_client import Basic, Changed, Client, DialbridgeError
from tests.fakes.legacy_client import DEVICE, legacy_client
from tests.fakes.process import KILL, serve

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes."""
    folder = tmp_path / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the right to mount a small file system: be root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(ballast):
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 65536)


@asynccontextmanager
async def health_of(server):
    async with grpc.aio.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)

        async def until(status):
            async with asyncio.timeout(15):
                while (await stub.Check(health_pb2.HealthCheckRequest())).status != status:
                    await asyncio.sleep(0.05)

        yield until


async def test_a_full_disk_refuses_dials_loses_nothing_and_recovers_when_there_is_room(small_disk):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(small_disk))
        health = await stack.enter_async_context(health_of(server))
        client = await stack.enter_async_context(Client.connect(server.grpc, credentials=Basic("agent1", "demo")))
        legacy = await stack.enter_async_context(legacy_client(server.url, "agent2"))
        watch = client.watch()
        await anext(watch)
        await health(SERVING)
        call = (await client.dial(DEVICE, "5001")).call
        assert (await anext(watch)).change.call.id == call.id
        assert (await anext(watch)).change.call.state != CALL_STATE_RELEASED

        ballast = small_disk / "ballast"
        fill(ballast)
        # The call goes on at the switch; what happens to it waits until it can be kept.
        for number in range(60):
            await client.attach_user_data(call.id, [(f"key{number}", "y" * 500)])
        await health(NOT_SERVING)
        with pytest.raises(DialbridgeError) as refused:
            await client.dial(DEVICE, "5002", timeout=1)
        assert refused.value.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        status, text = await legacy.dial("5001", device="2b00393c-9ad3-418f-8b3d-a06cbe8af395")
        assert (status, json.loads(text)["statusCode"] != 0) == (503, True)

        ballast.unlink()
        await health(SERVING)
        await client.hangup(call.id)
        told = []
        async with asyncio.timeout(20):
            async for event in watch:
                if isinstance(event, Changed):
                    told.append(event.change)
                    if event.change.call.state == CALL_STATE_RELEASED:
                        break
        await watch.aclose()
        server.send(KILL)
        await server.ended()
        positions = [change.position for change in told]
        assert positions == sorted(positions)
        kept = await exported(small_disk)
        assert [int(change["position"]) for change in kept][-len(told) :] == positions


async def exported(data_dir):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dialbridge_client.command_line", "journal", "--data-dir", str(data_dir), "export"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return [json.loads(line) for line in out.decode().splitlines()]
