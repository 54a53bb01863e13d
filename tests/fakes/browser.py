"""Debian's Chromium with the built dashboard in it, as a test drives it."""

import asyncio
import json
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "clients/dashboard"


def require_browser():
    """Skip with one line where something is not installed; where everything must be, fail. The browser's path."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    missing = None
    if chromium is None:
        missing = "needs Chromium: apt install chromium"
    elif shutil.which("node") is None:
        missing = "needs Node.js: install it with npm, then run make test"
    elif not (DASHBOARD / "node_modules/playwright-core").exists():
        missing = "needs playwright-core: install npm, then run make test"
    elif not (DASHBOARD / "dist/index.html").exists():
        missing = "needs the built dashboard: run make dashboard"
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return chromium


class Window:
    """One window. ``what`` names an element as a person finds it: role and name, label, or text; else css."""

    def __init__(self, browser, name):
        self.browser = browser
        self.name = name
        self.headers = {}

    async def do(self, order, **what):
        return await self.browser.do(order, window=self.name, **what)

    async def sign_in(self, user, password="demo"):
        await self.fill("User name", user)
        await self.fill("Password", password)
        await self.press("button", "Sign in")

    async def fill(self, label, value):
        await self.do("fill", label=label, value=value)

    async def press(self, role, name, **more):
        await self.do("press", role=role, name=name, **more)

    async def key(self, keys):
        await self.do("key", keys=keys)

    async def see(self, text=None, *, patience=15, **what):
        """Wait until it can be seen; at most ``patience`` seconds."""
        await self.do("see", text=text, patience=patience, **what)

    async def gone(self, text=None, **what):
        await self.do("gone", text=text, **what)

    async def read(self, **what):
        """The texts of all elements that fit."""
        return await self.do("read", **what)

    async def until(self, condition, argument=None, within=15):
        """Wait until the JavaScript function ``condition`` gives something true; at most ``within`` seconds."""
        await self.do("until", condition=condition, argument=argument, within=within)

    async def violations(self):
        """What axe-core finds wrong, for all rules of WCAG 2.2 AA and best practices."""
        return await self.do("axe")

    async def look(self, **how):
        await self.do("look", **how)

    async def shot(self, name, whole=False):
        """Keep a picture, where the environment says where."""
        if folder := os.environ.get("DIALBRIDGE_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            await self.do("shot", path=str(Path(folder, f"{name}.png")), whole=whole)


class Browser:
    """One browser; each user in it has cookies of their own."""

    def __init__(self, process):
        self._process = process

    async def do(self, order, **what):
        self._process.stdin.write(json.dumps({"order": order, **what}).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        assert line, "the browser ended"
        answer = json.loads(line)
        assert "failed" not in answer, f"{order} {what}: {answer['failed']}"
        return answer["done"]

    async def open(self, name, url, **more):
        window = Window(self, name)
        window.headers = await self.do("open", window=name, url=url, **more)
        return window

    async def facts(self):
        """Complaints of pages, and every address that they asked."""
        return await self.do("facts")


@asynccontextmanager
async def chromium():
    """A browser that was started, and is ended."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(DASHBOARD / "tests/browser.mjs"),
        require_browser(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    try:
        yield Browser(process)
    finally:
        if process.returncode is None:
            process.stdin.close()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()
