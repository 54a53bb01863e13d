"""Makes data directories whose journal is long already."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED, Call
from dialbridge.v1.status_change_pb2 import StatusChange
from server.journal import Record
from server.journal.database import Database
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal

AT_ONCE = 5_000
LONG = 1_000_000
"""A journal from this length on is used as it is and not copied: what a measure adds makes no difference to it."""


@contextmanager
def journal_of(entries: int, where: Path) -> Iterator[Path]:
    """A data directory whose journal has so many changes of calls that are over; written once in ``where``."""
    original = where / f"journal-{entries}"
    if not original.exists():
        asyncio.run(_write(original, entries))
    if entries >= LONG:
        yield original
        return
    with tempfile.TemporaryDirectory(dir=where) as name:
        yield Path(shutil.copytree(original, name, dirs_exist_ok=True))


async def _write(directory: Path, entries: int) -> None:
    journal = SqliteJournal(Database(directory, MIGRATIONS), Retention())
    call = Call(id="0" * 32, device_id="gone", user_name="bench", state=CALL_STATE_RELEASED, sequence=1)
    payload = StatusChange(call=call, dtmf_digits="0" * 100).SerializeToString()
    for first in range(0, entries, AT_ONCE):
        count = min(AT_ONCE, entries - first)
        await journal.append([Record(payload, f"{number}/gone", ends=True) for number in range(first, first + count)])
    await journal.close()
