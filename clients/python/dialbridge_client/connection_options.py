"""How the client's sub-commands find their server and prove who they are: options, environment, and on loopback the
demo user."""

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import grpc

from dialbridge_client.client import Client
from dialbridge_client.credentials import Basic
from dialbridge_client.errors import DialbridgeError

DEFAULT_ADDRESS = "127.0.0.1:50051"
_LOOPBACK = ("127.", "localhost:", "[::1]:")


def add_to(parser: argparse.ArgumentParser, demo_user: str) -> None:
    """Describe the options; ``demo_user`` is who asks where nobody is named and the server is on this machine."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(demo_user=demo_user)
    parser.add_argument(
        "--address",
        default=os.environ.get("DIALBRIDGE_ADDRESS", DEFAULT_ADDRESS),
        help=f"HOST:PORT of the server (DIALBRIDGE_ADDRESS; default: {DEFAULT_ADDRESS})",
    )
    parser.add_argument(
        "--user",
        default=os.environ.get("DIALBRIDGE_USER"),
        help=f"login name (DIALBRIDGE_USER; on this machine {demo_user} unless given)."
        " The password is DIALBRIDGE_PASSWORD or asked for; on this machine demo unless given",
    )
    parser.add_argument(
        "--tls-ca",
        default=os.environ.get("DIALBRIDGE_TLS_CA"),
        help="speak TLS, and trust who signed with this PEM file, or with 'system' whom this machine trusts"
        " (DIALBRIDGE_TLS_CA)",
    )


def connected(arguments: argparse.Namespace) -> AbstractAsyncContextManager[Client]:
    """A client as the options say."""
    local = arguments.address.startswith(_LOOPBACK)
    user = arguments.user or (arguments.demo_user if local else None)
    if user is None:
        raise SystemExit("dialbridge: name a user with --user (DIALBRIDGE_USER)")
    password = os.environ.get("DIALBRIDGE_PASSWORD")
    if password is None:
        if local:
            password = "demo"  # noqa: S105  everybody knows it
        elif sys.stdin.isatty():
            password = getpass.getpass(f"Password of {user}: ")
        else:
            raise SystemExit("dialbridge: give the password as DIALBRIDGE_PASSWORD")
    return Client.connect(arguments.address, credentials=Basic(user, password), tls=_tls(arguments.tls_ca))


def _tls(ca: str | None) -> grpc.ChannelCredentials | None:
    if ca is None:
        return None
    if ca == "system":
        return grpc.ssl_channel_credentials()
    try:
        return grpc.ssl_channel_credentials(Path(ca).expanduser().read_bytes())
    except OSError as error:
        raise SystemExit(f"dialbridge: --tls-ca (DIALBRIDGE_TLS_CA) {ca} cannot be read: {error.strerror}") from None


def run(name: str, work: Callable[[], Awaitable[int]]) -> int:
    """Run ``work``; errors are one line with reason and text, interruption and a closed pipe are quiet."""

    async def until_done() -> int:
        return await work()

    try:
        return asyncio.run(until_done())
    except DialbridgeError as error:
        print(f"dialbridge {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
