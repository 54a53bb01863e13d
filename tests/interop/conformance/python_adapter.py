"""The adapter through which the conformance scenarios drive the Python client; commands and answers are JSON lines."""

import asyncio
import contextlib
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import grpc

from dialbridge.v1.call_pb2 import CallState, ReleaseCause
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import Basic, Bearer, Changed, Client, DialbridgeError, Interrupted, Replaced, Resumed
from dialbridge_client.client import DIAL_WITHIN
from dialbridge_client.user_data import to_dict


class Adapter:
    """The client under test and its one watch."""

    def __init__(self):
        self.connection = AsyncExitStack()
        self.client = None
        self.watch = None
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def do(self, command):
        client, call_id = self.client, command.get("call_id", "")
        data = command.get("user_data", {})
        match command["do"]:
            case "connect":
                await self.connection.aclose()
                trusted = command.get("ca")
                tls = grpc.ssl_channel_credentials(Path(trusted).read_bytes()) if trusted else None
                token = command.get("token")
                credentials = Bearer(token) if token else Basic(command["user"], command["password"])
                connect = Client.connect(command["target"], credentials=credentials, tls=tls)
                self.client = await self.connection.enter_async_context(connect)
            case "sign_in":
                return {"token": (await client.sign_in()).access_token}
            case "dial":
                target = number = command["number"]
                if handle := command.get("record_handle"):
                    target = OutboundRecord(record_handle=handle, phone_number=number)
                answer = await client.dial(
                    command["device"],
                    target,
                    user_data=data,
                    request_id=command.get("request_id"),
                    timeout=command.get("timeout", DIAL_WITHIN),
                )
                return {"call_id": answer.call.id, "resume_token": answer.resume_token}
            case "get_call":
                call = await client.get_call(call_id)
                return {"state": CallState.Name(call.state), "user_data": to_dict(call.user_data)}
            case "list_calls":
                return {"calls": [call.id for call in await client.list_calls()]}
            case "answer":
                await client.answer(call_id)
            case "hangup":
                await client.hangup(call_id)
            case "hold":
                await client.hold(call_id)
            case "retrieve":
                await client.retrieve(call_id)
            case "initiate_transfer":
                return {"call_id": await client.initiate_transfer(call_id, command["number"])}
            case "complete_transfer":
                await client.complete_transfer(call_id)
            case "send_dtmf":
                await client.send_dtmf(call_id, command["digits"])
            case "attach_user_data":
                await client.attach_user_data(call_id, data)
            case "update_user_data":
                await client.update_user_data(call_id, data)
            case "delete_user_data":
                await client.delete_user_data(call_id)
            case "delete_user_data_pair":
                await client.delete_user_data_pair(call_id, command["key"])
            case "watch":
                self.watch = asyncio.create_task(self.follow(command))
            case "pause":
                self.may_take.clear()
            case "go_on":
                self.may_take.set()
            case "close":
                await self.connection.aclose()
                await asyncio.wait([self.watch])
            case "stop":
                self.watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self.watch
            case unknown:
                raise ValueError(f"no such command: {unknown}")
        return {}

    async def follow(self, command):
        calls = command.get("calls")
        watch = self.client.watch(
            CallFilter(call_ids=calls) if calls else None,
            resume_token=command.get("resume_token", ""),
            heartbeat=command.get("heartbeat", 15.0),
        )
        try:
            async with contextlib.aclosing(watch):
                async for event in watch:
                    tell(_fact(event))
                    await self.may_take.wait()
        except DialbridgeError as error:
            tell({"event": "ended", "error": _described(error)})


def _fact(event):
    match event:
        case Replaced(calls, token):
            return {"event": "replaced", "calls": [call.id for call in calls], "token": token}
        case Changed(change, token):
            call = change.call
            return {
                "event": "changed",
                "call_id": call.id,
                "device_id": call.device_id,
                "sequence": call.sequence,
                "position": change.position,
                "request_id": change.request_id,
                "state": CallState.Name(call.state),
                "cause": ReleaseCause.Name(call.release_cause),
                "token": token,
            }
        case Interrupted(error, _):
            return {"event": "interrupted", "error": _described(error)}
        case Resumed():
            return {"event": "resumed"}


def _described(error):
    return {"code": error.code.name, "reason": error.reason, "metadata": dict(error.metadata)}


def tell(fact):
    print(json.dumps(fact), flush=True)


async def main():
    adapter = Adapter()
    async with adapter.connection:
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            try:
                answer = await adapter.do(command)
            except DialbridgeError as error:
                answer = {"error": _described(error)}
            tell({"answer": command["do"], **answer})


asyncio.run(main())
