import pytest

from bridge.gws.operations import OPERATIONS, command_body, dial_body, record_json
from bridge.requests import outbound_record
from bridge.strict_json import dumps, loads_pairs
from bridge.user_data import from_json
from bridge.vocabulary import CAPABILITIES
from dialbridge.v1.user_data_pb2 import UserData
from server import call_commands as switch

RECORD = (
    '{"recordHandle":431,"phoneNumber":"5001","outboundCallerId":"410004343","campaignName":"C","from":3600,'
    '"userData":{"z":1},"otherFields":{"big":9007199254740993},"tier":"gold"}'
)


def data(text):
    return from_json(loads_pairs(text.encode()))


def test_a_record_is_written_with_every_member_that_it_was_read_with():
    read = loads_pairs(RECORD.encode())
    assert record_json(outbound_record(read)) == read


def test_a_plain_number_is_a_destination():
    assert dial_body("5001", None, UserData(), "") == {"operationName": "Dial", "destination": {"phoneNumber": "5001"}}


def test_a_dial_has_its_record_its_data_and_its_location():
    body = dial_body("5001", outbound_record(loads_pairs(RECORD.encode())), data('{"z":1,"a":2}'), "north")
    assert dumps(body).decode().startswith('{"operationName":"Dial","outboundRecord":{"phoneNumber":"5001"')
    assert (body["userData"], body["location"]) == ({"z": 1, "a": 2}, "north")


URL = "http://gws/api/v2"
TO = {"phoneNumber": "5002"}
COMMANDS = [
    (switch.Answer(), {"operationName": "Answer"}),
    (switch.Hangup(), {"operationName": "Hangup"}),
    (switch.SendDtmf("1#"), {"operationName": "SendDtmf", "digits": "1#"}),
    (switch.AttachUserData(data('{"a":1}')), {"operationName": "AttachUserData", "userData": {"a": 1}}),
    (switch.UpdateUserData(data('{"a":1}')), {"operationName": "UpdateUserData", "userData": {"a": 1}}),
    (switch.DeleteUserData(), {"operationName": "DeleteUserData"}),
    (switch.Hold(), {"operationName": "Hold"}),
    (switch.Retrieve(), {"operationName": "Retrieve"}),
    (switch.MuteCall(), {"operationName": "MuteCall"}),
    (switch.UnmuteCall(), {"operationName": "UnmuteCall"}),
    (switch.StartCallRecording(), {"operationName": "StartCallRecording"}),
    (switch.PauseCallRecording(), {"operationName": "PauseCallRecording"}),
    (switch.ResumeCallRecording(), {"operationName": "ResumeCallRecording"}),
    (switch.StopCallRecording(), {"operationName": "StopCallRecording"}),
    (switch.ClearCall(), {"operationName": "ClearCall"}),
    (switch.MuteMonitoredUser(), {"operationName": "MuteMonitoredUser"}),
    (switch.UnmuteMonitoredUser(), {"operationName": "UnmuteMonitoredUser"}),
    (switch.SwitchToListenIn(), {"operationName": "SwitchToListenIn"}),
    (switch.SwitchToCoach(), {"operationName": "SwitchToCoach"}),
    (switch.SwitchToBargeIn(), {"operationName": "SwitchToBargeIn"}),
    (
        switch.InitiateTransfer("5002", data('{"a":1}'), "north", "c2", "0"),
        {"operationName": "InitiateTransfer", "destination": TO, "location": "north", "userData": {"a": 1}},
    ),
    (
        switch.InitiateConference("5002", UserData(), "", "c2", "0"),
        {"operationName": "InitiateConference", "destination": TO},
    ),
    (switch.SingleStepTransfer("5002", UserData(), ""), {"operationName": "SingleStepTransfer", "destination": TO}),
    (switch.SingleStepConference("5002", UserData(), ""), {"operationName": "SingleStepConference", "destination": TO}),
    (switch.CompleteTransfer(), {"operationName": "CompleteTransfer"}),
    (
        switch.CompleteConference("c2"),
        {"operationName": "CompleteConference", "consultCallUri": "http://gws/api/v2/me/calls/c2"},
    ),
    (switch.SwapCalls("c2"), {"operationName": "SwapCalls", "otherCallUri": "http://gws/api/v2/me/calls/c2"}),
    (
        switch.RemoveParticipantFromConference("5002"),
        {"operationName": "RemoveParticipantFromConference", "participant": "5002"},
    ),
    (switch.DeleteUserDataPair("a"), {"operationName": "DeleteUserDataPair", "key": "a"}),
]


@pytest.mark.parametrize(("command", "body"), COMMANDS)
def test_a_command_is_written_as_documented(command, body):
    assert command_body(command, URL) == body


def test_every_operation_that_is_offered_can_be_written():
    assert {body["operationName"] for _, body in COMMANDS} == {CAPABILITIES[operation] for operation in OPERATIONS}


def test_what_is_no_operation_is_not_sent():
    with pytest.raises(TypeError, match="int is not an operation"):
        command_body(7, URL)
