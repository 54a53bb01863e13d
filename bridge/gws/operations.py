"""The bodies of the documented requests: Dial with a record or a number, and the operations on a call; pure.

A command is recognised by what it is called and what it has, because whose it is, is not known here. GWS reference,
Dial, Dial Preview Record, Calls API.
"""

from collections.abc import Mapping

from bridge.requests import DEVICE_PATH, RECORD_MEMBERS
from bridge.user_data import to_json
from bridge.vocabulary import CAPABILITIES
from dialbridge.v1 import call_pb2
from dialbridge.v1.call_pb2 import Capability
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData

OPERATIONS: tuple[Capability.ValueType, ...] = (
    call_pb2.CAPABILITY_ANSWER,
    call_pb2.CAPABILITY_HANGUP,
    call_pb2.CAPABILITY_SEND_DTMF,
    call_pb2.CAPABILITY_ATTACH_USER_DATA,
    call_pb2.CAPABILITY_UPDATE_USER_DATA,
    call_pb2.CAPABILITY_DELETE_USER_DATA,
    call_pb2.CAPABILITY_DELETE_USER_DATA_PAIR,
)
"""Those that can be passed on."""

_NAMES = frozenset(CAPABILITIES[operation] for operation in OPERATIONS)


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


def command_body(command: object) -> Mapping[str, object]:
    """An operation on a call. Raises TypeError for one that GWS does not have."""
    name = type(command).__name__
    if name not in _NAMES:
        raise TypeError(f"{name} is not an operation that can be passed on")
    body: dict[str, object] = {"operationName": name}
    for member, word in (("digits", "digits"), ("key", "key"), ("user_data", "userData")):
        value = getattr(command, member, None)
        if value is not None:
            body[word] = to_json(value) if isinstance(value, UserData) else value
    return body
