"""``dialbridge top``: the operator's board, over ssh as well; the screen is `dialbridge_client.top`'s."""

import argparse
import sys

from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge_client import connection_options

EXAMPLES = """\
examples:
  dialbridge top                                      every call of this machine's dialbridge
  dialbridge top --address calls.example.com:50051 --user supervisor1 --tls-ca system
  dialbridge top --agent agent1 --agent agent2        only these agents

keys: s sort, / filter, space pause, q quit
"""


class TopCommand:
    """Look at the floor."""

    name = "top"
    summary = "a live board of all calls, for an operator in a terminal"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        connection_options.add_to(parser, "supervisor1")
        parser.epilog = EXAMPLES
        parser.add_argument("--agent", action="append", default=[], metavar="NAME", help="only this agent; repeatable")

    def run(self, arguments: argparse.Namespace) -> int:
        """Look until told to quit; the exit status."""
        if not sys.stdout.isatty():
            print("dialbridge top: needs a terminal; `dialbridge watch` writes to pipes", file=sys.stderr)
            return 2
        return connection_options.run(self.name, lambda: self._top(arguments))

    async def _top(self, arguments: argparse.Namespace) -> int:
        from dialbridge_client.top import Top  # takes a while to load, which the other commands need not wait for

        only = CallFilter(user_names=arguments.agent)
        async with connection_options.connected(arguments) as client:
            top = Top(lambda: client.watch(only), arguments.address)
            status = await top.run_async()
        return 130 if status is None else status


TOP = TopCommand()
