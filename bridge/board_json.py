"""Calls and their changes as dashboards get them: the legacy call resource, and what legacy never had; pure."""

from google.protobuf.timestamp_pb2 import Timestamp

from bridge.call_json import call_json
from bridge.settings import Profile
from bridge.strict_json import dumps
from bridge.vocabulary import CALL_STATES, NOTIFICATION_TYPES, RELEASE_CAUSES
from dialbridge.v1.call_pb2 import CALL_STATE_UNSPECIFIED, Call
from dialbridge.v1.call_service_pb2 import Started
from dialbridge.v1.status_change_pb2 import StatusChange


def board_call(call: Call, external_url: str, profile: Profile) -> dict[str, object]:
    """The call resource with whose it is, when what happened and why it ended. ``(id, deviceId)`` identifies it.

    Times are RFC 3339 in UTC, absent until they have come; ``releaseCause`` is absent until the call is released.
    """
    board = call_json(call, external_url, profile)
    board["deviceId"] = call.device_id
    board["deviceNumber"] = call.device_number
    board["userName"] = call.user_name
    board["sequence"] = call.sequence
    if call.HasField("record_handle"):
        board["recordHandle"] = call.record_handle
    if call.campaign_name:
        board["campaignName"] = call.campaign_name
    for name in ("create_time", "establish_time", "release_time"):
        if call.HasField(name):
            moment: Timestamp = getattr(call, name)
            board[name.replace("_time", "Time")] = moment.ToJsonString()
    if call.release_cause in RELEASE_CAUSES:
        board["releaseCause"] = RELEASE_CAUSES[call.release_cause]
    if call.upstream_cause:
        board["upstreamCause"] = call.upstream_cause
    return board


def board_change(change: StatusChange, external_url: str, profile: Profile) -> bytes:
    """One change, encoded. ``previousState`` is absent on the first change of a call."""
    board: dict[str, object] = {
        "notificationType": NOTIFICATION_TYPES.get(change.notification_type)
        or change.upstream_notification_type
        or "StatusChange",
        "call": board_call(change.call, external_url, profile),
        "eventTime": change.event_time.ToJsonString(),
    }
    if change.previous_state != CALL_STATE_UNSPECIFIED and change.previous_state in CALL_STATES:
        board["previousState"] = CALL_STATES[change.previous_state]
    if change.dtmf_digits:
        board["dtmfDigits"] = change.dtmf_digits
    return dumps(board)


def board_started(started: Started, now: str) -> bytes:
    """How a stream begins: whether it goes on from the client's token, how often it is heard of, and what time it is.

    ``now`` is RFC 3339 in UTC: a browser whose clock is wrong counts durations by it.
    """
    return dumps(
        {
            "resumed": started.resumed,
            "heartbeatSeconds": started.heartbeat_interval.ToMilliseconds() / 1000,
            "time": now,
        }
    )
