"""The operations that are posted: sessions, agent state, dialling, calls; raises Refused, tells nothing itself."""

import re
from collections.abc import Callable
from typing import Any

from . import consultation
from .calls import Call, Party, capabilities
from .directory import OUTBOUND, Device, User
from .envelope import Answer, Refused, missing, not_found, not_valid
from .shapes import AGENT_STATES, LOGGED_IN, NOT_READY
from .switch import Switch

Json = dict[str, Any]
OK = Answer()
_DIALABLE = re.compile(r"\+?[0-9*#]{1,32}")
_DIGITS = re.compile(r"[0-9]+")


class Operations:
    """What users may do. ``device_changed(user)`` is called when the state of a user's device has changed."""

    def __init__(self, switch: Switch, device_changed: Callable[[User], None], call_id: Callable[[Call], str]):
        self.agent_states: dict[str, Json] = {}
        self._switch = switch
        self._device_changed = device_changed
        self._call_id = call_id

    def find_call(self, user: User, call_id: str) -> tuple[Call, Party]:
        """A call of the user that is not released, by what clients call it by."""
        for call, party in self._switch.of(user.device):
            if self._call_id(call) == call_id:
                return call, party
        raise not_found()

    def on_me(self, user: User, body: Json) -> Answer:
        """Operations on /me; the caller ends the HTTP session after EndContactCenterSession."""
        match operation(body):
            case "StartContactCenterSession":
                return self._start(user, body.get("channels") or ["voice"])
            case "EndContactCenterSession":
                self.log_out(user)
                return OK
            case other:
                raise unknown(other)

    def _start(self, user: User, channels: list[str]) -> Answer:
        failed = [
            {"statusCode": 4, "statusMessage": f"Channel '{channel}' is not available.", "channel": "multimedia"}
            for channel in channels
            if channel != "voice"
        ]
        if "voice" not in channels:
            raise Refused(4, failed[0]["statusMessage"])
        for state in (LOGGED_IN, NOT_READY):
            self._switch.registered.add(user.device)
            self.agent_states[user.name] = state
            self._device_changed(user)
        if failed:
            return Answer(7, {"failed": failed[:1], "succeeded": [{"statusCode": 0, "channel": "voice"}]})
        return OK

    def log_out(self, user: User) -> None:
        """The device is registered no more; its calls go on."""
        self._switch.registered.discard(user.device)
        if self.agent_states.pop(user.name, None):
            self._device_changed(user)

    def on_voice_channel(self, user: User, body: Json) -> Answer:
        """Ready, NotReady, AfterCallWork, AuxWork."""
        name = operation(body)
        if name not in AGENT_STATES:
            raise unknown(name)
        self._registered(user.device)
        self.agent_states[user.name] = AGENT_STATES[name]
        self._device_changed(user)
        return OK

    def on_device_calls(self, user: User, device_id: str, body: Json) -> Answer:
        """Dial, with a destination or an outbound record."""
        name = operation(body)
        if name != "Dial":
            raise unknown(name)
        record = body.get("outboundRecord") if OUTBOUND in user.features else None
        number, user_data = destination(body) if record is None else preview(record)
        user_data |= mapping(body.get("userData", {}), "userData")
        if user.device.id != device_id:
            raise not_found()
        self._registered(user.device)
        if self._switch.active(user.device):
            raise not_valid(name)
        self._switch.dial(user.device, number, user_data, outbound_record=record)
        return OK

    def on_call(self, user: User, call_id: str, body: Json) -> Answer:
        """Operations on a call, as far as its capabilities have them."""
        name = operation(body)
        call, party = self.find_call(user, call_id)
        if name not in _CALL_OPERATIONS:
            raise unknown(name)
        if name not in capabilities(call, party):
            raise not_valid(name)
        _CALL_OPERATIONS[name](self, call, party, body)
        return OK

    def _registered(self, device: Device) -> None:
        if device not in self._switch.registered:
            raise Refused(4, f"Device '{device.number}' is not registered.")

    # -- one method per call operation

    def _answer(self, call: Call, party: Party, body: Json) -> None:
        self._switch.answer(call, party)

    def _hangup(self, call: Call, party: Party, body: Json) -> None:
        self._switch.drop(call, party)

    def _hold(self, call: Call, party: Party, body: Json) -> None:
        self._switch.hold(call, party)

    def _retrieve(self, call: Call, party: Party, body: Json) -> None:
        self._switch.retrieve(call, party)

    def _send_dtmf(self, call: Call, party: Party, body: Json) -> None:
        digits = body.get("digits")
        if digits is None:
            raise missing("digits")
        if not isinstance(digits, str) or not _DIGITS.fullmatch(digits):
            raise Refused(10, "Parameter 'digits' must be one or more of 0-9.")
        self._switch.tell(call, party, "DtmfSent", True)

    def _add_data(self, call: Call, party: Party, body: Json) -> None:
        if "userData" not in body:
            raise missing("userData")
        call.user_data |= mapping(body["userData"], "userData")
        self._switch.data_changed(call)

    def _delete_data(self, call: Call, party: Party, body: Json) -> None:
        call.user_data.clear()
        self._switch.data_changed(call)

    def _delete_pair(self, call: Call, party: Party, body: Json) -> None:
        if not isinstance(body.get("key"), str):
            raise missing("key")
        call.user_data.pop(body["key"], None)
        self._switch.data_changed(call)

    def _initiate(self, call: Call, party: Party, body: Json) -> None:
        number, _ = destination(body)
        consultation.initiate(self._switch, call, party, number, mapping(body.get("userData", {}), "userData"))

    def _complete_transfer(self, call: Call, party: Party, body: Json) -> None:
        original, consult = self._pair(call, "CompleteTransfer")
        consultation.complete_transfer(self._switch, original, consult, party)

    def _complete_conference(self, call: Call, party: Party, body: Json) -> None:
        original, consult = self._pair(call, "CompleteConference")
        consultation.complete_conference(self._switch, original, consult, party)

    def _single_step_transfer(self, call: Call, party: Party, body: Json) -> None:
        consultation.single_step_transfer(self._switch, call, party, destination(body)[0])

    def _single_step_conference(self, call: Call, party: Party, body: Json) -> None:
        consultation.single_step_conference(self._switch, call, party, destination(body)[0])

    def _remove(self, call: Call, party: Party, body: Json) -> None:
        if not isinstance(body.get("participant"), str):
            raise missing("participant")
        for other in call.parties:
            if other is not party and other.here and other.number == body["participant"]:
                self._switch.drop(call, other)
                return
        raise Refused(10, "Parameter 'participant' is nobody in this call.")

    def _swap(self, call: Call, party: Party, body: Json) -> None:
        uri = body.get("otherCallUri")
        if not isinstance(uri, str):
            raise missing("otherCallUri")
        for other, _ in self._switch.of(party.device) if party.device else []:
            if other is not call and uri.endswith(f"/calls/{self._call_id(other)}"):
                if consultation.swap(self._switch, call, other, party):
                    return
                raise not_valid("SwapCalls")
        raise Refused(10, "Parameter 'otherCallUri' is none of your calls.")

    @staticmethod
    def _pair(call: Call, name: str) -> tuple[Call, Call]:
        found = consultation.pair(call)
        if found is None:
            raise not_valid(name)
        return found


_CALL_OPERATIONS: dict[str, Callable[[Operations, Call, Party, Json], None]] = {
    "Answer": Operations._answer,
    "Hangup": Operations._hangup,
    "Hold": Operations._hold,
    "Retrieve": Operations._retrieve,
    "SendDtmf": Operations._send_dtmf,
    "AttachUserData": Operations._add_data,
    "UpdateUserData": Operations._add_data,
    "DeleteUserData": Operations._delete_data,
    "DeleteUserDataPair": Operations._delete_pair,
    "InitiateTransfer": Operations._initiate,
    "InitiateConference": Operations._initiate,
    "CompleteTransfer": Operations._complete_transfer,
    "CompleteConference": Operations._complete_conference,
    "SingleStepTransfer": Operations._single_step_transfer,
    "SingleStepConference": Operations._single_step_conference,
    "RemoveParticipantFromConference": Operations._remove,
    "SwapCalls": Operations._swap,
}


def operation(body: Json) -> str:
    """The name of the operation."""
    name = body.get("operationName")
    if not isinstance(name, str):
        raise missing("operationName")
    return name


def unknown(name: str) -> Refused:
    """No such operation here."""
    return Refused(3, f"Operation '{name}' is not supported.")


def mapping(value: object, name: str) -> Json:
    """An object with members."""
    if not isinstance(value, dict):
        raise Refused(10, f"Parameter '{name}' must be an object.")
    return dict(value)


def destination(body: Json) -> tuple[str, Json]:
    """The number of ``destination``, and no data."""
    if "destination" not in body:
        raise missing("destination")
    return dialable(mapping(body["destination"], "destination")), {}


def preview(record: object) -> tuple[str, Json]:
    """Number and user data of an outbound record; nothing is added to the data."""
    fields = mapping(record, "outboundRecord")
    if "recordHandle" not in fields:
        raise missing("recordHandle")
    if type(fields["recordHandle"]) is not int:
        raise Refused(10, "Parameter 'recordHandle' must be an integer.")
    user_data = mapping(fields.get("userData", {}), "userData") | mapping(fields.get("otherFields", {}), "otherFields")
    return dialable(fields), user_data


def dialable(fields: Json) -> str:
    """The ``phoneNumber``, checked."""
    number = fields.get("phoneNumber")
    if number is None:
        raise missing("phoneNumber")
    if not isinstance(number, str) or not _DIALABLE.fullmatch(number):
        raise Refused(10, "Parameter 'phoneNumber' is not a number that can be dialled.")
    return number
