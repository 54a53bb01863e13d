"""The adapters: one process per language, driven by commands as JSON lines; README.md has the words."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WITHIN = 30.0
"""Seconds for an answer or an event."""


@dataclass(frozen=True)
class Language:
    """How the adapter of a language is started, and what that needs."""

    command: tuple[str, ...]
    toolchain: str
    built: Path
    remedy: str

    def require(self):
        """Skip with one line where the toolchain is missing; where everything must be there, fail."""
        if shutil.which(self.toolchain) is None or not self.built.exists():
            (pytest.fail if os.environ.get("CI") else pytest.skip)(
                f"needs {self.remedy}: install it, then run make test"
            )


PYTHON_ADAPTER = Path(__file__).with_name("python_adapter.py")
GO_ADAPTER = ROOT / "clients/go/bin/conformance"
TYPESCRIPT_ADAPTER = ROOT / "clients/typescript/dist/conformance/adapter.js"
JAVA_TARGET = ROOT / "clients/java/target"
JAVA_PATH = ":".join(str(JAVA_TARGET / each) for each in ("classes", "test-classes", "dependency/*"))

LANGUAGES = {
    "python": Language((sys.executable, str(PYTHON_ADAPTER)), sys.executable, PYTHON_ADAPTER, "Python"),
    "go": Language((str(GO_ADAPTER),), "go", GO_ADAPTER, "Go 1.24 or newer"),
    "typescript": Language(
        ("node", str(TYPESCRIPT_ADAPTER)), "node", TYPESCRIPT_ADAPTER, "Node.js 20.3 or newer and npm"
    ),
    "java": Language(
        ("java", "-cp", JAVA_PATH, "dialbridge.conformance.Adapter"),
        "java",
        JAVA_TARGET / ".built",
        "a JDK, 17 or newer, and Maven",
    ),
}


class Adapter:
    """One running adapter."""

    def __init__(self, process):
        self._process = process
        self._answers = asyncio.Queue()
        self._events = asyncio.Queue()
        self.told = []
        """What was taken of the watch's events."""

    async def read(self):
        """Sort what the adapter says; until it ends."""
        async for line in self._process.stdout:
            fact = json.loads(line)
            (self._events if "event" in fact else self._answers).put_nowait(fact)

    async def send(self, command):
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def answer(self, do):
        """The answer to the oldest command that has none yet; it must be one to ``do``."""
        async with asyncio.timeout(WITHIN):
            fact = await self._answers.get()
        assert fact.pop("answer") == do
        return fact

    async def event(self, within=WITHIN):
        """The watch's next event."""
        async with asyncio.timeout(within):
            fact = await self._events.get()
        self.told.append(fact)
        return fact


@asynccontextmanager
async def adapter_of(language):
    """An adapter that was started, and is ended; what it said on stderr is part of a failure."""
    LANGUAGES[language].require()
    process = await asyncio.create_subprocess_exec(
        *LANGUAGES[language].command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    adapter = Adapter(process)
    reading = asyncio.create_task(adapter.read())
    said = asyncio.create_task(process.stderr.read())
    try:
        yield adapter
        process.stdin.close()
        async with asyncio.timeout(WITHIN):
            assert await process.wait() == 0, (await said).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.wait([reading])
        print((await said).decode(), file=sys.stderr)
        reading.result()
