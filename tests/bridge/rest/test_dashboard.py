import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from bridge.legacy.dashboard import Dashboard

PAGE = b"<!doctype html><title>built</title>"
SCRIPT = b"export const answer = 42;\n" * 50

Serve = Callable[[Dashboard], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves a dashboard alone; its address."""
    runners: list[web.AppRunner] = []

    async def serve(dashboard: Dashboard) -> str:
        application = web.Application()
        application.add_routes(dashboard.routes())
        runner = web.AppRunner(application)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets/page-abc123.js").write_bytes(SCRIPT)
    (tmp_path / "assets/page-abc123.js.map").write_bytes(b"{}")
    return tmp_path


@pytest.fixture
async def plain() -> AsyncIterator[ClientSession]:
    """A client that takes bodies as they come."""
    async with ClientSession(auto_decompress=False, headers={"Accept-Encoding": "identity"}) as session:
        yield session


async def test_the_page_is_asked_for_anew_and_allows_nothing_inline_and_nothing_from_elsewhere(
    serve, build, plain
) -> None:
    url = await serve(Dashboard.of(build))
    async with plain.get(f"{url}/") as answer:
        assert await answer.read() == PAGE
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_assets_are_kept_by_browsers_and_sent_small(serve, build, plain) -> None:
    url = await serve(Dashboard.of(build))
    asset = f"{url}/assets/page-abc123.js"
    async with plain.get(asset, headers={"Accept-Encoding": "gzip, br"}) as answer:
        body = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        assert len(body) < len(SCRIPT) // 5
        assert gzip.decompress(body) == SCRIPT
        tag = answer.headers["ETag"]
    async with plain.get(asset, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize("path", ["/assets/page-abc123.js.map", "/assets/", "/assets/../index.html.bak", "/index.html"])
async def test_only_the_files_of_the_build_are_served(serve, build, plain, path) -> None:
    url = await serve(Dashboard.of(build))
    async with plain.get(url + path) as answer:
        assert answer.status == 404


async def test_without_a_build_the_page_says_how_to_make_one_and_the_rest_works(serve, plain) -> None:
    url = await serve(Dashboard({}))
    async with plain.get(f"{url}/") as answer:
        assert answer.status == 200
        assert "make dashboard" in await answer.text()
