"""The fake by hand: options in, a short guide out, then it serves until it is interrupted."""

import argparse
import asyncio
import contextlib
import signal

import tests.fakes.gws as package

from .fake import FakeGws
from .faults import Kind, parse_fault
from .shapes import GENERATIONS


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.gws",
        description="A fake Genesys Web Services v2 server.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=(package.__doc__ or "").partition("\n\n")[2],
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="default 8090; 0 takes a free one")
    parser.add_argument("--generation", choices=list(GENERATIONS), default="hybrid", help="shape of messages")
    parser.add_argument("--no-extensions", action="store_true", help="leave extensions out")
    parser.add_argument("--metrics", action="store_true", help="add metrics to messages")
    parser.add_argument("--csrf", action="store_true", help="demand the CSRF header")
    parser.add_argument("--websocket", action="store_true", help="offer websocket besides long-polling")
    parser.add_argument("--node-cometd", action="store_true", help="CometD by the official Node server")
    parser.add_argument("--speed", type=float, default=1.0, help="divides the delays of the number plan")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="how long a connect is held")
    parser.add_argument(
        "--max-interval", type=float, default=10.0, metavar="S", help="life of a session between connects"
    )
    parser.add_argument("--event-lag", type=float, default=0.05, metavar="S", help="from answer to event")
    parser.add_argument("--public-url", metavar="URL", help="what URIs begin with; ends in /api/v2")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="FAULT", help=f"see below; kinds: {', '.join(Kind)}"
    )
    return parser


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    notifications = None
    if options.node_cometd:
        from tests.fakes.gws_node import NodeNotifications

        notifications = NodeNotifications(timeout=options.timeout, max_interval=options.max_interval)
    gws = FakeGws(
        host=options.host,
        port=options.port,
        generation=options.generation,
        extensions=False if options.no_extensions else None,
        metrics=options.metrics or None,
        csrf=options.csrf,
        websocket=options.websocket,
        public_url=options.public_url,
        speed=options.speed,
        timeout=options.timeout,
        max_interval=options.max_interval,
        event_lag=options.event_lag,
        faults=options.fault,
        notifications=notifications,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with gws:
        print(guide(gws), flush=True)
        await stopped.wait()


def guide(gws: FakeGws) -> str:
    """What to try."""
    users = "\n".join(
        f"  {user.name}  password {user.password}  number {user.device.number}  device {user.device.id}"
        for user in gws.directory.users.values()
    )
    device = next(iter(gws.directory.users.values())).device.id
    curl = "  curl -s -u agent1:demo -H 'Content-Type: application/json'"
    dial = '{"operationName":"Dial","outboundRecord":{"recordHandle":431,"phoneNumber":"5001"}}'
    return "\n".join(
        [
            f"fake GWS at {gws.api_url} (CometD at {gws.notifications_url})",
            users,
            "numbers: 5001 answers, 5002 busy, 5003 no answer, 5004 hangs up, 5098 and 5099 invalid, others answer",
            "try:",
            f"  curl -s {gws.api_url}/diagnostics/version",
            f"""{curl} {gws.api_url}/me -d '{{"operationName":"StartContactCenterSession","channels":["voice"]}}'""",
            f"{curl} {gws.api_url}/me/devices/{device}/calls -d '{dial}'",
            f"{curl} '{gws.api_url}/me/calls?fields=*'",
        ]
    )


def main() -> None:
    """Run."""
    parser = arguments()
    options = parser.parse_args()
    for text in options.fault:
        try:
            parse_fault(text)
        except ValueError as error:
            parser.error(f"--fault {text}: {error}")
    try:
        asyncio.run(serve(options))
    except OSError as error:
        parser.exit(1, f"{parser.prog}: {error}; choose another with --port\n")


if __name__ == "__main__":
    main()
