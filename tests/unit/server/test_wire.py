"""What is put together from encoded parts is what the encoder of protobuf would have written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1.call_service_pb2 import Heartbeat, StatusChanges, WatchCallsResponse
from dialbridge.v1.status_change_pb2 import StatusChange
from server import wire


@given(
    st.lists(st.tuples(st.text(max_size=300), st.integers(1, 2**63 - 1)), min_size=1, max_size=20),
    st.text(max_size=200),
)
def test_changes_are_encoded_as_protobuf_would_encode_them(changes, token):
    messages = [
        StatusChange(request_id=text, position=position, resume_token=f"at {position}") for text, position in changes
    ]
    elements = [
        wire.element(StatusChange(request_id=text).SerializeToString(), position, f"at {position}".encode())
        for text, position in changes
    ]
    expected = WatchCallsResponse(resume_token=token, changes=StatusChanges(status_changes=messages))
    if token:
        assert wire.changes(elements, token.encode()) == expected.SerializeToString()
    assert WatchCallsResponse.FromString(wire.changes(elements, token.encode())) == expected


@pytest.mark.parametrize("position", [0, 1, 127, 128, (1 << 53) - 1])
def test_a_heartbeat_is_encoded_as_protobuf_would_encode_it(position):
    expected = WatchCallsResponse(resume_token="abc", heartbeat=Heartbeat(position=position))
    assert wire.heartbeat(b"abc", position) == expected.SerializeToString()
