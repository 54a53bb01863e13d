"""A dialbridge process as a person starts it: its command line, its signals, its exit status."""

import asyncio
import re
import signal
import sys
from contextlib import asynccontextmanager

READY_WITHIN = 30.0


class Process:
    """One running process; ``lines`` is what it printed until it was ready."""

    def __init__(self, process):
        self._process = process
        self._log = None
        self.lines = []
        self.log = []

    async def ready(self):
        self._log = asyncio.create_task(self._keep_log())
        async with asyncio.timeout(READY_WITHIN):
            while line := (await self._process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if line.startswith("dialbridge ready"):
                    return self
        await self._log
        raise AssertionError(f"the process ended before it was ready: {self.log}")

    async def _keep_log(self):
        while line := (await self._process.stderr.readline()).decode():
            self.log.append(line.rstrip())

    @property
    def grpc(self):
        return re.search(r"gRPC (\S+?)(,|$)", self.lines[-1])[1]

    @property
    def url(self):
        return re.search(r"(https?://\S+)/api/v2", self.lines[-1])[1]

    @property
    def http_port(self):
        return int(self.url.rpartition(":")[2])

    @property
    def grpc_port(self):
        return int(self.grpc.rpartition(":")[2])

    def send(self, number):
        self._process.send_signal(number)

    async def ended(self, within=READY_WITHIN):
        """The exit status."""
        async with asyncio.timeout(within):
            await self._process.wait()
            if self._log is not None:
                await self._log
        return self._process.returncode

    async def kill(self):
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()


@asynccontextmanager
async def dialbridge(*arguments, **environment):
    """``dialbridge ARGUMENTS``, ready; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialbridge_client.command_line",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    running = Process(process)
    try:
        yield await running.ready()
    finally:
        await running.kill()


def serve(data_dir, grpc_port=0, http_port=0, *more):
    """``dialbridge serve`` on free ports."""
    return dialbridge("serve", "--data-dir", data_dir, "--grpc-port", grpc_port, "--http-port", http_port, *more)


TERMINATE = signal.SIGTERM
KILL = signal.SIGKILL
