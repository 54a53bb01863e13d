"""The same as dial_and_follow.py for a program without an event loop.

python blocking.py [NUMBER]        DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD from the environment
"""

import os
import sys

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, CallState, ReleaseCause
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import Basic, BlockingClient, Changed


def dial_and_follow(address: str, credentials: Basic, number: str) -> None:
    with BlockingClient.connect(address, credentials=credentials) as client:
        device = client.current_user().devices[0]
        answer = client.dial(device.id, OutboundRecord(record_handle=431, phone_number=number))
        for event in client.watch(CallFilter(call_ids=[answer.call.id]), resume_token=answer.resume_token):
            if isinstance(event, Changed):
                call = event.change.call
                print(CallState.Name(call.state), ReleaseCause.Name(call.release_cause))
                if call.state == CALL_STATE_RELEASED:
                    return


if __name__ == "__main__":
    dial_and_follow(
        os.environ.get("DIALBRIDGE_ADDRESS", "127.0.0.1:50051"),
        Basic(os.environ.get("DIALBRIDGE_USER", "agent1"), os.environ.get("DIALBRIDGE_PASSWORD", "demo")),
        sys.argv[1] if len(sys.argv) > 1 else "5004",
    )
