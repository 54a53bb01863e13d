"""JSON as each generation of the API wrote it: calls, devices, users, messages; decides nothing about calls."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .calls import Call, Party, State, capabilities
from .directory import DISPLAY_NAMES, Device, User

Json = dict[str, Any]

READY = {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "displayName": "Ready", "state": "Ready"}
NOT_READY = {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"}
LOGGED_IN = {"state": "LoggedIn"}
AGENT_STATES = {
    "Ready": READY,
    "NotReady": NOT_READY,
    "AfterCallWork": {
        "id": "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
        "displayName": "AfterCallWork",
        "state": "NotReady",
        "workMode": "AfterCallWork",
    },
    "AuxWork": {
        "id": "2B36138D-C564-4562-A8CB-3C32D564F296",
        "displayName": "AuxWork",
        "state": "NotReady",
        "workMode": "AuxWork",
    },
}


@dataclass(frozen=True)
class Shape:
    """How messages look; the three that existed are in ``GENERATIONS``."""

    participant_objects: bool = True
    conn_id_is_id: bool = False
    monitoring: bool = False
    wrap_up_time: bool = True
    extensions: bool = True
    metrics: bool = False
    message_type_first: bool = False


GENERATIONS = {
    "strings": Shape(participant_objects=False, conn_id_is_id=True, message_type_first=True),
    "hybrid": Shape(),  # that of the documented preview dial, mid-2015
    "objects": Shape(monitoring=True, wrap_up_time=False),
}


def shape_of(generation: str, **changes: bool | None) -> Shape:
    """A generation with some of its members set otherwise; ``None`` leaves a member as it is."""
    if generation not in GENERATIONS:
        raise ValueError(f"generation must be one of {', '.join(GENERATIONS)}, not {generation!r}")
    return replace(GENERATIONS[generation], **{name: value for name, value in changes.items() if value is not None})


class Renderer:
    """Writes resources and messages with URIs below ``prefix`` (ends in ``/api/v2``)."""

    def __init__(self, shape: Shape, prefix: Callable[[], str], clock: Callable[[], float]):
        self.shape = shape
        self._prefix = prefix
        self._clock = clock

    def uri(self, path: str) -> str:
        """The absolute form of a path."""
        return self._prefix() + path

    def call_id(self, call: Call) -> str:
        """What clients call this call by."""
        return call.conn_id if self.shape.conn_id_is_id else call.call_uuid

    def call(self, call: Call, party: Party) -> Json:
        """The call as the owner of this party sees it."""
        assert party.device is not None
        call_id, numbers = self.call_id(call), call.others(party)
        resource: Json = {
            "id": call_id,
            "state": str(party.state),
            "callUuid": call.call_uuid,
            "connId": call.conn_id,
            "deviceUri": self.uri(f"/devices/{party.device.id}"),
        }
        if self.shape.participant_objects:
            resource["participants"] = [
                {"e164Number": "", "formattedPhoneNumber": number, "phoneNumber": number, "digits": number}
                for number in numbers
            ]
        else:
            resource["participants"] = list(numbers)
            resource["participantsInfo"] = [
                {"digits": number, "e164Number": "", "formattedPhoneNumber": number} for number in numbers
            ]
        if call.ani is not None:
            resource["ani"] = call.ani
        resource |= {
            "dnis": call.dialled,
            "callType": call.call_type,
            "capabilities": list(capabilities(call, party)),
        }
        if call.user_data:
            resource["userData"] = dict(call.user_data)
        if call.parent:
            resource["parentCallUri"] = self.uri(f"/me/calls/{self.call_id(call.parent)}")
        resource |= {
            "duration": str(int(self._clock() - party.since)),
            "mute": "Off",
            "supervisorListeningIn": False,
            "monitoredUserMuted": False,
        }
        if self.shape.monitoring:
            resource["monitoring"] = False
        resource |= {"uri": self.uri(f"/me/calls/{call_id}"), "path": f"/calls/{call_id}"}
        if call.parent:
            resource["parentCallPath"] = f"/calls/{self.call_id(call.parent)}"
        return resource

    def call_message(self, call: Call, party: Party, notification: str, *, extensions: bool) -> Json:
        """The ``data`` of a message on /v2/me/calls."""
        assert party.device is not None
        data: Json = {
            "notificationType": notification,
            "call": self.call(call, party),
            "phoneNumber": party.device.number,
        }
        if extensions and self.shape.extensions:
            full = notification != "ParticipantsUpdated" and party.state is not State.RELEASED
            wrap_up = full and (self.shape.wrap_up_time or party.state is State.ESTABLISHED)
            data["extensions"] = {"WrapUpTime": 0, "BusinessCall": 0} if wrap_up else {"BusinessCall": 0}
        return self._message(data, "CallStateChangeMessage")

    def error_message(self, device: Device, text: str, code: int, call: Json | None) -> Json:
        """What the switch refused after the operation had been accepted."""
        data: Json = {"call": call} if call else {}
        data |= {
            "devicePath": f"/devices/{device.id}",
            "deviceUri": self.uri(f"/devices/{device.id}"),
            "errorMessage": text,
            "errorCode": code,
        }
        return self._message(data, "ErrorMessage")

    def device_message(self, device: Device, user_state: Json | None) -> Json:
        """The ``data`` of a message on /v2/me/devices."""
        return self._message({"devices": [self.device(device, user_state)]}, "DeviceStateChangeMessage")

    def _message(self, data: Json, message_type: str) -> Json:
        if self.shape.message_type_first:
            data = {"messageType": message_type} | data
        else:
            data["messageType"] = message_type
        if self.shape.metrics:
            data["metrics"] = {
                "eventProcessing": {
                    "nodeProcessingTimeNanos": -1,
                    "serverGenerationTimestamp": int(time.time() * 1000),
                    "serverProcessingTimeTotalMs": 5,
                }
            }
        return data

    def device(self, device: Device, user_state: Json | None) -> Json:
        """A device; without an agent's state it is not registered."""
        resource: Json = {"id": device.id, "deviceState": "Active" if user_state else "Inactive"}
        if user_state:
            resource["userState"] = user_state
        return resource | {
            "phoneNumber": device.number,
            "description": "",
            "e164Number": "",
            "telephonyNetwork": "Private",
            "doNotDisturb": "Off",
            "voiceEnvironmentUri": self.uri("/voice-environments/00000000-0000-4000-8000-000000000001"),
            "capabilities": ["DoNotDisturbOn", "ForwardCallsOn"],
            "channels": ["voice"] if user_state else [],
            "dynamicPhoneNumber": "",
        }

    def feature(self, name: str) -> Json:
        """A feature as its own resource."""
        display_name, description = DISPLAY_NAMES.get(name, (name, ""))
        return {
            "id": name,
            "displayName": display_name,
            "description": description,
            "autoAssignOnContactCenterCreate": True,
            "uri": self.uri(f"/features/{name}"),
            "path": f"/features/{name}",
        }

    def user(self, user: User, subresources: Json) -> Json:
        """A user, with the subresources that were asked for."""
        before = {name: subresources[name] for name in ("devices", "channels", "calls") if name in subresources}
        after = {name: subresources[name] for name in ("features",) if name in subresources}
        return {
            "id": user.id,
            "userName": user.name,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "roles": list(user.roles),
            "enabled": True,
            **before,
            "changePasswordOnFirstLogin": False,
            **after,
            "uri": self.uri(f"/users/{user.id}"),
            "path": f"/users/{user.id}",
        }
