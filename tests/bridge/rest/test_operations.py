import pytest

from bridge.requests import CALL_OPERATIONS
from bridge.user_data import to_json
from bridge.vocabulary import CAPABILITIES
from dialbridge.v1 import call_service_pb2 as call
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
        ("SingleStepTransfer", ',"destination":{"phoneNumber":"5002"},"userData":{"a":1}'),
        ("InitiateTransfer", ',"destination":{"phoneNumber":"5002"},"location":"north"'),
        ("CompleteTransfer", ""),
        ("SingleStepConference", ',"destination":{"phoneNumber":"5002"}'),
        ("InitiateConference", ',"destination":{"phoneNumber":"5002"}'),
        ("CompleteConference", ',"consultCallUri":"http://127.0.0.1:8080/api/v2/me/calls/013V"'),
        ("SwapCalls", ',"otherCallUri":"http://127.0.0.1:8080/api/v2/me/calls/013V"'),
        ("RemoveParticipantFromConference", ',"participant":"15001"'),
        *(
            (name, "")
            for name in (
                "Hold",
                "Retrieve",
                "MuteCall",
                "UnmuteCall",
                "StartCallRecording",
                "PauseCallRecording",
                "ResumeCallRecording",
                "StopCallRecording",
                "ClearCall",
                "MuteMonitoredUser",
                "UnmuteMonitoredUser",
                "SwitchToListenIn",
                "SwitchToCoach",
                "SwitchToBargeIn",
            )
        ),
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
    if "destination" in members:
        assert request.destination == "5002"
    if "CallUri" in members:
        assert request.other_call_id == "013V"
    if "participant" in members:
        assert request.participant == "15001"


def test_every_operation_that_a_call_can_offer_has_its_legacy_form():
    assert set(CALL_OPERATIONS) == set(CAPABILITIES.values())


@pytest.mark.parametrize("method", ["ListenIn", "Coach", "BargeIn"])
async def test_a_supervisor_monitors_in_the_words_of_the_monitoring_state(agent1, bridge, script, method) -> None:
    body = f'{{"operationName":"{method}","targetDeviceUri":"http://x/api/v2/devices/d6","mode":"NextCall"}}'
    async with agent1.post(f"{bridge.url}/api/v2/me/devices/d9", data=body.encode()) as answer:
        assert await answer.read() == b'{"statusCode":0}'
    (request,) = script.of(method)
    assert (request.device_id, request.target_device_id, request.mode) == ("d9", "d6", call.MONITORING_MODE_NEXT_CALL)


async def test_a_supervisor_ends_monitoring(agent1, bridge, script) -> None:
    body = b'{"operationName":"CancelSupervisorMonitoring"}'
    async with agent1.post(f"{bridge.url}/api/v2/me/devices/d9", data=body) as answer:
        assert await answer.read() == b'{"statusCode":0}'
    assert script.of("CancelSupervisorMonitoring")[0].device_id == "d9"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 400, 1),
        (b"nonsense", 400, 1),
        (b'{"operationName":"Juggle"}', 403, 3),
        (b'{"operationName":"Dial"}', 403, 3),
        (b'{"operationName":"SendDtmf","digits":5}', 400, 10),
        (b'{"operationName":"UpdateUserData","userData":"a"}', 400, 10),
        (b'{"operationName":"InitiateTransfer"}', 400, 1),
        (b'{"operationName":"InitiateTransfer","destination":{}}', 400, 1),
        (b'{"operationName":"SingleStepConference","destination":"5001"}', 400, 10),
        (b'{"operationName":"SwapCalls"}', 400, 1),
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
