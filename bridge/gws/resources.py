"""Call resources of a GWS as calls of the contract, whichever generation wrote them; pure.

Lenient where the reference is silent or contradicts itself: a member that is missing or of another type than expected
is left out, words that the contract does not know are kept verbatim. GWS reference, Call resource.
"""

from collections.abc import Mapping
from typing import Any

from bridge.strict_json import JsonObject
from bridge.user_data import TooDeep, from_json
from bridge.vocabulary import CALL_STATES, CALL_TYPES, CAPABILITIES, NOTIFICATION_TYPES, RECORDING_STATES
from dialbridge.v1.call_pb2 import CALL_STATE_UNSPECIFIED, Call, Capability, Party
from dialbridge.v1.status_change_pb2 import NOTIFICATION_TYPE_STATUS_CHANGE, StatusChange
from dialbridge.v1.user_data_pb2 import UserData

CALL_STATE_CHANGE = "CallStateChangeMessage"
ERROR = "ErrorMessage"

_STATES = {word: state for state, word in CALL_STATES.items()}
_TYPES = {word: kind for kind, word in CALL_TYPES.items()}
_CAPABILITIES = {word: capability for capability, word in CAPABILITIES.items()}
_RECORDING = {word: state for state, word in RECORDING_STATES.items()}
_NOTIFICATIONS = {word: kind for kind, word in NOTIFICATION_TYPES.items()}


class NotACall(ValueError):
    """What was sent is not a call that could be followed: it has no id, no state or no device."""


def read_call(resource: Mapping[str, Any], operations: frozenset[Capability.ValueType]) -> Call:
    """A call resource. ``operations`` are those that can be passed on; the others are told apart. Raises `NotACall`."""
    call = Call(id=_text(resource, "id"), conn_id=_text(resource, "connId"))
    word = _text(resource, "state")
    if not call.id or not word:
        raise NotACall("a call without id or state")
    call.state = _STATES.get(word, CALL_STATE_UNSPECIFIED)
    call.upstream_state = word
    call.device_id = _text(resource, "deviceUri").rstrip("/").rpartition("/")[2]
    call.call_type = _TYPES.get(_text(resource, "callType"), call.call_type)
    call.participants.extend(_participants(resource))
    call.ani = _text(resource, "ani")
    call.dnis = _text(resource, "dnis")
    for name in _list(resource, "capabilities"):
        capability = _CAPABILITIES.get(name) if isinstance(name, str) else None
        if capability is not None and capability in operations:
            call.capabilities.append(capability)
        elif isinstance(name, str) and name:
            call.upstream_capabilities.append(name)
    if (data := _data(resource, "userData")) is not None and data.pairs:
        call.user_data.CopyFrom(data)
    duration = resource.get("duration")
    if isinstance(duration, str | int) and str(duration).isdecimal():
        call.duration.FromSeconds(min(int(duration), 10**9))
    call.muted = resource.get("mute") in ("On", True)
    call.recording_state = _RECORDING.get(_text(resource, "recordingState"), call.recording_state)
    call.supervisor_listening_in = resource.get("supervisorListeningIn") is True
    call.monitored_user_muted = resource.get("monitoredUserMuted") is True
    call.monitored = resource.get("monitoring") is True
    parent = _text(resource, "parentCallPath") or _text(resource, "parentCallUri")
    call.parent_call_id = parent.rstrip("/").rpartition("/")[2]
    return call


def read_change(data: Mapping[str, Any], operations: frozenset[Capability.ValueType]) -> StatusChange:
    """A CallStateChangeMessage, but for times and sequence. Raises `NotACall`. GWS reference, CometD message types."""
    resource = data.get("call")
    if not isinstance(resource, dict):
        raise NotACall("a message without a call")
    change = StatusChange(call=read_call(resource, operations))
    change.call.device_number = _text(data, "phoneNumber")
    # Samples of the first generation leave it out where recording changes.
    word = _text(data, "notificationType") or NOTIFICATION_TYPES[NOTIFICATION_TYPE_STATUS_CHANGE]
    kind = _NOTIFICATIONS.get(word)
    if kind is not None:
        change.notification_type = kind
    else:
        change.upstream_notification_type = word
    if (extensions := _data(data, "extensions")) is not None:
        change.extensions.CopyFrom(extensions)
    return change


def _participants(resource: Mapping[str, Any]) -> list[Party]:
    """Objects; or bare numbers, with facts about them beside in ``participantsInfo``."""
    facts = _list(resource, "participantsInfo")
    parties = []
    for number, participant in enumerate(_list(resource, "participants")):
        if isinstance(participant, str):
            more = facts[number] if number < len(facts) and isinstance(facts[number], dict) else {}
            parties.append(
                Party(
                    phone_number=participant,
                    e164_number=_text(more, "e164Number") or _text(more, "E164digits"),
                    formatted_phone_number=_text(more, "formattedPhoneNumber") or participant,
                    digits=_text(more, "digits") or participant,
                )
            )
        elif isinstance(participant, dict):
            parties.append(
                Party(
                    phone_number=_text(participant, "phoneNumber"),
                    e164_number=_text(participant, "e164Number"),
                    formatted_phone_number=_text(participant, "formattedPhoneNumber"),
                    digits=_text(participant, "digits"),
                )
            )
    return parties


def _text(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name)
    return value if isinstance(value, str) else ""


def _list(resource: Mapping[str, Any], name: str) -> list[Any]:
    value = resource.get(name)
    return value if isinstance(value, list) else []


def _data(resource: Mapping[str, Any], name: str) -> UserData | None:
    value = resource.get(name)
    if not isinstance(value, dict):
        return None
    try:
        return from_json(value if isinstance(value, JsonObject) else JsonObject(value.items()))
    except TooDeep:
        return None
