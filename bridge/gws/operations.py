"""The bodies of the documented requests: Dial with a record or a number, and the operations on a call; pure.

A command is recognised by what it is called and what it has, because whose it is, is not known here. GWS reference,
Dial, Dial Preview Record, Calls API.
"""

from collections.abc import Mapping
from typing import Any

from bridge.requests import DEVICE_PATH, RECORD_MEMBERS
from bridge.user_data import to_json
from bridge.user_json import VOICE_CHANNEL
from bridge.vocabulary import CAPABILITIES, SUPERVISOR_ROLES, USER_STATES
from dialbridge.v1.call_pb2 import Capability, SupervisorRole
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData

OPERATIONS: tuple[Capability.ValueType, ...] = tuple(CAPABILITIES)
"""Those that can be passed on: every one that has a legacy word."""

_NAMES = frozenset(CAPABILITIES.values())


def dial_body(destination: str, record: OutboundRecord | None, user_data: UserData, location: str) -> dict[str, object]:
    """Dial; ``user_data`` is all that shall be on the call."""
    body: dict[str, object] = {"operationName": "Dial"}
    if record is None:
        body["destination"] = {"phoneNumber": destination}
    else:
        body |= {"devicePath": record.device_path} if record.device_path.startswith(DEVICE_PATH) else {}
        body["outboundRecord"] = record_json(record)
    if location:
        body["location"] = location
    if user_data.pairs:
        body["userData"] = to_json(user_data)
    return body


def record_json(record: OutboundRecord) -> dict[str, object]:
    """An outbound record as the reference writes it; what was not set is left out, but for the two members it needs."""
    written: dict[str, object] = {}
    for name, member in RECORD_MEMBERS.items():
        value = getattr(record, member)
        if isinstance(value, UserData):
            if record.HasField(member):  # type: ignore[arg-type]
                written[name] = to_json(value)
        elif value or name in ("recordHandle", "phoneNumber"):
            written[name] = value
    return written | to_json(record.unknown_fields)


_OTHER_CALL: Mapping[str, str] = {
    "SwapCalls": "otherCallUri",
    "CompleteTransfer": "consultCallUri",
    "CompleteConference": "consultCallUri",
}


def command_body(command: object, url: str) -> Mapping[str, object]:
    """An operation on a call; ``url`` is where the GWS has its resources. Raises TypeError for one that it does not
    have."""
    name = type(command).__name__
    if name not in _NAMES:
        raise TypeError(f"{name} is not an operation that can be passed on")
    body: dict[str, object] = {"operationName": name}
    for member in ("digits", "key", "participant"):
        if (value := getattr(command, member, None)) is not None:
            body[member] = value
    if destination := getattr(command, "destination", None):
        body["destination"] = {"phoneNumber": destination}
    if location := getattr(command, "location", None):
        body["location"] = location
    if (other := getattr(command, "other_call_id", None)) and name in _OTHER_CALL:
        body[_OTHER_CALL[name]] = f"{url}/me/calls/{other}"
    data = getattr(command, "user_data", None)
    if isinstance(data, UserData) and (data.pairs or not destination):
        body["userData"] = to_json(data)
    return body


def device_request(command: Any) -> tuple[str, Mapping[str, object]]:
    """Where an operation of an agent or on a device goes, and its body; the address is empty where it is the device's.

    Raises TypeError for one that cannot be passed on. GWS reference, Devices API; no page shows the body of
    ForwardCallsOn, its member is that of the device.
    """
    match type(command).__name__:
        case "StartSession":
            return "/me", {"operationName": "StartContactCenterSession", "channels": [VOICE_CHANNEL]}
        case "EndSession":
            return "/me", {"operationName": "EndContactCenterSession"}
        case "SetAgentState":
            state = USER_STATES[command.user_state]
            return f"/me/channels/{VOICE_CHANNEL}", {"operationName": state.operation}
        case "SetDoNotDisturb":
            is_on = command.do_not_disturb
            return "", {"operationName": "DoNotDisturbOn" if is_on else "DoNotDisturbOff"}
        case "SetForwarding":
            if number := command.forward_to:
                return "", {"operationName": "ForwardCallsOn", "forwardTo": number}
            return "", {"operationName": "ForwardCallsOff"}
        case name:
            raise TypeError(f"{name} is not an operation that can be passed on")


def supervision_body(role: SupervisorRole.ValueType, target_uri: str, *, every_call: bool) -> Mapping[str, object]:
    """ListenIn, Coach or BargeIn, with the members of ``supervisorMonitoringState``, as no page shows theirs."""
    mode = "AllCalls" if every_call else "NextCall"
    return {"operationName": SUPERVISOR_ROLES[role], "targetDeviceUri": target_uri, "mode": mode, "scope": "Call"}
