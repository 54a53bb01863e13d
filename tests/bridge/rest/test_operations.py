import pytest

from bridge.user_data import to_json
from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1 import user_service_pb2 as user

CALL = "/api/v2/me/calls/013V08JRL498H1OI04000VTAES00000G"
ME = "/api/v2/me"
START = b'{"operationName":"StartContactCenterSession","channels":["voice","chat"]}'


@pytest.mark.parametrize(
    ("method", "members"),
    [
        ("Answer", ""),
        ("Hangup", ""),
        ("SendDtmf", ',"digits":"12#"'),
        ("AttachUserData", ',"userData":{"a":1}'),
        ("UpdateUserData", ',"userData":{"a":1}'),
        ("DeleteUserData", ""),
        ("DeleteUserDataPair", ',"key":"a"'),
    ],
)
async def test_each_operation_on_a_call_is_the_rpc_of_its_name(agent1, bridge, script, method, members) -> None:
    async with agent1.post(bridge.url + CALL, data=f'{{"operationName":"{method}"{members}}}'.encode()) as answer:
        assert answer.status == 200
        assert await answer.read() == b'{"statusCode":0}'
    (request,) = script.of(method)
    assert request.call_id == "013V08JRL498H1OI04000VTAES00000G"
    assert request.device_id == ""
    if "userData" in members:
        assert to_json(request.user_data) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 400, 1),
        (b"nonsense", 400, 1),
        (b'{"operationName":"Juggle"}', 403, 3),
        (b'{"operationName":"Dial"}', 403, 3),
        (b'{"operationName":"SendDtmf","digits":5}', 400, 10),
        (b'{"operationName":"UpdateUserData","userData":"a"}', 400, 10),
    ],
)
async def test_an_operation_that_cannot_be_is_answered_without_the_facade(
    agent1, bridge, script, body, status, code
) -> None:
    before = len(script.asked)
    async with agent1.post(bridge.url + CALL, data=body) as answer:
        assert answer.status == status
        assert (await answer.json())["statusCode"] == code
    assert len(script.asked) == before


async def test_an_operation_out_of_place_is_answered_with_code_2(agent1, bridge, script, refuse) -> None:
    script.answers["Answer"] = refuse("OPERATION_NOT_ALLOWED", operation="Answer", state="Dialing")
    async with agent1.post(bridge.url + CALL, data=b'{"operationName":"Answer"}') as answer:
        assert answer.status == 400
        assert await answer.read() == (
            b'{"statusCode":2,"statusMessage":"Operation \'Answer\' is not valid in the current state."}'
        )


async def test_a_call_of_somebody_else_is_not_found(agent1, bridge, script, refuse) -> None:
    script.answers["Hangup"] = refuse("CALL_NOT_FOUND")
    async with agent1.post(bridge.url + CALL, data=b'{"operationName":"Hangup"}') as answer:
        assert answer.status == 404
        assert await answer.read() == b'{"statusCode":6,"statusMessage":"Resource not found."}'


async def test_a_session_that_opens_all_its_channels_succeeds(agent1, bridge, script) -> None:
    async with agent1.post(bridge.url + ME + "/", data=START) as answer:
        assert answer.status == 200
        assert await answer.read() == b'{"statusCode":0}'
    assert list(script.of("StartContactCenterSession")[0].channels) == ["voice", "chat"]


async def test_a_session_that_opens_some_of_its_channels_succeeds_partly(agent1, bridge, script) -> None:
    script.answers["StartContactCenterSession"] = user.StartContactCenterSessionResponse(
        results=[
            user.ChannelResult(
                channel="voice",
                reason=reasons.ERROR_REASON_DEVICE_NOT_REGISTERED,
                reason_text="Device '5001' is not registered.",
            ),
            user.ChannelResult(channel="chat"),
            user.ChannelResult(channel="email"),
        ]
    )
    async with agent1.post(bridge.url + ME, data=START) as answer:
        assert answer.status == 200
        assert await answer.read() == (
            b'{"statusCode":7,'
            b'"failed":[{"statusCode":4,"statusMessage":"Device \'5001\' is not registered.","channel":"voice"}],'
            b'"succeeded":[{"statusCode":0,"channel":"multimedia"}]}'
        )


async def test_a_session_that_opens_none_of_its_channels_fails_as_the_first(agent1, bridge, script) -> None:
    script.answers["StartContactCenterSession"] = user.StartContactCenterSessionResponse(
        results=[
            user.ChannelResult(
                channel="voice",
                reason=reasons.ERROR_REASON_DEVICE_NOT_REGISTERED,
                reason_text="Device '5001' is not registered.",
            ),
            user.ChannelResult(channel="chat", reason=reasons.ERROR_REASON_FEATURE_MISSING, reason_text="No chat."),
        ]
    )
    async with agent1.post(bridge.url + ME, data=START) as answer:
        assert answer.status == 500
        assert await answer.read() == b'{"statusCode":4,"statusMessage":"Device \'5001\' is not registered."}'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"operationName":"StartContactCenterSession"}', 400, 1),
        (b'{"operationName":"StartContactCenterSession","channels":"voice"}', 400, 10),
        (b'{"operationName":"Ready"}', 403, 3),
        (b"{}", 400, 1),
    ],
)
async def test_an_operation_on_me_that_cannot_be_is_refused(agent1, bridge, body, status, code) -> None:
    async with agent1.post(bridge.url + ME, data=body) as answer:
        assert answer.status == status
        assert (await answer.json())["statusCode"] == code
