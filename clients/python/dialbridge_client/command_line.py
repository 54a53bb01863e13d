"""The ``dialbridge`` command: gathers its sub-commands from the entry points that are installed, and runs one.

A sub-command is an object with ``name``, ``summary``, ``add_arguments(parser)`` and ``run(arguments) -> int``. An
installation of the client alone has the client's; one that cannot be loaded is left out and said so.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Protocol

GROUP = "dialbridge.commands"
EPILOG = """\
begin with:
  dialbridge serve                     everything on this machine, with a demo directory and a simulated switch
  dialbridge watch                     follow calls, in another terminal
  dialbridge dial 5001 --follow        dial a number that answers

`dialbridge COMMAND --help` has the options and examples of each.
"""


class SubCommand(Protocol):
    """What an entry point of the group names."""

    name: str
    summary: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="dialbridge",
        description="A gRPC facade for contact-centre calls with a REST/CometD bridge.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dialbridge {_version()}")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _sub_commands():
        choice = choices.add_parser(command.name, help=command.summary, description=command.summary + ".")
        command.add_arguments(choice)
        choice.set_defaults(run=command.run)
    chosen = parser.parse_args(arguments)
    status: int = chosen.run(chosen)
    return status


def _sub_commands() -> list[SubCommand]:
    found: list[SubCommand] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found.append(point.load())
        except ImportError as error:
            print(f"dialbridge: the command {point.name} is not available: {error}", file=sys.stderr)
    return found


def _version() -> str:
    try:
        return version("dialbridge")
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
