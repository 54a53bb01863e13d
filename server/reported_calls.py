"""What a report of a whole call makes of what is known of it; pure. Single events are ``server.life_cycle``'s.

A switch with call control of its own says what a call is, not what happened to it. What the switch cannot know is
added here: whose call it is, its sequence, its times. A report that says nothing new is no change; one that comes late,
after the call went on, is refused like any event that cannot be.
"""

from dialbridge.v1.call_pb2 import (
    CALL_STATE_DIALING,
    CALL_STATE_ESTABLISHED,
    CALL_STATE_HELD,
    CALL_STATE_RELEASED,
    CALL_STATE_RINGING,
    CALL_STATE_UNSPECIFIED,
    RELEASE_CAUSE_UNSPECIFIED,
    Call,
)
from dialbridge.v1.status_change_pb2 import (
    NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED,
    NOTIFICATION_TYPE_STATUS_CHANGE,
    StatusChange,
)
from server.call_events import CallReported
from server.life_cycle import CallOrigin, Impossible, age

_BEGINNING = frozenset({CALL_STATE_DIALING, CALL_STATE_RINGING})
_ANSWERED = frozenset({CALL_STATE_ESTABLISHED, CALL_STATE_HELD})
_REPEATABLE = frozenset({NOTIFICATION_TYPE_STATUS_CHANGE, NOTIFICATION_TYPE_ATTACHED_DATA_CHANGED})
"""Notifications that say what is; said twice they say nothing. Digits that are sent twice are sent twice."""


def reported_change(
    previous: StatusChange | None, report: CallReported, origin: CallOrigin | None
) -> StatusChange | None:
    """The change that ``report`` makes after ``previous``; None when it says nothing new. Raises `Impossible`.

    ``origin`` is given for the first report of a call.
    """
    before = previous.call.state if previous is not None else CALL_STATE_UNSPECIFIED
    if previous is not None and not _may_follow(before, report):
        raise Impossible(before, report)
    change = StatusChange(request_id=previous.request_id if previous is not None else "")
    call = change.call
    call.CopyFrom(report.call)
    call.id, call.device_id = report.call_id, report.device_id
    if previous is not None:
        _keep(call, previous.call)
        if report.notification_type in _REPEATABLE and _same(call, previous.call):
            return None
    elif origin is not None:
        change.request_id = origin.request_id
        call.user_name = origin.user_name
        call.device_number = origin.device_number or report.call.device_number
        call.campaign_name = origin.campaign_name
        if origin.record_handle is not None:
            call.record_handle = origin.record_handle
    _date(call, previous, report)
    call.sequence = previous.call.sequence + 1 if previous is not None else 1
    change.previous_state = before
    change.notification_type = report.notification_type
    change.upstream_notification_type = report.upstream_notification_type
    change.dtmf_digits = report.dtmf_digits
    change.event_time.FromMicroseconds(_microseconds(report.at))
    if report.extensions is not None:
        change.extensions.CopyFrom(report.extensions)
    return change


def _may_follow(before: int, report: CallReported) -> bool:
    """A released call never moves, and an answered one does not ring again."""
    if before == CALL_STATE_RELEASED:
        return False
    return not (before in _ANSWERED and report.call.state in _BEGINNING)


def _keep(call: Call, known: Call) -> None:
    """What a report does not say and the call has from its beginning."""
    call.user_name = known.user_name
    call.device_number = known.device_number
    call.campaign_name = known.campaign_name
    if known.HasField("record_handle"):
        call.record_handle = known.record_handle


def _same(call: Call, known: Call) -> bool:
    """Whether two calls are the same but for what is dated and counted here."""
    one, other = Call(), Call()
    one.CopyFrom(call)
    other.CopyFrom(known)
    for each in (one, other):
        each.ClearField("duration")
        each.ClearField("create_time")
        each.ClearField("establish_time")
        each.ClearField("release_time")
        each.ClearField("sequence")
    return one == other


def _date(call: Call, previous: StatusChange | None, report: CallReported) -> None:
    """The times of the call: it began as long ago as the switch says, and what came after was seen here."""
    now = _microseconds(report.at)
    said = report.call.duration.ToMicroseconds()
    if previous is not None:
        call.create_time.CopyFrom(previous.call.create_time)
        call.establish_time.CopyFrom(previous.call.establish_time)
        if not previous.call.HasField("establish_time"):
            call.ClearField("establish_time")
    else:
        call.create_time.FromMicroseconds(now - said)
        call.ClearField("establish_time")
    if call.state in _ANSWERED and not call.HasField("establish_time"):
        call.establish_time.FromMicroseconds(now)
    call.ClearField("release_time")
    if call.state == CALL_STATE_RELEASED:
        call.release_time.FromMicroseconds(now)
    else:
        call.release_cause = RELEASE_CAUSE_UNSPECIFIED
        call.upstream_cause = ""
    if not report.call.HasField("duration"):
        age(call, report.at)


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
