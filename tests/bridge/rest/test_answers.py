"""An answer in one piece is the answer that aiohttp writes, and goes the slow way where it has to."""

import asyncio
import re

import pytest
from aiohttp import web

from bridge.legacy.answers import PLAIN, Answer, Form

FORM = Form({"Content-Type": "application/json; charset=UTF-8", "Cache-Control": "no-store"})
BODY = b'{"statusCode":0}'


@pytest.fixture
async def address():
    """A server that gives the same answer three times: in one piece, with something added, and as aiohttp does."""

    async def plainly(request):
        request[PLAIN] = True
        return Answer(FORM, BODY)

    async def with_more(_):
        return Answer(FORM, BODY)

    async def as_aiohttp_does(_):
        return web.Response(body=BODY, headers=FORM.headers)

    async def large(request):
        request[PLAIN] = True
        return Answer(FORM, b"x" * 1_000_000)

    async def add(request, response):
        response.headers["Server"] = "dialbridge"
        if request.path == "/more":
            response.headers["Set-Cookie"] = "a=b"

    app = web.Application()
    app.router.add_get("/plain", plainly)
    app.router.add_get("/more", with_more)
    app.router.add_get("/aiohttp", as_aiohttp_does)
    app.router.add_get("/large", large)
    app.on_response_prepare.append(add)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][:2]
    await runner.cleanup()


async def exchange(address, *requests):
    """Everything that comes back for some requests on one connection, the last of which asks to close it."""
    reader, writer = await asyncio.open_connection(*address)
    for request in requests:
        writer.write(request.encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return re.sub(rb"Date: [^\r]+", b"Date: now", answer)


def get(path, *lines, method="GET", version="1.1"):
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: h", *lines, "", ""])


LAST = get("/aiohttp", "Connection: close")


async def test_in_one_piece_it_is_byte_for_byte_what_aiohttp_writes(address):
    assert await exchange(address, get("/plain"), LAST) == await exchange(address, get("/aiohttp"), LAST)


@pytest.mark.parametrize(
    "how",
    [
        {"version": "1.0"},
        {"version": "1.0", "lines": ("Connection: keep-alive",)},
        {"lines": ("Connection: close",)},
        {"method": "HEAD"},
    ],
)
async def test_where_http_asks_for_another_form_it_is_what_aiohttp_writes(address, how):
    lines = how.pop("lines", ())
    ours = await exchange(address, get("/plain", *lines, **how), LAST)
    assert ours == await exchange(address, get("/aiohttp", *lines, **how), LAST)


async def test_what_is_added_to_an_answer_is_in_it(address):
    assert b"Set-Cookie: a=b\r\n" in await exchange(address, get("/more", "Connection: close"))


async def test_a_connection_lives_on_after_answers_in_one_piece(address):
    answer = await exchange(address, get("/plain"), get("/plain"), get("/plain"), LAST)
    assert answer.count(BODY) == 4


async def test_an_answer_that_the_client_has_to_be_waited_for_comes_whole(address):
    answer = await exchange(address, get("/large"), LAST)
    assert answer.count(b"x") == 1_000_000


async def test_the_date_is_that_of_aiohttp(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(get("/plain").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert re.search(rb"\r\nDate: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n", head)
    writer.close()
    await writer.wait_closed()
