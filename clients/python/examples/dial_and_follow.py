"""Dial an outbound preview record and follow the call to its end, through restarts and broken connections.

python dial_and_follow.py [NUMBER]        DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD from the environment
"""

import asyncio
import os
import sys

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, CallState, ReleaseCause
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import Basic, Changed, Client, Interrupted, Replaced


async def dial_and_follow(address: str, credentials: Basic, number: str) -> None:
    async with Client.connect(address, credentials=credentials) as client:
        device = (await client.current_user()).devices[0]
        record = OutboundRecord(record_handle=431, phone_number=number)
        answer = await client.dial(device.id, record)  # safe to repeat: it has a request_id of its own
        only = CallFilter(call_ids=[answer.call.id])
        async for event in client.watch(only, resume_token=answer.resume_token):
            match event:
                case Changed(change):
                    print(CallState.Name(change.call.state), ReleaseCause.Name(change.call.release_cause))
                    if change.call.state == CALL_STATE_RELEASED:
                        return
                case Replaced(calls):  # the token was too old: this is all that is known now
                    print("calls now:", [call.id for call in calls])
                    if not calls:
                        return
                case Interrupted(error, pause):
                    print(f"interrupted ({error}), again in {pause:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(
        dial_and_follow(
            os.environ.get("DIALBRIDGE_ADDRESS", "127.0.0.1:50051"),
            Basic(os.environ.get("DIALBRIDGE_USER", "agent1"), os.environ.get("DIALBRIDGE_PASSWORD", "demo")),
            sys.argv[1] if len(sys.argv) > 1 else "5004",
        )
    )
