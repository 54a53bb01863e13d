"""``dialbridge campaign``: campaigns, calling lists and do-not-call numbers of a data directory, also while a server
uses them; the rules are those of the calling lists.

The sub-command object satisfies what the ``dialbridge`` command asks of its plug-ins.
"""

import argparse
import os
import sqlite3
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from server.campaigns import calling_lists, exporting, importing
from server.campaigns.importing import Mistake, header_mistakes, import_rows, mistake_line, numbered
from server.campaigns.schema import Campaign, number_of
from server.campaigns.store import FILE, prepared
from server.journal.database import DatabaseDamaged
from server.refusals import Refusal
from server.rows import FORMATS, write
from server.settings import DEFAULT_DATA_DIR
from server.validation import dialable

USAGE_ERROR = 2
SOME_REJECTED = 1
SHOWN_MISTAKES = 20
DEFAULT_LEASE = 1800.0

EPILOG = """\
examples:
  dialbridge campaign create Autumn --list Customers --application-id 134
  dialbridge campaign import Customers customers.csv --rejected rejected.jsonl
  dialbridge campaign list
  dialbridge campaign do-not-call numbers.txt
  dialbridge campaign export Customers --attempts > results.csv

A CSV file names its columns in its first line: phone, and as wanted phone_type, time_zone, from, until, chain_id,
chain_n and caller_id; every other column becomes a field of the record that the agent sees. docs/outbound.md says more.
"""


class CampaignCommand:
    """The sub-command."""

    name = "campaign"
    summary = "campaigns, calling lists and do-not-call: create, list, import, export, do-not-call"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        parser.epilog = EPILOG
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument(
            "--data-dir",
            type=Path,
            default=Path(os.environ.get("DIALBRIDGE_DATA_DIR", DEFAULT_DATA_DIR)),
            help="the data directory (DIALBRIDGE_DATA_DIR; default: %(default)s)",
        )
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        create = actions.add_parser("create", help="put a campaign in, or in the place of the one with its name")
        create.add_argument("campaign", help="its name")
        create.add_argument("--list", action="append", required=True, dest="lists", help="a calling list; repeatable")
        create.add_argument("--application-id", type=int, default=1, help="what legacy clients call applicationId")
        create.add_argument("--group", default="", help="the campaign group; unless given, NAME@Agents")
        create.add_argument("--description", default="", help="a text for people")
        create.add_argument(
            "--lease",
            type=float,
            default=DEFAULT_LEASE,
            help="seconds that an agent has a record (%(default)s)",
        )
        actions.add_parser("list", help="campaigns, their calling lists, and how far they are")
        taking = actions.add_parser("import", help="add the records of a CSV file to a calling list")
        taking.add_argument("calling_list", help="the calling list")
        taking.add_argument("file", help="the CSV file, UTF-8; -: standard input")
        taking.add_argument("--separator", default=",", help="what stands between values (default: %(default)s)")
        taking.add_argument("--rejected", type=Path, help="where rows that were not taken are reported, as JSON lines")
        taking.add_argument("--after-line", type=int, default=0, help="go on with an import that was broken off")
        giving = actions.add_parser("export", help="the records of a calling list, on standard output")
        giving.add_argument("calling_list", help="the calling list")
        giving.add_argument("--attempts", action="store_true", help="one row for each attempt in place of each record")
        giving.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="default: %(default)s")
        forbidding = actions.add_parser("do-not-call", help="numbers never to be called, one a line")
        forbidding.add_argument("file", help="the file; -: standard input")
        forbidding.add_argument("--remove", action="store_true", help="they may be called again")

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""
        path: Path = arguments.data_dir / FILE
        try:
            with closing(prepared(arguments.data_dir)) as connection:
                match arguments.action:
                    case "create":
                        return _create(connection, arguments)
                    case "list":
                        return _list(connection)
                    case "import":
                        return _import(connection, arguments)
                    case "export":
                        return _export(connection, arguments)
                    case _:
                        return _do_not_call(connection, arguments)
        except (DatabaseDamaged, OSError, sqlite3.Error) as error:
            if isinstance(error, BrokenPipeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 0
            return _wrong(f"{error}" if isinstance(error, DatabaseDamaged) else f"{path}: {error}")
        except KeyboardInterrupt:
            return 130


CAMPAIGN = CampaignCommand()


def _create(connection: sqlite3.Connection, arguments: argparse.Namespace) -> int:
    if not arguments.lease > 0:
        return _wrong(f"--lease must be a number of seconds greater than 0, not {arguments.lease}")
    if "/" in arguments.campaign or not arguments.campaign:
        return _wrong("the campaign's name must not be empty nor have a / in it: it stands in addresses")
    new = Campaign(
        arguments.campaign,
        arguments.application_id,
        arguments.group or f"{arguments.campaign}@Agents",
        arguments.description,
        arguments.lease,
    )
    connection.execute("BEGIN IMMEDIATE")
    calling_lists.create(connection, new, arguments.lists)
    connection.execute("COMMIT")
    print(f"campaign {new.name} calls {', '.join(calling_lists.lists_of(connection, new.name))}")
    return 0


def _list(connection: sqlite3.Connection) -> int:
    table = Table("campaign", "id", "calling list", "to call", "callbacks", "held", "done", "attempts")
    for row in exporting.progress(connection):
        table.add_row(*(str(value) for value in row))
    Console().print(table if table.row_count else "no campaigns; `dialbridge campaign create --help` says how")
    return 0


def _import(connection: sqlite3.Connection, arguments: argparse.Namespace) -> int:
    if len(arguments.separator) != 1:
        return _wrong("--separator must be one character")
    with ExitStack() as stack:
        file = _opened(stack, arguments.file)
        columns, rows = numbered(file, arguments.separator)
        if wrong := header_mistakes(columns):
            return _wrong(f"{arguments.file}: {'; '.join(wrong)}")
        report = stack.enter_context(arguments.rejected.open("w", encoding="utf-8")) if arguments.rejected else None
        shown = 0

        def rejected(mistake: Mistake) -> None:
            nonlocal shown
            if report is not None:
                report.write(mistake_line(mistake) + "\n")
            elif shown < SHOWN_MISTAKES:
                shown += 1
                print(f"line {mistake.line}, {mistake.column or 'row'}: {mistake.reason}", file=sys.stderr)

        progress = stack.enter_context(_progress())
        size = Path(arguments.file).stat().st_size if arguments.file != "-" else None
        task = progress.add_task(f"importing into {arguments.calling_list}", total=size)
        last = arguments.after_line

        def done(line: int) -> None:
            nonlocal last
            last = line
            if size is not None:
                progress.update(task, completed=min(file.buffer.tell(), size))

        wanted = (row for row in rows if row[0] > arguments.after_line)
        try:
            taken, refused = import_rows(connection, arguments.calling_list, wanted, rejected, done)
        except KeyboardInterrupt:
            print(f"broken off; go on with --after-line {last}", file=sys.stderr)
            raise
    print(f"{taken} records added to {arguments.calling_list}, {refused} rows rejected")
    if refused and report is None and refused > shown:
        print(f"{refused - shown} more are not shown; --rejected FILE reports them all", file=sys.stderr)
    return SOME_REJECTED if refused else 0


def _export(connection: sqlite3.Connection, arguments: argparse.Namespace) -> int:
    read = exporting.attempts if arguments.attempts else exporting.records
    rows, columns = read(connection, arguments.calling_list)
    write(rows, columns, sys.stdout, as_csv=arguments.format == "csv")
    return 0


def _do_not_call(connection: sqlite3.Connection, arguments: argparse.Namespace) -> int:
    numbers: list[str] = []
    wrong = total = 0

    def put() -> None:
        connection.execute("BEGIN IMMEDIATE")
        if arguments.remove:
            calling_lists.allow(connection, numbers)
        else:
            calling_lists.forbid(connection, numbers, time.time())
        connection.execute("COMMIT")
        numbers.clear()

    with ExitStack() as stack:
        for line, text in enumerate(_opened(stack, arguments.file), start=1):
            if not text.strip():
                continue
            try:
                numbers.append(number_of(dialable(text.strip(), "phone")))
                total += 1
            except Refusal as refusal:
                wrong += 1
                print(f"line {line}: {refusal.text}", file=sys.stderr)
            if len(numbers) == importing.PORTION:
                put()
        put()
    print(f"{total} numbers {'may be called again' if arguments.remove else 'are not called any more'}")
    return SOME_REJECTED if wrong else 0


def _opened(stack: ExitStack, name: str) -> TextIO:
    # What is no UTF-8 is a mistake of its row, not of the file.
    if name == "-":
        name = "/dev/stdin"
    return stack.enter_context(Path(name).open(encoding="utf-8-sig", errors="surrogateescape", newline=""))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _wrong(text: str) -> int:
    print(f"dialbridge campaign: {text}", file=sys.stderr)
    return USAGE_ERROR
