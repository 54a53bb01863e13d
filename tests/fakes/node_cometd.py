"""The official JavaScript CometD client as a process that a test talks to."""

import asyncio
import base64
import json
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

DIRECTORY = Path(__file__).parents[1] / "interop/node"


def require_node():
    """Skip with one line where the client is not installed; where everything must be, fail."""
    missing = None
    if shutil.which("node") is None:
        missing = "needs Node.js: install it, then run make test"
    elif not (DIRECTORY / "node_modules/cometd").exists():
        missing = "needs the CometD client: install npm, then run make test"
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


class NodeCometd:
    """One client session."""

    def __init__(self, process):
        self.process = process
        self.facts = []

    async def do(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self.process.stdin.drain()

    async def until(self, condition, within=20.0):
        """Read what the client tells until ``condition`` holds for one fact; that fact."""
        async with asyncio.timeout(within):
            while True:
                line = await self.process.stdout.readline()
                assert line, f"the client ended; it had told {self.facts}"
                fact = json.loads(line)
                self.facts.append(fact)
                if condition(fact):
                    return fact

    @property
    def events(self):
        return [fact["data"] for fact in self.facts if "event" in fact]


@asynccontextmanager
async def node_cometd(url, transport, authorization):
    """A client that was started, and is ended."""
    require_node()
    if transport == "websocket":  # where a browser would send its cookie, Node sends what the URL has
        credentials = base64.b64decode(authorization.split()[1]).decode()
        url = url.replace("://", f"://{credentials}@", 1)
    process = await asyncio.create_subprocess_exec(
        "node",
        str(DIRECTORY / "cometd_session.mjs"),
        url,
        transport,
        authorization,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield NodeCometd(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
