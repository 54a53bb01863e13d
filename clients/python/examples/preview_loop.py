"""Work through a calling list as an agent does: get a record, dial it, and say what came of the call.

python preview_loop.py [CAMPAIGN]         DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD from the environment
"""

import asyncio
import os
import sys

from dialbridge.v1.call_pb2 import (
    CALL_STATE_ESTABLISHED,
    CALL_STATE_RELEASED,
    RELEASE_CAUSE_BUSY,
    RELEASE_CAUSE_NO_ANSWER,
    Call,
)
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge_client import Basic, Changed, Client

RESULTS = {RELEASE_CAUSE_BUSY: "Busy", RELEASE_CAUSE_NO_ANSWER: "NoAnswer"}


async def call_to_its_end(client: Client, call: Call, token: str) -> str:
    """The call result."""
    async for event in client.watch(CallFilter(call_ids=[call.id]), resume_token=token):
        match event:
            case Changed(change) if change.call.state == CALL_STATE_ESTABLISHED:
                await client.hangup(call.id)  # a real agent would talk first
            case Changed(change) if change.call.state == CALL_STATE_RELEASED:
                answered = change.call.HasField("establish_time")
                return "Answer" if answered else RESULTS.get(change.call.release_cause, "GeneralError")
    raise AssertionError("a watch has no end")


async def work(address: str, credentials: Basic, campaign: str) -> None:
    async with Client.connect(address, credentials=credentials) as client:
        device = (await client.current_user()).devices[0]
        loop = client.preview_loop(campaign, device.id)
        await loop.start()
        while (record := await loop.next()) is not None:  # this agent's alone, until the lease ends
            answer = await client.dial(device.id, record)
            result = await call_to_its_end(client, answer.call, answer.resume_token)
            await loop.complete(record.record_handle, result)
            print(record.record_handle, record.phone_number, result)
        await loop.end()


if __name__ == "__main__":
    asyncio.run(
        work(
            os.environ.get("DIALBRIDGE_ADDRESS", "127.0.0.1:50051"),
            Basic(os.environ.get("DIALBRIDGE_USER", "agent1"), os.environ.get("DIALBRIDGE_PASSWORD", "demo")),
            sys.argv[1] if len(sys.argv) > 1 else "Campaign1",
        )
    )
