"""gRPC-Web on the running service: the official Connect client under Node and in Chromium, and both forms by hand."""

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dialbridge.v1.call_service_pb2 import ListCallsRequest, ListCallsResponse, WatchCallsRequest, WatchCallsResponse
from tests.fakes.legacy_client import DEVICE
from tests.fakes.node_cometd import DIRECTORY, require_node

AUTHORIZATION = aiohttp.encode_basic_auth("agent1", "demo")
ROOT = Path(__file__).parents[2]


def frame(message):
    payload = message.SerializeToString()
    return b"\0" + len(payload).to_bytes(4) + payload


def frames(body):
    found = []
    while body:
        size = int.from_bytes(body[1:5])
        found.append((body[0], body[5 : 5 + size]))
        body = body[5 + size :]
    return found


@pytest.fixture
async def ask(service):
    async with aiohttp.ClientSession() as http:

        async def ask(method, body, kind="application/grpc-web+proto", **headers):
            headers = {"Content-Type": kind, "Authorization": AUTHORIZATION} | headers
            url = f"{service.url}/dialbridge.v1.CallService/{method}"
            async with http.post(url, data=body, headers=headers) as response:
                return response.status, response.headers, await response.read()

        yield ask


async def test_an_answer_is_a_message_and_trailers_in_both_forms(service, ask):
    async with service.client() as client:
        call = (await client.dial(DEVICE, "5001")).call
    body = frame(ListCallsRequest())
    _, headers, binary = await ask("ListCalls", body)
    assert headers["Content-Type"] == "application/grpc-web+proto"
    (first, message), (last, trailers) = frames(binary)
    assert [each.id for each in ListCallsResponse.FromString(message).calls] == [call.id]
    assert (first, last, trailers) == (0, 0x80, b"grpc-status: 0\r\n")
    _, headers, text = await ask("ListCalls", base64.b64encode(body), "application/grpc-web-text")
    assert headers["Content-Type"] == "application/grpc-web-text+proto"
    # Each frame is encoded by itself, so padding may stand in the middle.
    decoded = b"".join(base64.b64decode(part) for part in re.findall(rb"[^=]+=*", text))
    (first, message), (last, trailers) = frames(decoded)
    assert [each.id for each in ListCallsResponse.FromString(message).calls] == [call.id]
    assert (first, last, trailers) == (0, 0x80, b"grpc-status: 0\r\n")


async def test_an_error_is_trailers_with_its_details(ask):
    _, _, body = await ask("ListCalls", frame(ListCallsRequest()), Authorization="Basic bm9ib2R5Ong=")
    ((kind, trailers),) = frames(body)
    assert (kind, trailers.splitlines()[0]) == (0x80, b"grpc-status: 16")
    assert b"grpc-status-details-bin: " in trailers
    _, _, body = await ask("WatchCalls", frame(WatchCallsRequest(resume_token="garbage")))
    assert frames(body)[-1][1].startswith(b"grpc-status: 3")


async def test_a_deadline_ends_a_stream(ask):
    _, _, body = await ask("WatchCalls", frame(WatchCallsRequest()), **{"grpc-timeout": "300m"})
    found = frames(body)
    assert WatchCallsResponse.FromString(found[0][1]).HasField("started")
    assert found[-1][1].startswith(b"grpc-status: 4")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/grpc-web+proto", 400),
        (b"\0\0\0\0\1\xff", "application/grpc-web+proto", 400),
        (b"{}", "application/json", 415),
    ],
)
async def test_what_is_no_grpc_web_is_refused(ask, body, kind, status):
    assert (await ask("ListCalls", body, kind))[0] == status


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory):
    path = tmp_path_factory.mktemp("descriptors") / "contract.binpb"
    buf = Path(sys.executable).with_name("buf")
    subprocess.run([buf, "build", "--as-file-descriptor-set", "-o", path], cwd=ROOT, check=True)
    return path


def expect(facts):
    assert [next(iter(fact)) for fact in facts] == ["refused", "dialled", "state", "state", "state", "over"]
    assert facts[0]["refused"] == 3
    assert [fact["state"] for fact in facts[2:5]] == [1, 3, 5]


async def test_the_official_client_under_node_dials_and_follows(service, descriptors):
    require_node()
    process = await asyncio.create_subprocess_exec(
        *("node", str(DIRECTORY / "grpc_web.mjs"), service.url, str(descriptors), AUTHORIZATION, DEVICE, "5001"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    work = asyncio.create_task(process.communicate())
    async with asyncio.timeout(30):
        while not work.done():
            await service.advance(0.5)
            await asyncio.wait([work], timeout=0.05)
    out, err = work.result()
    assert process.returncode == 0, err.decode()
    expect([json.loads(line) for line in out.decode().splitlines()])


PAGE = """<!doctype html><title>gRPC-Web</title>
<script type="importmap">{"imports": %s}</script>
<script type="module">
import { session } from './grpc_web.mjs';
const tell = (fact) => navigator.sendBeacon('/told', JSON.stringify(fact));
const descriptors = new Uint8Array(await (await fetch('/contract.binpb')).arrayBuffer());
try { await session({ ...%s, descriptors, tell }); } catch (error) { tell({ failed: String(error) }); }
</script>"""


def import_map():
    """What a bundler would look up in the packages: the ES modules that they export."""
    found = {}
    for name in ("@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-web"):
        exports = json.loads((DIRECTORY / "node_modules" / name / "package.json").read_text())["exports"]
        for path, target in exports.items():
            while isinstance(target, dict):
                target = target.get("import") or target.get("default")
            if target:
                found[name + path.removeprefix(".")] = f"/modules/{name}/{target.removeprefix('./')}"
    return json.dumps(found)


async def test_the_official_client_in_chromium_dials_and_follows(start, tmp_path, descriptors):
    require_node()
    chromium = shutil.which("chromium")
    if chromium is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Chromium: install the package chromium")
    told: asyncio.Queue = asyncio.Queue()
    site = web.Application()
    page = {}

    async def tell(request):
        await told.put(json.loads(await request.text()))
        return web.Response()

    async def show(_):
        return web.Response(text=PAGE % (import_map(), json.dumps(page)), content_type="text/html")

    async def script(_):
        return web.Response(body=(DIRECTORY / "grpc_web.mjs").read_bytes(), content_type="text/javascript")

    async def contract(_):
        return web.Response(body=descriptors.read_bytes())

    site.router.add_get("/", show)
    site.router.add_get("/grpc_web.mjs", script)
    site.router.add_get("/contract.binpb", contract)
    site.router.add_post("/told", tell)
    site.router.add_static("/modules", DIRECTORY / "node_modules")
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with start(tmp_path / "data", allowed_origins=frozenset({origin})) as service:
        page |= {"url": service.url, "authorization": AUTHORIZATION, "device": DEVICE, "number": "5001"}
        browser = await asyncio.create_subprocess_exec(
            *(
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
                f"--user-data-dir={tmp_path / 'profile'}",
                origin,
            ),
            *("--remote-debugging-port=0",),  # so that it stays
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            facts = []
            async with asyncio.timeout(50):
                while not facts or not facts[-1].keys() & {"over", "failed"}:
                    await service.advance(0.5)
                    try:
                        facts.append(await asyncio.wait_for(told.get(), 0.05))
                    except TimeoutError:
                        continue
        finally:
            browser.kill()
            await browser.wait()
            await runner.cleanup()
    expect(facts)
