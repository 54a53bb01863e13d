"""What must not work, refused as documented, on the running service; and the service goes on."""

import asyncio
import io
import json

import aiohttp
import grpc
import pytest

from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import DialbridgeError
from tests.fakes.legacy_client import DEVICE

OTHERS_DEVICE = "2b00393c-9ad3-418f-8b3d-a06cbe8af395"
CALLS = f"/me/devices/{DEVICE}/calls"


@pytest.fixture
async def client(service):
    async with service.legacy() as client:
        yield client


@pytest.fixture(autouse=True)
async def goes_on(service):
    """Whatever a test did, the service still dials and tells."""
    yield
    async with service.legacy("agent2") as client:
        await client.listen()
        assert await client.dial("5001", device=OTHERS_DEVICE) == (200, '{"statusCode":0}')
        await client.until(lambda client: client.states == ["Dialing"])


def facts(answer):
    status, text = answer
    return status, json.loads(text)["statusCode"]


@pytest.mark.parametrize(("user", "password"), [("agent1", "wrong"), ("nobody", "demo"), ("", ""), ("agent1", "Demo")])
async def test_wrong_credentials_are_refused_alike_on_every_wire(service, user, password):
    async with service.legacy(user, password) as legacy:
        assert facts(await legacy.dial("5001")) == (403, 20)
        status, text = await legacy.request("POST", "/notifications", [{"channel": "/meta/handshake"}])
        assert (status, json.loads(text)["statusCode"]) == (403, 20)
        assert password not in text or not password
        assert facts(await legacy.request("GET", "/me/events")) == (403, 20)
    async with service.client(user, password) as client:
        with pytest.raises(DialbridgeError) as refused:
            await client.dial(DEVICE, "5001")
        assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED")


async def test_another_agent_s_device_does_not_exist(service, client):
    assert facts(await client.dial("5001", device=OTHERS_DEVICE)) == (404, 6)
    async with service.client() as grpc_client:
        with pytest.raises(DialbridgeError) as refused:
            await grpc_client.dial(OTHERS_DEVICE, "5001")
        assert refused.value.reason == "DEVICE_NOT_FOUND"


async def test_another_agent_s_call_does_not_exist(service, client):
    async with service.client() as mine, service.client("agent2") as other:
        call = (await mine.dial(DEVICE, "5001")).call
        with pytest.raises(DialbridgeError) as refused:
            await other.hangup(call.id)
        assert refused.value.reason == "CALL_NOT_FOUND"
    async with service.legacy("agent2") as other:
        assert facts(await other.operate(call.id, "Hangup")) == (404, 6)
        assert facts(await other.request("GET", f"/me/calls/{call.id}")) == (404, 6)
        assert await other.calls() == []
    assert [each["id"] for each in await client.calls()] == [call.id]


async def test_a_preview_dial_needs_its_feature(service):
    own = "5910b027-3e64-4c85-9b9d-87248a21d8a5"
    async with service.legacy("agent3") as legacy:
        assert facts(await legacy.dial("5001", device=own)) == (400, 1)
    async with service.client("agent3") as client:
        with pytest.raises(DialbridgeError) as refused:
            await client.dial(own, OutboundRecord(record_handle=431, phone_number="5001"))
        assert refused.value.reason == "FEATURE_MISSING"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"operationName":"Dial","outboundRecord":{', 1),
        ("", 1),
        ("[]", 1),
        ("\xff", 1),
        ('{"outboundRecord":{"recordHandle":431,"phoneNumber":"5001"}}', 1),
        ('{"operationName":"Dial"}', 1),
        ('{"operationName":"Dial","outboundRecord":{"recordHandle":431}}', 1),
        ('{"operationName":"Dial","outboundRecord":{"recordHandle":"x","phoneNumber":"5001"}}', 10),
        ('{"operationName":"Dial","outboundRecord":{"recordHandle":431,"phoneNumber":5001}}', 10),
        ('{"operationName":"Dial","outboundRecord":{"recordHandle":431,"phoneNumber":"5001","otherFields":7}}', 10),
    ],
)
async def test_a_body_that_says_nothing_dialable_is_refused(client, body, code):
    status, text = await client.request("POST", CALLS, body.encode("latin-1"))
    answer = json.loads(text)
    assert (status, answer["statusCode"]) == (400, code)
    assert answer["statusMessage"]
    assert await client.calls() == []


async def test_an_unknown_device_or_call_is_not_found(client):
    assert facts(await client.dial("5001", device="00000000-0000-0000-0000-000000000000")) == (404, 6)
    assert facts(await client.operate("0" * 32, "Hangup")) == (404, 6)


@pytest.mark.parametrize("path", [CALLS, "/notifications"])
async def test_ten_megabytes_are_not_taken(client, path):
    try:
        status, _ = await client.request("POST", path, io.BytesIO(b"[" + b" " * 10_000_000 + b"]"))
    except aiohttp.ClientOSError:
        return  # the server did not even read it
    assert status == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"[1]", b'{"channel":1}', b"\x00\xff" * 1000, b"[" * 60_000]
)
async def test_garbage_on_the_cometd_endpoint_is_answered_in_bayeux_or_http(client, body):
    status, text = await client.request("POST", "/notifications", body)
    if status == 200:
        assert all(reply["successful"] is False for reply in json.loads(text))
    else:
        assert (status, bool(text)) == (400, True)


async def test_a_thousand_handshakes_without_connect_leave_room_for_others(client):
    handshake = [{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]
    successful = 0
    for _ in range(20):
        answers = await asyncio.gather(*(client.request("POST", "/notifications", handshake) for _ in range(50)))
        for status, text in answers:
            (reply,) = json.loads(text)
            assert status == 200
            successful += reply["successful"]
            if not reply["successful"]:
                assert (reply["error"][:3], reply["advice"]["reconnect"]) == ("503", "handshake")
    assert successful == 20


async def test_a_busy_device_does_not_dial_again(service, client):
    assert (await client.dial("5001"))[0] == 200
    assert facts(await client.dial("5001")) == (400, 2)


async def test_one_idempotency_key_dials_once_and_only_the_same_thing(client):
    body = '{"operationName":"Dial","destination":{"phoneNumber":"5001"}}'
    keyed = {"Idempotency-Key": "order-17"}
    answers = await asyncio.gather(*(client.request("POST", CALLS, body, **keyed) for _ in range(50)))
    assert set(answers) == {(200, '{"statusCode":0}')}
    assert len(await client.calls()) == 1
    status, _ = await client.request("POST", CALLS, body.replace("5001", "5004"), **keyed)
    assert status == 409


async def test_one_request_id_from_fifty_clients_dials_once(service):
    async def dial():
        async with service.client() as client:
            return (await client.dial(DEVICE, "5001", request_id="order-18")).call.id

    assert len(set(await asyncio.gather(*(dial() for _ in range(50))))) == 1
    async with service.client() as client:
        assert len(await client.list_calls()) == 1
        with pytest.raises(DialbridgeError) as refused:
            await client.dial(DEVICE, "5004", request_id="order-18")
        assert refused.value.code == grpc.StatusCode.ALREADY_EXISTS
