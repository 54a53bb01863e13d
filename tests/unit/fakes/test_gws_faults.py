"""Each fault does what it says."""

import asyncio
import json

import aiohttp
import pytest

from tests.fakes.gws import FakeGws, Kind, parse_fault
from tests.fakes.gws_agent import Agent

GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError)


@pytest.fixture
async def gws():
    async with FakeGws(manual=True, event_lag=0) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        yield agent


def now():
    return asyncio.get_running_loop().time()


async def test_a_delayed_request_is_processed_late(gws, agent):
    gws.faults.add("Dial", "delay", 0.1)
    began = now()
    waiting = asyncio.create_task(agent.dial())
    await gws.until(lambda: gws.operations("Dial"))
    assert gws.calls == []
    assert (await waiting)[0] == 200 and now() - began >= 0.1


async def test_a_late_answer_comes_after_its_event(gws, agent):
    gws.faults.add("Dial", "late-answer", 0.3)
    waiting = asyncio.create_task(agent.dial())
    await agent.until("Dialing")
    assert not waiting.done()
    assert (await waiting)[0] == 200


async def test_an_event_can_come_first(gws, agent):
    gws.faults.add("Dial", "event-first")
    order = []
    waiting = asyncio.create_task(agent.dial())
    waiting.add_done_callback(lambda _: order.append(list(agent.states)))
    await waiting
    await agent.until("Dialing")
    assert order == [["Dialing"]]


async def test_without_the_fault_the_answer_is_out_before_the_event(gws, agent):
    await agent.dial()
    await agent.until("Dialing")
    assert gws.operations("Dial")[0].status == 200


async def test_an_event_can_stay_away(gws, agent):
    gws.faults.add("Dial", "event-never")
    assert (await agent.dial())[0] == 200
    gws.answer(gws.calls[0])
    await agent.until("Established")


async def test_a_reset_before_processing_leaves_no_call(gws, agent):
    gws.faults.add("Dial", "reset-before")
    with pytest.raises(GONE):
        await agent.dial()
    assert gws.calls == [] and gws.operations("Dial")[0].status is None


async def test_a_reset_after_processing_leaves_a_call_and_its_event(gws, agent):
    gws.faults.add("Dial", "reset-after")
    with pytest.raises(GONE):
        await agent.dial()
    assert gws.rings("5001") == 1 and gws.operations("Dial")[0].status is None
    await agent.until("Dialing")


async def test_a_cut_answer_is_half_an_answer(gws, agent):
    gws.faults.add("Dial", "cut-answer")
    with pytest.raises(aiohttp.ClientPayloadError):
        await agent.dial()
    assert gws.rings("5001") == 1


async def test_a_503_is_a_page_and_processes_nothing(gws, agent):
    gws.faults.add("Dial", "status", 503)
    status, text = await agent.request("POST", f"/me/devices/{agent.device}/calls", {"operationName": "Dial"})
    assert status == 503 and text.startswith("<html>") and gws.calls == []
    assert (await agent.dial())[0] == 200


async def test_an_answer_can_be_no_json(gws, agent):
    gws.faults.add("GET", "not-json")
    status, text = await agent.request("GET", "/me")
    assert status == 200 and text.startswith("<html>")


async def test_an_error_of_the_envelope_processes_nothing(gws, agent):
    gws.faults.add("Dial", "error", 4)
    assert await agent.dial() == (500, {"statusCode": 4, "statusMessage": "Injected error."})
    assert gws.calls == []


@pytest.mark.parametrize(("kind", "calls"), [("silent", 0), ("silent-after", 1)])
async def test_silence_is_no_answer(gws, agent, kind, calls):
    gws.faults.add("Dial", kind)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await agent.dial()
    assert len(gws.calls) == calls


async def test_an_expired_session_is_refused_and_its_cometd_session_is_gone(gws, agent):
    gws.faults.add("/me", "expire-session")
    assert (await agent.request("GET", "/me", auth=False))[0] == 403
    await gws.until(lambda: agent.replies and not agent.replies[-1]["successful"])
    assert agent.replies[-1]["advice"]["reconnect"] == "handshake"


async def test_a_refused_handshake_gives_no_client_id(gws, agent):
    gws.faults.add("handshake", "refuse")
    reply = await agent.handshake()
    assert reply["error"] == "403::Handshake denied" and reply["advice"] == {"reconnect": "none"}
    assert (await agent.handshake())["successful"] is True


async def test_the_next_connect_can_meet_an_unknown_client(gws):
    async with Agent(gws) as agent:
        await agent.handshake()
        gws.faults.add("connect", "unknown-client", skip=1)
        assert (await agent.connect())[1][-1]["successful"] is True
        assert (await agent.connect())[1][-1]["error"] == "402::Unknown client"


async def test_a_fault_hits_as_often_as_it_says(gws, agent):
    fault = gws.faults.add("Dial", "error", 4, times=2)
    assert [(await agent.dial())[0] for _ in range(3)] == [500, 500, 200]
    assert fault.hits == 2


async def test_faults_from_text_are_those_of_the_command_line(gws):
    fault = parse_fault("event:Dialing:hold-back=1.5*3@2")
    assert (fault.on, fault.kind, fault.value, fault.times, fault.skip) == ("event:Dialing", Kind.HOLD_BACK, 1.5, 3, 2)
    assert parse_fault("Dial:reset-after**").times is None


@pytest.mark.parametrize("text", ["Dial", "Dial:explode", "Dial:delay", "Dial:drop", "event:silent", "event:hold-back"])
def test_a_fault_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="fault"):
        parse_fault(text)


# -- events


async def conversation(gws, agent):
    await agent.dial()
    gws.answer(gws.calls[-1])
    gws.release(gws.calls[-1])


async def test_a_dropped_event_never_comes(gws, agent):
    gws.faults.add("event:Established", "drop")
    await conversation(gws, agent)
    await agent.until("Dialing", "Released")


async def test_a_duplicated_event_comes_twice(gws, agent):
    gws.faults.add("event:Established", "duplicate")
    await conversation(gws, agent)
    await agent.until("Dialing", "Established", "Established", "Released")


async def test_swapped_events_come_the_other_way_round(gws, agent):
    gws.faults.add("event:Established", "swap")
    await conversation(gws, agent)
    await agent.until("Dialing", "Released", "Established")


async def test_an_event_held_back_is_overtaken(gws, agent):
    gws.faults.add("event:Dialing", "hold-back", 0.1)
    await conversation(gws, agent)
    await agent.until("Established", "Released", "Dialing")


async def test_events_can_have_values_that_nobody_knows(gws, agent):
    for kind in ("unknown-notification", "unknown-message", "unknown-capability", "extra-members"):
        gws.faults.add("event:Dialing", kind)
    gws.faults.add("event:Established", "unknown-state")
    await conversation(gws, agent)
    await agent.until("Dialing", "Pondering", "Released")
    first = agent.events[0]
    assert first["notificationType"] == "SomethingElseHappened" and first["messageType"] == "UnheardOfMessage"
    assert "Teleport" in first["call"]["capabilities"] and first["futureMember"] and first["call"]["futureMember"]
    assert (await agent.get("/me/calls?fields=*"))[1]["calls"] == []


async def test_faults_hit_websocket_frames():
    async with FakeGws(websocket=True, faults=["handshake:refuse", "connect:reset-before"]) as gws:
        async with Agent(gws) as agent:
            await agent.get("/me")
            async with agent.http.ws_connect(gws.notifications_url) as socket:
                shake = {"channel": "/meta/handshake", "supportedConnectionTypes": ["websocket"]}
                await socket.send_str(json.dumps([shake]))
                assert json.loads(await socket.receive_str(timeout=5))[0]["error"] == "403::Handshake denied"
                await socket.send_str(json.dumps([shake]))
                client = json.loads(await socket.receive_str(timeout=5))[0]["clientId"]
                await socket.send_str(json.dumps([{"channel": "/meta/connect", "clientId": client}]))
                frame = await socket.receive(timeout=5)
                assert frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
