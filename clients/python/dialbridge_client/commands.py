"""The sub-commands that act: dial and hangup; and the objects that the entry points name."""

import argparse
import sys

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, CallState
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import connection_options
from dialbridge_client.board import one_line
from dialbridge_client.client import Client
from dialbridge_client.following import Changed
from dialbridge_client.watch_command import WatchCommand

DIAL_EXAMPLES = """\
examples:
  dialbridge dial 5001                                    from the user's only device
  dialbridge dial 5001 --record 431 --campaign Spring     an outbound preview record
  dialbridge dial +14105550951 --data tier=gold --follow  with user data, followed to its end
"""


class DialCommand:
    """Dial."""

    name = "dial"
    summary = "dial a number or an outbound preview record"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        connection_options.add_to(parser, "agent1")
        parser.epilog = DIAL_EXAMPLES
        parser.add_argument("number", help="the number to dial")
        parser.add_argument("--device", help="id of the device to dial from; unless given, the user's only one")
        parser.add_argument("--record", type=int, metavar="HANDLE", help="dial as the outbound record with this handle")
        parser.add_argument("--campaign", default="", help="the record's campaign")
        parser.add_argument("--caller-id", default="", help="the record's caller id")
        parser.add_argument("--data", action="append", default=[], metavar="KEY=VALUE", help="user data; repeatable")
        parser.add_argument("--request-id", help="makes it safe to repeat; unless given, a random one")
        parser.add_argument("--follow", action="store_true", help="print what becomes of the call, to its end")

    def run(self, arguments: argparse.Namespace) -> int:
        """Dial; the exit status."""
        pairs = [each.partition("=") for each in arguments.data]
        for key, equals, _ in pairs:
            if not key or not equals:
                print(f"dialbridge dial: --data must be KEY=VALUE, not {key!r}", file=sys.stderr)
                return 2
        return connection_options.run(
            self.name, lambda: self._dial(arguments, [(key, value) for key, _, value in pairs])
        )

    async def _dial(self, arguments: argparse.Namespace, data: list[tuple[str, str]]) -> int:
        target: OutboundRecord | str = arguments.number
        if arguments.record is not None:
            target = OutboundRecord(
                record_handle=arguments.record,
                phone_number=arguments.number,
                campaign_name=arguments.campaign,
                outbound_caller_id=arguments.caller_id,
            )
        async with connection_options.connected(arguments) as client:
            device = arguments.device or await _only_device(client)
            answer = await client.dial(device, target, user_data=data, request_id=arguments.request_id)
            if not arguments.follow:
                print(answer.call.id)
                return 0
            watch = client.watch(CallFilter(call_ids=[answer.call.id]), resume_token=answer.resume_token)
            async for event in watch:
                if isinstance(event, Changed):
                    print(one_line(event.change), flush=True)
                    if event.change.call.state == CALL_STATE_RELEASED:
                        break
            await watch.aclose()
        return 0


class HangupCommand:
    """Hang up."""

    name = "hangup"
    summary = "hang up a call"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        connection_options.add_to(parser, "agent1")
        parser.add_argument("call", nargs="?", help="the call's id; unless given, the user's only call")

    def run(self, arguments: argparse.Namespace) -> int:
        """Hang up; the exit status."""
        return connection_options.run(self.name, lambda: self._hangup(arguments))

    async def _hangup(self, arguments: argparse.Namespace) -> int:
        async with connection_options.connected(arguments) as client:
            call_id = arguments.call
            if call_id is None:
                calls = await client.list_calls()
                if len(calls) != 1:
                    print(f"dialbridge hangup: name one of {len(calls)} calls", file=sys.stderr)
                    for call in calls:
                        print(f"  {call.id} {CallState.Name(call.state)} {call.dnis}", file=sys.stderr)
                    return 1
                call_id = calls[0].id
            await client.hangup(call_id)
        return 0


async def _only_device(client: Client) -> str:
    devices = (await client.current_user()).devices
    if len(devices) == 1:
        return devices[0].id
    names = ", ".join(f"{device.phone_number} ({device.id})" for device in devices) or "none"
    raise SystemExit(f"dialbridge dial: choose a device with --device; the user has {names}")


DIAL = DialCommand()
WATCH = WatchCommand()
HANGUP = HangupCommand()
