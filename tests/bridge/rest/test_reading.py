from importlib.metadata import version

import pytest

from dialbridge.v1 import call_service_pb2 as call
from dialbridge.v1.call_pb2 import CALL_STATE_ESTABLISHED, CALL_TYPE_INTERNAL, CAPABILITY_HANGUP, Call, Party
from dialbridge.v1.user_service_pb2 import GetCurrentUserResponse

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
BASE = "http://127.0.0.1:8080/api/v2"


@pytest.fixture
def live_call() -> Call:
    one = Call(
        id="013V08JRL498H1OI04000VTAES00000G",
        device_id=DEVICE,
        user_name="agent1",
        state=CALL_STATE_ESTABLISHED,
        call_type=CALL_TYPE_INTERNAL,
        participants=[Party(phone_number="5001", formatted_phone_number="5001", digits="5001")],
        dnis="5001",
        capabilities=[CAPABILITY_HANGUP],
    )
    one.duration.FromSeconds(7)
    return one


async def read(client, url: str) -> dict[str, object]:
    async with client.get(url) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
        body = await answer.json()
    assert next(iter(body.items())) == ("statusCode", 0)
    return body


async def test_me_alone_has_no_subresources(agent1, bridge) -> None:
    body = await read(agent1, f"{bridge.url}/api/v2/me")
    assert body["user"] == {
        "id": "0123456789abcdef0123456789abcdef",
        "userName": "agent1",
        "firstName": "Ada",
        "lastName": "One",
        "emailAddress": "ada@example.com",
        "roles": ["ROLE_AGENT"],
        "enabled": True,
        "changePasswordOnFirstLogin": False,
        "contactCenterId": "9e1ab32f-53f9-43ce-b65e-5768c61f7d4a",
        "uri": f"{BASE}/users/0123456789abcdef0123456789abcdef",
        "path": "/users/0123456789abcdef0123456789abcdef",
    }


@pytest.mark.parametrize("asked", ["*", "features,devices,channels,calls", " devices , calls,channels,features,chats"])
async def test_subresources_stand_in_their_places(agent1, bridge, script, live_call, asked) -> None:
    script.answers["ListCalls"] = call.ListCallsResponse(calls=[live_call])
    body = await read(agent1, f"{bridge.url}/api/v2/me/?subresources={asked}")
    assert list(body["user"]) == [
        "id", "userName", "firstName", "lastName", "emailAddress", "roles", "enabled", "devices", "channels", "calls",
        "changePasswordOnFirstLogin", "features", "contactCenterId", "uri", "path",
    ]  # fmt: skip
    assert body["user"]["channels"] == ["voice"]
    assert body["user"]["calls"][0]["id"] == live_call.id
    assert body["user"]["features"][1]["id"] == "api-voice-outbound"


async def test_only_the_subresources_that_were_asked_for_appear(agent1, bridge, script) -> None:
    body = await read(agent1, f"{bridge.url}/api/v2/me?subresources=devices,nonsense")
    assert {"devices"} == set(body["user"]) & {"devices", "channels", "calls", "features", "nonsense"}
    assert script.of("ListCalls") == []


async def test_a_device_has_its_members_in_the_order_of_live_answers(agent1, bridge) -> None:
    expected = {
        "id": DEVICE,
        "deviceState": "Active",
        "userState": {"state": "LoggedIn"},
        "phoneNumber": "5005",
        "description": "",
        "e164Number": "",
        "telephonyNetwork": "Private",
        "doNotDisturb": "Off",
        "voiceEnvironmentUri": f"{BASE}/voice-environments/3cb9ad32-e019-4fe8-ba15-a8d9e2d66c52",
        "capabilities": [],
        "channels": ["voice"],
        "dynamicPhoneNumber": "",
    }
    for path in (f"me/devices/{DEVICE}", f"devices/{DEVICE}/"):
        device = (await read(agent1, f"{bridge.url}/api/v2/{path}"))["device"]
        assert list(device.items()) == list(expected.items())
    assert await read(agent1, f"{bridge.url}/api/v2/me/devices?fields=*") == {"statusCode": 0, "devices": [expected]}


async def test_collections_are_uris_unless_their_fields_are_asked_for(agent1, bridge, script, live_call) -> None:
    script.answers["ListCalls"] = call.ListCallsResponse(calls=[live_call])
    for path, uris in {
        "me/devices": [f"{BASE}/devices/{DEVICE}"],
        "me/calls": [f"{BASE}/me/calls/{live_call.id}"],
        "me/features": [f"{BASE}/features/api-voice", f"{BASE}/features/api-voice-outbound"],
        "features/": [f"{BASE}/features/api-voice", f"{BASE}/features/api-voice-outbound"],
    }.items():
        assert await read(agent1, f"{bridge.url}/api/v2/{path}") == {"statusCode": 0, "uris": uris}


async def test_an_empty_collection_is_an_empty_list(agent1, bridge, script) -> None:
    assert await read(agent1, f"{bridge.url}/api/v2/me/calls?fields=*") == {"statusCode": 0, "calls": []}
    assert await read(agent1, f"{bridge.url}/api/v2/me/calls") == {"statusCode": 0, "uris": []}
    script.answers["GetCurrentUser"] = GetCurrentUserResponse()
    assert (await read(agent1, f"{bridge.url}/api/v2/me?subresources=*"))["user"]["channels"] == []


async def test_features_are_told_as_live_servers_do(agent1, bridge) -> None:
    expected = {
        "id": "api-voice-outbound",
        "displayName": "Voice API Outbound",
        "description": "API for Outbound",
        "autoAssignOnContactCenterCreate": True,
        "uri": f"{BASE}/features/api-voice-outbound",
        "path": "/features/api-voice-outbound",
    }
    for path in ("features", "me/features"):
        features = (await read(agent1, f"{bridge.url}/api/v2/{path}?fields=*"))["features"]
        assert list(features[1].items()) == list(expected.items())
    assert (await read(agent1, f"{bridge.url}/api/v2/features/api-voice-outbound"))["feature"] == expected


async def test_calls_are_those_of_the_caller_however_many_pages_there_are(agent1, bridge, script, live_call) -> None:
    other = Call(id="OTHER", user_name="agent1")
    script.answers["ListCalls"] = [
        call.ListCallsResponse(calls=[live_call], next_page_token="more"),
        call.ListCallsResponse(calls=[other]),
    ]
    body = await read(agent1, f"{bridge.url}/api/v2/me/calls?fields=*")
    assert [one["id"] for one in body["calls"]] == [live_call.id, "OTHER"]
    first, second = script.of("ListCalls")
    assert list(first.filter.user_names) == ["agent1"]
    assert second.page_token == "more"


async def test_one_call_is_told_whole(agent1, bridge, script, live_call) -> None:
    script.answers["GetCall"] = call.GetCallResponse(call=live_call)
    one = (await read(agent1, f"{bridge.url}/api/v2/me/calls/{live_call.id}"))["call"]
    assert one["duration"] == "7"
    assert one["state"] == "Established"
    assert one["deviceUri"] == f"{BASE}/devices/{DEVICE}"


async def test_a_supervisor_does_not_find_the_calls_of_others_under_me(agent1, bridge, script, live_call) -> None:
    live_call.user_name = "agent2"
    script.answers["GetCall"] = call.GetCallResponse(call=live_call)
    async with agent1.get(f"{bridge.url}/api/v2/me/calls/{live_call.id}") as answer:
        assert answer.status == 404
        assert (await answer.json())["statusCode"] == 6


@pytest.mark.parametrize(
    "path", ["me/calls/NONE", "me/calls/%FF", "me/calls/%C3%A9", "me/devices/none", "devices/none", "features/none"]
)
async def test_what_does_not_exist_is_not_found(agent1, bridge, path) -> None:
    async with agent1.get(f"{bridge.url}/api/v2/{path}") as answer:
        assert answer.status == 404
        assert await answer.read() == b'{"statusCode":6,"statusMessage":"Resource not found."}'


async def test_absolute_uris_are_built_from_the_setting_and_not_from_the_request(start, browser, credentials) -> None:
    bridge = await start(external_url="https://gws.example.com/west/api/v2")
    headers = {**credentials, "Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"}
    async with browser.get(f"{bridge.url}/api/v2/me/devices", headers=headers) as answer:
        assert (await answer.json())["uris"] == [f"https://gws.example.com/west/api/v2/devices/{DEVICE}"]


async def test_the_version_needs_no_credentials(browser, bridge, script) -> None:
    async with browser.get(f"{bridge.url}/api/v2/diagnostics/version") as answer:
        assert await answer.read() == f'{{"statusCode":0,"version":"{version("dialbridge")}"}}'.encode()
        assert "Set-Cookie" not in answer.headers
    assert script.asked == []
