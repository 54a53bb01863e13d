"""Every client, in every language, does the same: the scenarios of scenarios.toml against `dialbridge serve`."""

import asyncio
import re
import signal
import tomllib
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.certificates import make_certificates
from tests.fakes.process import KILL, TERMINATE, serve
from tests.interop.conformance.adapters import LANGUAGES, adapter_of

HERE = Path(__file__).parent
SCENARIOS = tomllib.loads((HERE / "scenarios.toml").read_text())["scenarios"]
DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"


class World:
    """The server that a scenario starts, kills, freezes."""

    def __init__(self, stack, directory, options):
        self._stack = stack
        self._directory = directory
        self._options = options
        self._journals = 0
        self._server = None

    @property
    def target(self):
        return self._server.grpc

    async def do(self, what):
        match what:
            case "start":
                await self._start()
            case "start with another journal":
                self._journals += 1
                await self._start()
            case "kill":
                self._server.send(KILL)
                await self._server.ended()
            case "terminate":
                self._server.send(TERMINATE)
                assert await self._server.ended() == 0
            case "freeze":
                self._server.send(signal.SIGSTOP)
            case "thaw":
                self._server.send(signal.SIGCONT)
            case "cuts off a watcher":
                await self._has_cut_off()
            case unknown:
                raise ValueError(f"no such step of the server: {unknown}")

    async def _start(self):
        ports = (self._server.grpc_port, self._server.http_port) if self._server else (0, 0)
        data = self._directory / f"journal{self._journals}"
        self._server = await self._stack.enter_async_context(serve(data, *ports, *self._options))

    async def _has_cut_off(self):
        """Wait until a watcher was ended because it read too slowly; how much it takes is the transport's matter."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(60):
            while True:
                async with http.get(f"{self._server.url}/metrics") as response:
                    if re.search(r"^dialbridge_watchers_cut_off\S* [1-9]", await response.text(), re.MULTILINE):
                        return
                await asyncio.sleep(0.1)


class Run:
    """One scenario under way with one client."""

    def __init__(self, world, adapter, certificates):
        self._world = world
        self._adapter = adapter
        self._certificates = certificates
        self._kept = {}
        self._interrupted = False

    async def step(self, step):
        step = self._resolved(dict(step))
        keep = step.pop("keep", {})
        match step:
            case {"server": what}:
                await self._world.do(what)
                return
            case {"quiet": seconds}:
                with pytest.raises(TimeoutError):
                    pytest.fail(f"was told {await self._adapter.event(seconds)}")
                return
            case {"changes": "without gap or repetition"}:
                positions = [fact["position"] for fact in self._adapter.told if fact["event"] == "changed"]
                assert positions == list(range(positions[0], positions[0] + len(positions)))
                return
            case {"do": do, **more}:
                expected = {key: more.pop(key) for key in ("error", "answer") if key in more}
                await self._adapter.send(await self._command(do, more))
                if more.pop("later", False):
                    return
                fact = self._answered(await self._adapter.answer(do), **expected)
            case {"answered": do}:
                fact = self._answered(await self._adapter.answer(do))
            case {"event": event, **more}:
                fact = await self._event(event, more)
            case {"until": event, **more}:
                while not self._fits(fact := await self._adapter.event(), {"event": event, **more}):
                    assert fact["event"] != "ended", fact
                self._interrupted = event == "interrupted"
            case _:
                raise ValueError(f"no such step: {step}")
        for name, variable in keep.items():
            self._kept[f"${variable}"] = fact[name]

    async def _event(self, event, more):
        """The next event, which must fit; an interruption may last over several attempts."""
        while True:
            fact = await self._adapter.event()
            fits = self._fits(fact, {"event": event, **more})
            if fits or not (self._interrupted and fact["event"] == "interrupted"):
                assert fits, f"{fact} is not {event} {more}"
                self._interrupted = event == "interrupted"
                return fact

    def _answered(self, fact, error=None, answer=None):
        if error is None:
            assert "error" not in fact, fact
            assert self._fits(fact, answer or {}), f"{fact} is not {answer}"
        else:
            assert self._fits(fact.get("error", {}), error), f"{fact} is not {error}"
        return fact

    def _fits(self, fact, expected):
        """Whether ``fact`` has what is expected; metadata may have more."""
        return all(
            self._fits(fact.get(key, {}), value) if key in ("error", "metadata") else fact.get(key) == value
            for key, value in expected.items()
        )

    async def _command(self, do, more):
        command = {"do": do, **{key: value for key, value in more.items() if key != "later"}}
        if do == "connect":
            command = {"target": self._world.target, "user": "agent1", "password": "demo", **command}
            if tls := command.pop("tls", None):
                command["ca"] = str(self._certificates.ca if tls == "trusted" else self._certificates.stranger)
        elif do == "dial":
            command = {"device": DEVICE, **command}
        return command

    def _resolved(self, value):
        match value:
            case dict():
                return {key: self._resolved(each) for key, each in value.items()}
            case list():
                return [self._resolved(each) for each in value]
            case str() if value.startswith("$"):
                return self._kept[value]
            case _:
                return value


def _load(directory):
    """Options that let callers from outside ring a device with many lines, faster than anybody can read."""
    devices = directory / "directory.toml"
    demo = resources.files("server").joinpath("demo_directory.toml").read_text()
    devices.write_text(demo + '\n[[devices]]\nphone_number = "7900"\nuser_name = "agent1"\nlines = 200\n')
    return ("--config", devices, "--scenario", HERE / "load.toml")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"].replace(" ", "-"))
async def test_every_client_does_the_same(scenario, language, tmp_path):
    LANGUAGES[language].require()
    async with AsyncExitStack() as stack:
        certificates = make_certificates(tmp_path) if scenario.get("tls") else None
        options = ()
        if certificates:
            options = ("--tls-certificate", certificates.server, "--tls-key", certificates.server_key)
        elif scenario.get("load"):
            options = _load(tmp_path)
        world = World(stack, tmp_path, options)
        await world.do("start")
        adapter = await stack.enter_async_context(adapter_of(language))
        run = Run(world, adapter, certificates)
        for number, step in enumerate(scenario["steps"], start=1):
            try:
                await run.step(step)
            except (AssertionError, TimeoutError) as error:
                last = adapter.told[-5:]
                raise AssertionError(
                    f"step {number}, {step}: {error or 'nothing came'}; last events: {last}"
                ) from error
