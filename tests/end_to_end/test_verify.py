"""``dialbridge verify`` against our own bridge and against a GWS that somebody else wrote."""

import asyncio
import json
import sys

import pytest

from tests.fakes.gws import FakeGws


async def verify(url, *arguments, **environment):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dialbridge_client.command_line", "verify", url, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def facts(out):
    return [json.loads(line) for line in out.splitlines()]


async def test_every_fact_holds_of_our_own_bridge(start, tmp_path):
    async with start(tmp_path / "data") as service:
        verifying = asyncio.create_task(verify(f"{service.url}/api/v2", "--json"))
        while not verifying.done():
            await service.advance(1)
            await asyncio.wait([verifying], timeout=0.05)
        status, out, _ = await verifying
    assert {fact["verdict"] for fact in facts(out)} == {"holds"}
    assert (status, len(facts(out)) > 35) == (0, True)


async def test_every_fact_holds_of_the_fake_gws():
    async with FakeGws(speed=20) as gws:
        status, out, _ = await verify(gws.api_url)
    assert status == 0, out
    assert out.splitlines()[-1].endswith("0 differs, 0 not offered")


async def test_what_differs_is_said_with_its_place_and_in_the_exit_status():
    async with FakeGws(speed=20, generation="strings") as gws:
        gws.faults.add("Hangup", "error", 4, skip=1)  # the first one is on an unknown call
        status, out, _ = await verify(gws.api_url, "--json")
    assert status == 1
    wrong = {fact["fact"]: fact for fact in facts(out) if fact["verdict"] != "holds"}
    assert "participants" in str(wrong["its message is that of the page"]["details"])
    assert "HTTP 500" in str(wrong["Hangup is accepted"]["details"])


async def test_a_server_that_is_not_there_is_said():
    status, out, _ = await verify("http://127.0.0.1:1/api/v2")
    assert status == 1
    assert "Connect call failed" in out


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "http://127.0.0.1:8080/", "ftp://127.0.0.1/api/v2"])
async def test_a_url_that_cannot_be_is_a_usage_error(url):
    status, _, err = await verify(url)
    assert (status, "must be http or https and end in /api/v2" in err) == (2, True)


async def test_a_server_elsewhere_needs_a_user():
    status, _, err = await verify("https://gws.example.com/api/v2")
    assert (status, "--user" in err) == (2, True)
