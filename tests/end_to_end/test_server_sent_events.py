"""Server-sent events on the running service: the simplest way to follow calls, with resumption and an end."""

import asyncio
import json
import socket
from datetime import datetime

import aiohttp
import pytest

from bridge.legacy import server_sent_events
from tests.fakes.legacy_client import DEVICE

AUTHORIZATION = aiohttp.encode_basic_auth("agent1", "demo")
SUPERVISOR = aiohttp.encode_basic_auth("supervisor1", "demo")


class Stream:
    """Events as a browser reads them."""

    def __init__(self, response):
        self.response = response
        self.last_id = ""

    async def event(self):
        """Name and data of the next event."""
        name, data = "message", []
        async with asyncio.timeout(20):
            async for line in self.response.content:
                text = line.decode().removesuffix("\n")
                field, _, value = text.partition(": ")
                match field:
                    case "" if not text and data:
                        return name, json.loads("".join(data))
                    case "id":
                        self.last_id = value
                    case "event":
                        name = value
                    case "data":
                        data.append(value)
        return None


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def open_(http, service):
    opened = []

    async def open_(last_id="", path="me/events", authorization=AUTHORIZATION):
        headers = {"Authorization": authorization} | ({"Last-Event-ID": last_id} if last_id else {})
        response = await http.get(f"{service.url}/api/v2/{path}", headers=headers)
        opened.append(response)
        assert (response.status, response.content_type) == (200, "text/event-stream")
        return Stream(response)

    yield open_
    for response in opened:
        response.close()


async def test_a_stream_begins_with_the_calls_that_there_are_and_tells_what_cometd_tells(service, open_):
    async with service.legacy() as legacy:
        await legacy.listen()
        await legacy.dial("5001")
        await legacy.until(lambda legacy: legacy.messages)
        stream = await open_()
        name, data = await stream.event()
        assert (name, [call["state"] for call in data["calls"]]) == ("snapshot", ["Dialing"])
        await service.advance(2)
        name, data = await stream.event()
        await legacy.until(lambda legacy: len(legacy.messages) == 2)
        assert (name, data) == ("message", json.loads(legacy.messages[1]))


async def test_a_stream_goes_on_where_it_broke_off(service, open_):
    async with service.legacy() as legacy:
        stream = await open_()
        assert await stream.event() == ("snapshot", {"calls": []})
        await legacy.dial("5004")
        assert (await stream.event())[1]["data"]["call"]["state"] == "Dialing"
        stream.response.close()
        await service.advance(10)
        again = await open_(stream.last_id)
        states = [(await again.event())[1]["data"]["call"]["state"] for _ in range(2)]
        assert states == ["Established", "Released"]


@pytest.mark.parametrize("token", ["garbage", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
async def test_an_id_that_cannot_be_resumed_is_refused_or_begins_anew_with_a_snapshot(service, http, token):
    headers = {"Authorization": AUTHORIZATION, "Last-Event-ID": token}
    async with http.get(f"{service.url}/api/v2/me/events", headers=headers) as response:
        if response.status == 200:
            assert (await Stream(response).event())[0] == "snapshot"
        else:
            assert (response.status, (await response.json())["statusCode"]) == (400, 10)


def small_socket(address):
    """One that takes little before its reader reads."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return made


async def test_a_client_that_does_not_read_is_cut_off_and_others_are_not(service, open_, monkeypatch):
    monkeypatch.setattr(server_sent_events, "WRITE_WITHIN", 0.2)
    quick = await open_()
    await quick.event()
    connector = aiohttp.TCPConnector(socket_factory=small_socket)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=1024) as http, service.client() as client:
        headers = {"Authorization": AUTHORIZATION}
        async with http.get(f"{service.url}/api/v2/me/events", headers=headers) as slow:
            call = (await client.dial(DEVICE, "5001", user_data=[("big", "x" * 60_000)])).call
            await quick.event()
            for _ in range(400):  # some 24 MB, more than any buffer on the way takes
                await client.send_dtmf(call.id, "1")
                assert (await quick.event())[1]["data"]["call"]["id"] == call.id
            with pytest.raises(aiohttp.ClientPayloadError):
                await slow.read()


async def test_a_dashboard_of_a_supervisor_is_told_of_every_call_whose_it_is_and_why_it_ended(service, open_):
    board = await open_(path="events", authorization=SUPERVISOR)
    name, data = await board.event()
    assert name == "started"
    assert data.keys() == {"resumed", "heartbeatSeconds", "time"}
    assert (data["resumed"], data["heartbeatSeconds"]) == (False, 5)
    assert await board.event() == ("snapshot", {"calls": []})
    async with service.legacy() as legacy:
        await legacy.dial("5002", recordHandle=9007199254740993, campaignName="Renewals")
        _, dialing = await board.event()
        await service.advance(1)
        _, released = await board.event()
    assert "previousState" not in dialing
    call = dialing["call"]
    assert (call["userName"], call["deviceNumber"], call["deviceId"]) == ("agent1", "5005", DEVICE)
    assert (call["recordHandle"], call["campaignName"]) == (9007199254740993, "Renewals")
    assert (call["state"], call["sequence"]) == ("Dialing", 1)
    assert call.keys().isdisjoint({"releaseCause", "releaseTime", "establishTime"})
    assert (released["previousState"], released["call"]["releaseCause"]) == ("Dialing", "Busy")
    assert released["call"]["releaseTime"] == released["eventTime"]
    assert datetime.fromisoformat(call["createTime"]) < datetime.fromisoformat(released["eventTime"])


async def test_a_dashboard_of_an_agent_is_told_of_their_own_calls_only(service, open_):
    board = await open_(path="events", authorization=aiohttp.encode_basic_auth("agent2", "demo"))
    async with service.legacy() as legacy, service.legacy("agent2") as other:
        await legacy.dial("5001")
        await other.dial("5001", device="2b00393c-9ad3-418f-8b3d-a06cbe8af395")
        assert [(await board.event())[0] for _ in range(2)] == ["started", "snapshot"]
        assert (await board.event())[1]["call"]["userName"] == "agent2"


async def test_a_dashboard_goes_on_where_it_broke_off_and_is_told_so(service, open_):
    board = await open_(path="events", authorization=SUPERVISOR)
    async with service.legacy() as legacy:
        await legacy.dial("5002")
        await service.advance(1)
        for _ in range(3):
            await board.event()
        board.response.close()
        again = await open_(board.last_id, path="events", authorization=SUPERVISOR)
        assert (await again.event())[1]["resumed"] is True
        assert (await again.event())[1]["call"]["state"] == "Released"


async def test_nobody_watches_without_signing_in(http, service):
    async with http.get(f"{service.url}/api/v2/events") as answer:
        assert answer.status == 403
        assert (await answer.json())["statusCode"] == 20


async def test_the_legacy_stream_has_none_of_what_dashboards_are_told(service, open_):
    stream = await open_()
    assert await stream.event() == ("snapshot", {"calls": []})
    async with service.legacy() as legacy:
        await legacy.dial("5002")
        _, told = await stream.event()
    assert told["data"]["call"].keys().isdisjoint({"deviceId", "userName", "sequence", "createTime", "recordHandle"})
