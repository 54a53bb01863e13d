"""``dialbridge watch``: a live table in a terminal, JSON lines in a pipe."""

import argparse
import asyncio
import sys
import time
from contextlib import aclosing

from rich.console import Console
from rich.live import Live

from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge_client import connection_options
from dialbridge_client.board import Board, json_line
from dialbridge_client.client import Client
from dialbridge_client.following import Changed, Interrupted, Replaced, Resumed

REFRESH_EVERY = 0.25
"""Seconds between two pictures of the table."""

EXAMPLES = """\
examples:
  dialbridge watch                                    a live table, in a terminal
  dialbridge watch --user agent2                      what one agent sees
  dialbridge watch | jq .call.state                   one change per line, in a pipe
  dialbridge watch --from TOKEN                       everything since a resume token
"""


class WatchCommand:
    """Follow calls."""

    name = "watch"
    summary = "follow calls: a live table in a terminal, JSON lines in a pipe"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        connection_options.add_to(parser, "supervisor1")
        parser.epilog = EXAMPLES
        parser.add_argument("--call", action="append", default=[], metavar="ID", help="only this call; repeatable")
        parser.add_argument("--agent", action="append", default=[], metavar="NAME", help="only this agent; repeatable")
        parser.add_argument("--from", dest="token", default="", metavar="TOKEN", help="go on after this resume token")
        parser.add_argument("--json", action="store_true", help="JSON lines in a terminal too")

    def run(self, arguments: argparse.Namespace) -> int:
        """Follow until interrupted; the exit status."""
        return connection_options.run(self.name, lambda: self._watch(arguments))

    async def _watch(self, arguments: argparse.Namespace) -> int:
        only = CallFilter(call_ids=arguments.call, user_names=arguments.agent)
        async with connection_options.connected(arguments) as client:
            if arguments.json or not sys.stdout.isatty():
                await _print_lines(client, only, arguments.token)
            else:
                await _show_table(client, only, arguments.token)
        return 0


async def _print_lines(client: Client, only: CallFilter, token: str) -> None:
    async with aclosing(client.watch(only, resume_token=token)) as events:
        async for event in events:
            match event:
                case Changed():
                    print(json_line(event.change), flush=True)
                case Interrupted():
                    print(f"dialbridge watch: {event.error}; again in {event.pause:.1f} s", file=sys.stderr)
                case Replaced() | Resumed():
                    pass


async def _show_table(client: Client, only: CallFilter, token: str) -> None:
    board = Board()
    with Live(console=Console(), auto_refresh=False, screen=True) as live:

        async def draw() -> None:
            while True:
                live.update(board.table(time.monotonic()), refresh=True)
                await asyncio.sleep(REFRESH_EVERY)

        async def follow() -> None:
            async with aclosing(client.watch(only, resume_token=token)) as events:
                async for event in events:
                    now = time.monotonic()
                    match event:
                        case Replaced():
                            board.replace(event.calls, now)
                            board.status = "live"
                        case Changed():
                            board.change(event.change.call, now)
                            board.status = "live"
                        case Resumed():
                            board.status = "live"
                        case Interrupted():
                            board.status = f"interrupted ({event.error.text}); trying again"

        drawing = asyncio.create_task(draw())
        try:
            await follow()
        finally:
            drawing.cancel()
