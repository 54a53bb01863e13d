import re
from html.parser import HTMLParser

import pytest

API = ("/api/v2/openapi.json", "/api/v2/asyncapi.json")
PAGE = ("/docs/api", "/docs/api.css")
ELSEWHERE = re.compile(r"/dialbridge\.v1\.|/api/v2/notifications|/docs/api\.css$|/$|/assets/|/[a-z_-]+\.(svg|js)$")
"""Described elsewhere: gRPC by the contract, CometD by AsyncAPI; and what pages are made of."""


async def document(browser, bridge, path):
    async with browser.get(bridge.url + path) as answer:
        assert answer.status == 200
        return await answer.json()


@pytest.mark.parametrize("path", [*API, *PAGE])
async def test_everybody_may_read_the_description(browser, bridge, script, path) -> None:
    async with browser.get(bridge.url + path) as answer:
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
    assert script.asked == []


@pytest.mark.parametrize("path", [*API, *PAGE])
async def test_what_the_reader_has_already_is_not_sent_again(browser, bridge, path) -> None:
    async with browser.get(bridge.url + path) as answer:
        tag = answer.headers["ETag"]
    async with browser.get(bridge.url + path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
        assert await answer.read() == b""


async def test_the_page_may_load_nothing_but_what_the_bridge_itself_serves(browser, bridge) -> None:
    async with browser.get(bridge.url + "/docs/api") as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
    assert "default-src 'none'" in policy and "style-src 'self'" in policy and "unsafe" not in policy
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|<img|<iframe|(?:href|src)=\"(?:https?:)?//", text)


class Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        known = dict(attrs)
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "a":
            self.links.append(known["href"])
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


async def test_every_link_of_the_page_leads_somewhere(browser, bridge) -> None:
    async with browser.get(bridge.url + "/docs/api") as answer:
        page = Anchors()
        page.feed(await answer.text())
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert page.links
    for link in set(page.links):
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert link.startswith("../")
            async with browser.get(f"{bridge.url}/docs/{link}") as answer:
                assert answer.status == 200, link


async def test_every_operation_channel_and_shape_stands_on_the_page(browser, bridge) -> None:
    rest, events = [await document(browser, bridge, path) for path in API]
    async with browser.get(bridge.url + "/docs/api") as answer:
        page = Anchors()
        page.feed(await answer.text())
    operations = sum(len(item) for item in rest["paths"].values())
    shapes = {*rest["components"]["schemas"], *events["components"]["schemas"]}
    assert sum(each.startswith(("get-", "post-")) for each in page.ids) == operations
    assert {f"shape-{name}" for name in shapes} <= set(page.ids)
    assert {f"channel-{name}" for name in events["channels"]} <= set(page.ids)


async def test_every_route_is_in_the_document_and_the_other_way_round(browser, bridge) -> None:
    described = {
        (method.upper(), path)
        for path, item in (await document(browser, bridge, API[0]))["paths"].items()
        for method in item
    }
    served = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in bridge.bridge.application.router.routes()
        if route.method != "HEAD" and not ELSEWHERE.match(route.resource.canonical)
    }
    assert served == described


async def test_the_channels_below_me_and_the_bridge_s_own_streams_are_in_the_asyncapi_document(browser, bridge) -> None:
    rest, events = [await document(browser, bridge, path) for path in API]
    addresses = {channel["address"] for channel in events["channels"].values()}
    streams = {
        path for path, item in rest["paths"].items() if "text/event-stream" in str(item.get("get", {}).get("responses"))
    }
    assert streams and streams <= addresses
    assert {"/v2/me/calls", "/v2/me/devices", "/v2/me/outbound"} <= addresses


async def test_the_documents_name_the_addresses_that_clients_use(start, browser) -> None:
    bridge = await start(external_url="https://calls.example.com/desk/api/v2")
    rest, events = [await document(browser, bridge, path) for path in API]
    assert rest["servers"] == [{"url": "https://calls.example.com/desk"}]
    server = events["servers"]["websocket"]
    assert (server["host"], server["pathname"]) == ("calls.example.com", "/desk/api/v2/notifications")
    assert server["protocol"] == "wss"
