import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

DIAL = "/api/v2/me/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a/calls"
ORIGIN = "https://desktop.example.com"


@pytest.mark.parametrize(
    "path", ["/assets", "/api/v2", "/api/v2/nonsense", "/api/v1/me", "/api/v2/me/calls/a/b", "/../etc"]
)
async def test_an_unknown_url_is_not_found_in_the_envelope(browser, bridge, path) -> None:
    async with browser.get(bridge.url + path) as answer:
        assert answer.status == 404
        assert await answer.read() == b'{"statusCode":6,"statusMessage":"Resource not found."}'
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert answer.headers["Server"] == "dialbridge"


@pytest.mark.parametrize(("method", "path"), [("GET", DIAL), ("DELETE", "/api/v2/me"), ("OPTIONS", "/api/v2/me")])
async def test_a_wrong_method_is_told_in_the_envelope(browser, bridge, method, path) -> None:
    async with browser.request(method, bridge.url + path) as answer:
        assert answer.status == 405
        assert await answer.json() == {"statusCode": 3, "statusMessage": f"Method {method} is not allowed here."}
        assert answer.headers["Allow"]


@pytest.mark.parametrize("size_is_told", [True, False])
async def test_a_body_of_ten_megabytes_is_refused_and_the_server_goes_on(agent1, bridge, size_is_told) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65536

    body = io.BytesIO(b" " * 10_000_000) if size_is_told else chunks()
    try:
        async with agent1.post(bridge.url + DIAL, data=body) as answer:
            status, envelope = answer.status, await answer.json()
    except ConnectionError:  # the connection was closed while the client was still writing
        pass
    else:
        assert (status, envelope["statusCode"]) == (413, 10)
    async with agent1.get(bridge.url + "/api/v2/me") as answer:
        assert answer.status == 200


async def test_the_answer_to_a_body_that_is_too_large_comes_before_the_body(bridge, credentials) -> None:
    host, port = bridge.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {DIAL} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials['Authorization']}\r\n"
        "Content-Length: 10000000\r\n\r\n".encode()
    )
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()


async def test_a_defect_is_told_by_an_id_that_the_log_has_and_by_nothing_else(agent1, bridge, script) -> None:
    script.answers["GetCurrentUser"] = ZeroDivisionError("secret internals")
    with capture_logs() as lines:
        async with agent1.get(f"{bridge.url}/api/v2/me") as answer:
            assert answer.status == 500
            body = await answer.json()
    (line,) = [line for line in lines if line["event"] == "request failed"]
    assert body == {"statusCode": 4, "statusMessage": f"Internal error; the log has it under {line['incident']}."}
    assert isinstance(line["exc_info"], ZeroDivisionError)


async def test_a_page_of_an_allowed_origin_may_call(start, browser, credentials) -> None:
    bridge = await start(allowed_origins=frozenset({ORIGIN}))
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    async with browser.options(bridge.url + DIAL, headers=preflight) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST,PUT,DELETE,OPTIONS"
        assert "X-CSRF-TOKEN" in answer.headers["Access-Control-Allow-Headers"]
    for headers in ({**credentials, "Origin": ORIGIN}, {"Origin": ORIGIN, "Authorization": "Basic x"}):
        async with browser.get(f"{bridge.url}/api/v2/me", headers=headers) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert answer.headers["Access-Control-Expose-Headers"] == "X-CSRF-HEADER,X-CSRF-TOKEN"
            assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", ORIGIN + ".evil.example.com"])
async def test_a_page_of_any_other_origin_gets_no_leave(start, browser, origin) -> None:
    bridge = await start(allowed_origins=frozenset({ORIGIN}))
    async with browser.options(bridge.url + DIAL, headers={"Origin": origin}) as answer:
        assert answer.status == 405
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Vary"] == "Origin"


async def test_the_bridge_is_alive_at_once_and_ready_when_it_follows_the_facade(browser, bridge, script) -> None:
    async with browser.get(f"{bridge.url}/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})
    async with browser.get(f"{bridge.url}/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {"ready": False, "following": False, "draining": False}


async def test_a_port_that_is_taken_is_an_error_at_the_start(start, bridge) -> None:
    taken = int(bridge.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address already in use"):
        await start(port=taken)


async def test_a_draining_bridge_takes_no_new_connections(bridge) -> None:
    host, port = bridge.url.removeprefix("http://").split(":")
    await asyncio.wait_for(bridge.bridge.drain(grace=0.1), 5)
    assert not bridge.bridge.ready
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection(host, int(port))
