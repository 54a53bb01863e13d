"""Signing in, reading and being refused."""

import json

import pytest

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import DEVICE, Agent


@pytest.fixture
async def gws():
    async with FakeGws(manual=True) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        yield agent


async def test_the_version_needs_no_sign_in(agent):
    assert await agent.request("GET", "/diagnostics/version", auth=False) == (
        200,
        '{"statusCode":0,"version":"8.5.200.50"}',
    )


async def test_a_wrong_password_is_answered_403_and_20(gws):
    async with Agent(gws, password="wrong") as agent:
        assert await agent.request("GET", "/me") == (403, '{"statusCode":20,"statusMessage":"Access denied"}')


async def test_the_cookie_carries_the_sign_in_on(agent):
    await agent.get("/me/")
    assert (await agent.request("GET", "/me", auth=False))[0] == 200


async def test_me_has_only_the_subresources_asked_for(agent):
    assert "devices" not in (await agent.get("/me"))[1]["user"]
    user = (await agent.get("/me?subresources=devices,calls"))[1]["user"]
    assert user["devices"][0]["phoneNumber"] == "5005" and user["calls"] == [] and "features" not in user
    assert {one["id"] for one in (await agent.get("/me?subresources=*"))[1]["user"]["features"]} == {
        "api-voice",
        "api-voice-outbound",
    }


async def test_collections_are_uris_or_resources(gws, agent):
    assert (await agent.get("/me/devices"))[1] == {"statusCode": 0, "uris": [f"{gws.api_url}/devices/{DEVICE}"]}
    assert (await agent.get("/me/devices?fields=*"))[1]["devices"][0]["deviceState"] == "Inactive"
    assert (await agent.get("/me/calls?fields=*"))[1] == {"statusCode": 0, "calls": []}


async def test_a_session_registers_the_device(agent):
    await agent.start()
    device = (await agent.get(f"/me/devices/{DEVICE}"))[1]["device"]
    assert device["deviceState"] == "Active" and device["userState"]["state"] == "NotReady"


async def test_channels_that_are_not_there_make_a_partial_success(agent):
    status, answer = await agent.post("/me", operationName="StartContactCenterSession", channels=["voice", "chat"])
    assert status == 200 and answer["statusCode"] == 7 and "statusMessage" not in answer
    assert answer["succeeded"] == [{"statusCode": 0, "channel": "voice"}]


async def test_dialling_without_a_session_is_answered_500_and_4(agent):
    assert await agent.dial() == (500, {"statusCode": 4, "statusMessage": "Device '5005' is not registered."})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("no json", 400, 1),
        ({}, 400, 1),
        ({"operationName": "Dial"}, 400, 1),
        ({"operationName": "Fly"}, 403, 3),
        ({"operationName": "Dial", "destination": {}}, 400, 1),
        ({"operationName": "Dial", "destination": {"phoneNumber": "bob"}}, 400, 10),
        ({"operationName": "Dial", "outboundRecord": {"phoneNumber": "5001"}}, 400, 1),
        ({"operationName": "Dial", "outboundRecord": {"recordHandle": "1", "phoneNumber": "5001"}}, 400, 10),
    ],
)
async def test_a_bad_dial_is_refused(gws, agent, body, status, code):
    await agent.start()
    got, text = await agent.request("POST", f"/me/devices/{DEVICE}/calls", body)
    assert (got, json.loads(text)["statusCode"]) == (status, code)
    assert gws.calls == []


async def test_the_device_of_another_is_not_found(agent):
    await agent.start()
    agent.device = "631608b3-ceb1-472b-ba05-2ae39555b0d1"
    assert (await agent.dial())[0] == 404


async def test_a_second_call_while_one_is_active_is_refused(agent):
    await agent.start()
    await agent.dial()
    assert (await agent.dial())[1]["statusCode"] == 2


async def test_without_the_outbound_feature_a_record_is_an_unknown_parameter(gws):
    async with Agent(gws, "agent3", device="3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52") as agent:
        await agent.start()
        record = {"recordHandle": 1, "phoneNumber": "5001"}
        path = f"/me/devices/{agent.device}/calls"
        assert (await agent.post(path, operationName="Dial", outboundRecord=record))[1]["statusCode"] == 1


async def test_the_end_of_the_session_ends_the_sign_in(agent):
    await agent.start()
    assert (await agent.post("/me", operationName="EndContactCenterSession"))[0] == 200
    assert (await agent.request("GET", "/me", auth=False))[0] == 403


async def test_with_csrf_protection_a_post_needs_the_token_that_a_get_gave():
    async with FakeGws(csrf=True) as gws, Agent(gws) as agent:
        assert await agent.start() == (403, {"statusCode": 3, "statusMessage": "Missing or invalid Csrf token"})
        await agent.get("/me")
        assert (await agent.start())[0] == 200
        agent.headers["X-CSRF-TOKEN"] = "another"
        assert (await agent.bayeux({"channel": "/meta/handshake"}))[0] == 403


async def test_requests_are_recorded_with_user_and_status(gws, agent):
    await agent.start()
    await agent.dial("bad number")
    one = gws.operations("Dial")[0]
    assert (one.user, one.path, one.status) == ("agent1", f"/me/devices/{DEVICE}/calls", 400)
