import asyncio
from pathlib import Path

import grpc
import pytest

from bridge.settings import MissingOutboundFeature
from bridge.user_data import to_json
from dialbridge.v1 import call_service_pb2 as call

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
CALLS = f"/api/v2/me/devices/{DEVICE}/calls"
GOLDEN = Path(__file__).parents[2] / "contract" / "golden" / "dial_preview_record"
SEED = (GOLDEN / "request.json").read_bytes()
ANSWER = (GOLDEN / "response.json").read_bytes().removesuffix(b"\n")


async def test_the_documented_request_is_answered_by_exactly_the_documented_body(agent1, bridge, script) -> None:
    async with agent1.post(bridge.url + CALLS, data=SEED) as answer:
        assert answer.status == 200
        assert await answer.read() == ANSWER
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    (request,) = script.of("Dial")
    assert request.device_id == DEVICE
    assert request.outbound_record.record_handle == 431
    assert request.outbound_record.phone_number == "5001"
    assert request.outbound_record.device_path == "/devices/1234567890"
    assert request.request_id == ""


async def test_a_slash_at_the_end_and_any_content_type_are_accepted(agent1, bridge) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        async with agent1.post(bridge.url + CALLS + "/", data=SEED, headers=headers) as answer:
            assert await answer.read() == b'{"statusCode":0}'


async def test_the_facade_is_asked_as_the_caller_and_never_sees_the_password_again(agent1, bridge, script) -> None:
    async with agent1.post(bridge.url + CALLS, data=SEED) as answer:
        assert answer.status == 200
    assert [asked.method for asked in script.asked] == ["SignIn", "GetCurrentUser", "Dial"]
    assert script.asked[0].authorization.startswith("Basic ")
    assert {asked.authorization for asked in script.asked[1:]} == {"Bearer token-1"}


async def test_other_fields_and_user_data_arrive_in_order_with_exact_integers(agent1, bridge, script) -> None:
    body = (
        b'{"operationName":"Dial","outboundRecord":{"recordHandle":431,"phoneNumber":"5001",'
        b'"otherFields":{"z":9007199254740993,"a":"x"}},"userData":{"b":1.5,"a":null}}'
    )
    async with agent1.post(bridge.url + CALLS, data=body) as answer:
        assert answer.status == 200
    (request,) = script.of("Dial")
    assert list(to_json(request.outbound_record.other_fields).items()) == [("z", 9007199254740993), ("a", "x")]
    assert list(to_json(request.user_data).items()) == [("b", 1.5), ("a", None)]


async def test_the_idempotency_key_is_the_request_id(agent1, bridge, script) -> None:
    async with agent1.post(bridge.url + CALLS, data=SEED, headers={"Idempotency-Key": "k-1"}) as answer:
        assert answer.status == 200
    assert script.of("Dial")[0].request_id == "k-1"


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"", 400, 1),
        (b"{", 400, 1),
        (b"[]", 400, 1),
        (b"\xff\xfe", 400, 1),
        (b"{}", 400, 1),
        (b'{"operationName":1}', 400, 10),
        (b'{"operationName":"DialPreview"}', 403, 3),
        (b'{"operationName":"Dial","outboundRecord":{"recordHandle":"431"}}', 400, 10),
        (b'{"operationName":"Dial","userData":' + b'{"a":' * 17 + b"1" + b"}" * 18, 400, 10),
        (b"[" * 60_000, 400, 1),
    ],
)
async def test_a_body_that_cannot_be_used_never_reaches_the_facade(
    agent1, bridge, script, body, status, expected
) -> None:
    async with agent1.post(bridge.url + CALLS, data=body) as answer:
        assert answer.status == status
        envelope = await answer.json()
    assert list(envelope) == ["statusCode", "statusMessage"]
    assert envelope["statusCode"] == expected
    assert script.of("Dial") == []


@pytest.mark.parametrize(
    ("reason", "metadata", "status", "envelope"),
    [
        (
            "DEVICE_NOT_REGISTERED",
            {"device_number": "5005"},
            500,
            b'{"statusCode":4,"statusMessage":"Device \'5005\' is not registered."}',
        ),
        ("DEVICE_NOT_FOUND", {}, 404, b'{"statusCode":6,"statusMessage":"Resource not found."}'),
        (
            "FIELD_REQUIRED",
            {"field": "outbound_record.phone_number"},
            400,
            b'{"statusCode":1,"statusMessage":"Required parameter \'outboundRecord.phoneNumber\' is missing."}',
        ),
        (
            "FEATURE_MISSING",
            {"feature": "api-voice-outbound"},
            400,
            b'{"statusCode":1,"statusMessage":"Required parameter \'destination\' is missing."}',
        ),
        ("FEATURE_MISSING", {"feature": "api-voice"}, 404, b'{"statusCode":6,"statusMessage":"Resource not found."}'),
        ("DEVICE_BUSY", {}, 400, b'{"statusCode":2,"statusMessage":"the facade\'s own words"}'),
        ("DIAL_OUTCOME_UNKNOWN", {}, 504, b'{"statusCode":9,"statusMessage":"the facade\'s own words"}'),
    ],
)
async def test_a_refusal_of_the_facade_is_told_as_the_reference_says(
    agent1, bridge, script, refuse, reason, metadata, status, envelope
) -> None:
    script.answers["Dial"] = refuse(reason, **metadata)
    async with agent1.post(bridge.url + CALLS, data=SEED) as answer:
        assert answer.status == status
        assert await answer.read() == envelope
        assert "Retry-After" not in answer.headers


async def test_the_missing_outbound_feature_may_be_set_to_be_forbidden(
    start, browser, credentials, script, refuse
) -> None:
    bridge = await start(missing_outbound_feature=MissingOutboundFeature.FORBIDDEN)
    script.answers["Dial"] = refuse("FEATURE_MISSING", feature="api-voice-outbound")
    async with browser.post(bridge.url + CALLS, data=SEED, headers=credentials) as answer:
        assert answer.status == 403
        assert (await answer.json())["statusCode"] == 3


async def test_an_overloaded_facade_is_told_with_the_time_to_wait(agent1, bridge, script, refuse) -> None:
    script.answers["Dial"] = refuse("OVERLOADED", retry_after=3)
    async with agent1.post(bridge.url + CALLS, data=SEED) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "3"
        assert (await answer.json())["statusCode"] == 4


async def test_a_broken_channel_leaves_open_whether_the_call_was_placed(agent1, bridge, script, break_off) -> None:
    script.answers["Dial"] = break_off(grpc.StatusCode.UNAVAILABLE)
    async with agent1.post(bridge.url + CALLS, data=SEED) as answer:
        assert answer.status == 504
        assert (await answer.json())["statusCode"] == 9
    async with agent1.post(bridge.url + CALLS, data=SEED, headers={"Idempotency-Key": "k"}) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert "10.1.2.3" not in await answer.text()


async def test_a_client_that_goes_away_does_not_stop_its_dial(agent1, bridge, script) -> None:
    asked, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(_: call.DialRequest) -> call.DialResponse:
        asked.set()
        await go_on.wait()
        done.set()
        return call.DialResponse()

    script.answers["Dial"] = slowly
    posting = asyncio.create_task(agent1.post(bridge.url + CALLS, data=SEED).__aenter__())
    await asyncio.wait_for(asked.wait(), 5)
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    go_on.set()
    await asyncio.wait_for(done.wait(), 5)


async def test_a_device_path_that_is_no_text_names_no_device(agent1, bridge, script) -> None:
    for path in ("%ED%A0%80", "%FF", "%00", "a%2Fb"):
        async with agent1.post(f"{bridge.url}/api/v2/me/devices/{path}/calls", data=SEED) as answer:
            assert answer.status in {200, 404}
            assert (await answer.json())["statusCode"] in {0, 6}
    assert all(request.device_id for request in script.of("Dial"))
