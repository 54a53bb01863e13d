import pytest

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_TYPE_INTERNAL,
    CAPABILITY_ATTACH_USER_DATA,
    CAPABILITY_DELETE_USER_DATA,
    CAPABILITY_DELETE_USER_DATA_PAIR,
    CAPABILITY_HANGUP,
    CAPABILITY_SEND_DTMF,
    CAPABILITY_UPDATE_USER_DATA,
    Call,
    Party,
)
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_STATUS_CHANGE, StatusChange
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value


@pytest.fixture
def dialing() -> StatusChange:
    """The first change of the call of the GWS reference's page Dial Preview Record."""
    call = Call(
        id="013V08JRL498H1OI04000VTAES00000G",
        device_id="efe1ab32-53f9-43ce-b65e-5768c61f7d4a",
        user_name="agent1",
        device_number="5005",
        conn_id="0071023821aec010",
        state=CALL_STATE_DIALING,
        call_type=CALL_TYPE_INTERNAL,
        participants=[Party(phone_number="5001", formatted_phone_number="5001", digits="5001")],
        dnis="5001",
        capabilities=[
            CAPABILITY_DELETE_USER_DATA_PAIR,
            CAPABILITY_ATTACH_USER_DATA,
            CAPABILITY_HANGUP,
            CAPABILITY_DELETE_USER_DATA,
            CAPABILITY_SEND_DTMF,
            CAPABILITY_UPDATE_USER_DATA,
        ],
        record_handle=431,
        sequence=1,
    )
    return StatusChange(
        call=call,
        notification_type=NOTIFICATION_TYPE_STATUS_CHANGE,
        extensions=UserData(
            pairs=[
                UserDataPair(key="WrapUpTime", value=Value(int_value=0)),
                UserDataPair(key="BusinessCall", value=Value(int_value=0)),
            ]
        ),
        position=7,
    )
