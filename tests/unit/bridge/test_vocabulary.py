from collections.abc import Mapping

import pytest

from bridge import vocabulary
from dialbridge.v1.call_pb2 import CallState, CallType, Capability, RecordingState, ReleaseCause
from dialbridge.v1.status_change_pb2 import NotificationType
from dialbridge.v1.user_pb2 import DeviceCapability, DeviceState, Role, UserState

TABLES = [
    (vocabulary.CALL_STATES, CallState, set()),
    (vocabulary.CALL_TYPES, CallType, set()),
    (vocabulary.CAPABILITIES, Capability, {0}),
    (vocabulary.RECORDING_STATES, RecordingState, {0}),
    (vocabulary.RELEASE_CAUSES, ReleaseCause, {0}),
    (vocabulary.NOTIFICATION_TYPES, NotificationType, {0}),
    (vocabulary.ROLES, Role, {0}),
    (vocabulary.DEVICE_STATES, DeviceState, set()),
    ({state: str(each.shown) for state, each in vocabulary.USER_STATES.items()}, UserState, {0}),
    (vocabulary.DEVICE_CAPABILITIES, DeviceCapability, {0}),
]


@pytest.mark.parametrize(("table", "enum", "without_a_word"), TABLES)
def test_every_value_of_the_contract_has_one_word_of_its_own(
    table: Mapping[int, str], enum: object, without_a_word: set[int]
) -> None:
    assert set(table) == set(enum.values()) - without_a_word  # type: ignore[attr-defined]
    assert len(set(table.values())) == len(table)
