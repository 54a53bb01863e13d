"""The documented conversations, byte for byte: what a legacy client sends, is answered, and is told on its channel."""

from pathlib import Path

import pytest

from bridge.call_json import call_event
from bridge.envelope import SUCCESS
from bridge.requests import body_of, dial_request, operation_of
from bridge.settings import BridgeSettings, Profile
from dialbridge.v1 import call_pb2
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_STATUS_CHANGE, StatusChange
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value

GOLDEN = Path(__file__).parent
CONVERSATIONS = sorted(path.parent.name for path in GOLDEN.glob("*/request.json"))
DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"


def golden(conversation: str, name: str) -> bytes:
    return (GOLDEN / conversation / name).read_bytes().removesuffix(b"\n")


def first_change(conversation: str) -> StatusChange:
    """What the server makes of the request, with the ids of the reference's page Dial Preview Record."""
    body = body_of(golden(conversation, "request.json"))
    assert operation_of(body) == "Dial"
    request = dial_request(body, DEVICE, "")
    record = request.outbound_record
    number = request.destination or record.phone_number
    call = call_pb2.Call(
        id="013V08JRL498H1OI04000VTAES00000G",
        device_id=request.device_id,
        user_name="agent1",
        device_number="5005",
        conn_id="0071023821aec010",
        state=call_pb2.CALL_STATE_DIALING,
        call_type=call_pb2.CALL_TYPE_INTERNAL,
        participants=[call_pb2.Party(phone_number=number, formatted_phone_number=number, digits=number)],
        dnis=number,
        capabilities=[
            call_pb2.CAPABILITY_DELETE_USER_DATA_PAIR,
            call_pb2.CAPABILITY_ATTACH_USER_DATA,
            call_pb2.CAPABILITY_HANGUP,
            call_pb2.CAPABILITY_DELETE_USER_DATA,
            call_pb2.CAPABILITY_SEND_DTMF,
            call_pb2.CAPABILITY_UPDATE_USER_DATA,
        ],
        user_data=UserData(pairs=[*record.user_data.pairs, *record.other_fields.pairs, *request.user_data.pairs]),
    )
    zero = Value(int_value=0)
    extensions = [UserDataPair(key="WrapUpTime", value=zero), UserDataPair(key="BusinessCall", value=zero)]
    return StatusChange(
        call=call, notification_type=NOTIFICATION_TYPE_STATUS_CHANGE, extensions=UserData(pairs=extensions)
    )


def test_there_are_conversations() -> None:
    assert "dial_preview_record" in CONVERSATIONS


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_answer_is_the_documented_one(conversation: str) -> None:
    assert golden(conversation, "response.json") == SUCCESS


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_dialing_message_is_the_documented_one(conversation: str, profile: Profile) -> None:
    # Through bytes, as it goes through the journal and over a wire.
    change = StatusChange.FromString(first_change(conversation).SerializeToString())
    expected = golden(conversation, f"dialing.{profile.value}.json")
    assert call_event(change, BridgeSettings().external_url, profile) == expected
