"""A mark that changes with every transaction on a SQLite file, whichever process makes it, read without asking SQLite.

A look-up costs microseconds, but lets other threads have the interpreter, and waiting to get it back costs many times
that. The mark is the header of the file's WAL index, which every process has in shared memory: a transaction becomes
visible to readers by a new header, with a new count of transactions and new checksums. SQLite, WAL-mode File Format,
section 2.1.
"""

import mmap
from pathlib import Path

_HEADER = 48
"""Bytes; its copy, which follows, is written first."""


class ChangeMark:
    """The mark of one file, for as long as a connection of this process has read it and stays open."""

    def __init__(self, path: Path) -> None:
        """``path`` is the file's own. Raises ``OSError`` or ``ValueError`` where it has no WAL index."""
        with Path(f"{path}-shm").open("rb") as index:
            self._index = mmap.mmap(index.fileno(), 2 * _HEADER, access=mmap.ACCESS_READ)

    def read(self) -> bytes:
        """What the mark is now; what is looked up after it is at least as new."""
        return self._index[:_HEADER]

    def close(self) -> None:
        """Let go of the memory."""
        self._index.close()
