"""Every address of the REST side with its methods: what it takes, what it answers, how it refuses."""

from collections.abc import Iterable, Mapping

from bridge.description.operations import ON_CALLS, ON_DEVICES, ON_ME, ON_VOICE, one_of
from bridge.description.outbound import LIST_NAMES, ON_CAMPAIGNS, ON_LISTS, ON_RECORDS
from bridge.description.refusals import (
    ADDRESSING,
    ASKING,
    CHANGING,
    CONTROLLING,
    DIALING,
    POSTING,
    PREVIEWING,
    RESUMING,
    Refusal,
    responses,
)
from bridge.description.resources import CALL_ID, DEVICE_ID
from bridge.description.schema import Schema, flag, many, record, ref, text, words
from bridge.settings import API_PATH

OPENAPI_PATH = f"{API_PATH}/openapi.json"
ASYNCAPI_PATH = f"{API_PATH}/asyncapi.json"
PAGE_PATH = "/docs/api"

Item = Mapping[str, object]

_ZERO: Schema = {"type": "integer", "const": 0}
_SUCCESS = ref("Success")
_NO_CREDENTIALS: Mapping[str, object] = {"security": []}


def _answer(schema: Schema, description: str = "Success.", kind: str = "application/json", **more: object) -> Item:
    return {"description": description, "content": {kind: {"schema": schema, **more}}}


def _found(**members: Schema) -> Schema:
    return record("Success, with what was asked for.", {"statusCode": _ZERO, **members})


def _read(
    summary: str, tag: str, schema: Schema, parameters: Iterable[Item] = (), refusals: Iterable[Refusal] = ()
) -> Item:
    return {
        "summary": summary,
        "tags": [tag],
        **({"parameters": list(parameters)} if parameters else {}),
        "responses": {"200": _answer(schema), **responses((*ASKING, *refusals))},
    }


def _collection(name: str, resource: str) -> Schema:
    uris = many(text(format="uri"), "Where each is read.")
    return {"oneOf": [_found(uris=uris), _found(**{name: many(ref(resource), "With `fields=*`.")})]}


def _in_path(shape: Schema, name: str = "id") -> Item:
    return {"name": name, "in": "path", "required": True, "schema": shape}


_FIELDS: Item = {
    "name": "fields",
    "in": "query",
    "description": "`*`: the objects in place of their URIs.",
    "schema": text(examples=["*"]),
}
_SUBRESOURCES: Item = {
    "name": "subresources",
    "in": "query",
    "description": "What to tell of the user besides: a comma-separated list of `devices`, `channels`, `calls` and "
    "`features`, or `*` for all. Other names are ignored.",
    "schema": text(examples=["devices,calls", "*"]),
}
_CSRF: Item = {
    "name": "X-CSRF-TOKEN",
    "in": "header",
    "description": "With `--csrf`: what the header `X-CSRF-TOKEN` of the answer to any GET of the session said.",
    "schema": text(),
}
_KEY: Item = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes it safe to send the same request again: it gives the first outcome, and no second call. "
    "Best a random UUID. At most 128 printable ASCII characters.",
    "schema": text(pattern="^[ -~]{1,128}$", examples=["5c1d8f1e-5d0c-4f3c-9b87-1f9e2a2f2c11"]),
}
_LAST_EVENT: tuple[Item, ...] = tuple(
    {
        "name": name,
        "in": place,
        "description": "The id of the last event that the client has: what came after it is told first.",
        "schema": text(),
    }
    for name, place in (("Last-Event-ID", "header"), ("lastEventId", "query"))
)


def _post(
    summary: str,
    tag: str,
    body: Schema,
    examples: Mapping[str, object],
    refusals: Iterable[Refusal],
    parameters: Iterable[Item] = (),
    success: Schema = _SUCCESS,
    description: str = "",
) -> Item:
    named = {name: {"value": value} for name, value in examples.items()}
    return {
        "summary": summary,
        **({"description": description} if description else {}),
        "tags": [tag],
        "parameters": [*parameters, _CSRF],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body, "examples": named}}},
        "responses": {"200": _answer(success), **responses((*POSTING, *ASKING, *refusals))},
    }


def _stream(summary: str, channel: str) -> Item:
    return {
        "summary": summary,
        "description": "Server-sent events without end. Each has the id of a resume token; their data is described in "
        f"the [AsyncAPI document]({ASYNCAPI_PATH}), channel `{channel}`. A client that comes back with the id of its "
        "last event misses nothing that is still retained; where it is not, the stream begins with a snapshot.",
        "tags": ["Events"],
        "parameters": list(_LAST_EVENT),
        "responses": {"200": _answer(text(), "The stream.", "text/event-stream"), **responses((*ASKING, *RESUMING))},
    }


_DIAL_EXAMPLES: Mapping[str, object] = {
    "record": {
        "operationName": "Dial",
        "devicePath": "/devices/1234567890",
        "outboundRecord": {
            "recordHandle": 431,
            "phoneNumber": "5001",
            "outboundCallerId": "410004343",
            "otherFields": {},
        },
    },
    "number": {"operationName": "Dial", "destination": {"phoneNumber": "5001"}, "userData": {"Product": "Guitars"}},
}
_CALL_EXAMPLES: Mapping[str, object] = {
    "Hangup": {"operationName": "Hangup"},
    "SendDtmf": {"operationName": "SendDtmf", "digits": "42#"},
    "UpdateUserData": {"operationName": "UpdateUserData", "userData": {"AccountNumber": "12345678"}},
}
_DEVICE_EXAMPLES: Mapping[str, object] = {
    "ListenIn": {
        "operationName": "ListenIn",
        "targetDeviceUri": "/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a",
        "mode": "AllCalls",
    },
}
_ME_EXAMPLES: Mapping[str, object] = {
    "StartContactCenterSession": {"operationName": "StartContactCenterSession", "channels": ["voice"]},
    "EndContactCenterSession": {"operationName": "EndContactCenterSession"},
}

_IN_LOOP: Mapping[str, object] = {
    "applicationId": 134,
    "devicePath": "/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a",
    "referenceId": "123456789",
}
_CAMPAIGN_EXAMPLES: Mapping[str, object] = {
    "StartPreviewSession": {"operationName": "StartPreviewSession", **_IN_LOOP},
    "GetPreviewRecord": {"operationName": "GetPreviewRecord", **_IN_LOOP},
}
_RECORD_EXAMPLES: Mapping[str, object] = {
    "CompleteRecord": {
        "operationName": "CompleteRecord",
        "campaignName": "Campaign1",
        "callingList": "CallingList1",
        "callResult": "Answer",
        **_IN_LOOP,
    },
    "RescheduleRecord": {
        "operationName": "RescheduleRecord",
        "campaignName": "Campaign1",
        "callingList": "CallingList1",
        "callbackType": "Personal",
        "timestamp": 1433917552,
        **_IN_LOOP,
    },
}
_LIST_EXAMPLES: Mapping[str, object] = {
    "DoNotCallRecord": {
        "operationName": "DoNotCallRecord",
        "campaignName": "Campaign1",
        "phoneNumber": "+1 410 555 0199",
        **_IN_LOOP,
    },
}
_PREVIEW_ABOUT = "What becomes of it is told on `/v2/me/outbound`. Needs the feature `api-voice-outbound`."

_DEVICE = _read("One device", "Devices", _found(device=ref("Device")), [_in_path(DEVICE_ID)], ADDRESSING)
_FEATURES = _read("The features that are on for the caller", "Users", _collection("features", "Feature"), [_FIELDS])
_VERSION = _found(version=text("The version of dialbridge.", examples=["0.1.0"]))
_READINESS = record(
    "Whether requests are worth sending.",
    {
        "ready": flag("Following, and not draining."),
        "following": flag("Whether changes of calls are being followed."),
        "draining": flag("Whether the server is being stopped."),
    },
)
_DOCUMENT: Schema = {"type": "object"}


def _document(summary: str) -> Item:
    return {"summary": summary, "tags": ["Operation"], **_NO_CREDENTIALS, "responses": {"200": _answer(_DOCUMENT)}}


_API: Mapping[str, Item] = {
    "/me": {
        "get": _read("The caller", "Users", _found(user=ref("User")), [_SUBRESOURCES]),
        "post": _post(
            "Open or close the contact centre session",
            "Users",
            one_of(ON_ME),
            _ME_EXAMPLES,
            (*CHANGING, *DIALING[:2]),
            success={"oneOf": [ref("Success"), ref("PartialSuccess")]},
        ),
    },
    "/me/devices": {
        "get": _read("The caller's devices", "Devices", _collection("devices", "Device"), [_FIELDS]),
    },
    "/me/devices/{id}": {
        "get": _DEVICE,
        "post": _post(
            "Control a device",
            "Devices",
            one_of(ON_DEVICES),
            _DEVICE_EXAMPLES,
            (*CHANGING, *DIALING[:3]),
            [_in_path(DEVICE_ID)],
            description="The answer says that the switch has taken the operation; what is allowed now stands in "
            "`capabilities` of the device. Monitoring needs a supervisor and "
            "the feature `api-supervisor-monitoring`.",
        ),
    },
    "/devices/{id}": {"get": {**_DEVICE, "summary": "One device, where `deviceUri` points"}},
    "/me/devices/{id}/calls": {
        "post": _post(
            "Dial",
            "Calls",
            ref("Dial"),
            _DIAL_EXAMPLES,
            (*CHANGING, *DIALING),
            [_in_path(DEVICE_ID), _KEY],
            description="The answer says that the switch has taken the dial; what becomes of the call is told by "
            "CometD. Needs the feature `api-voice`, and for an outbound record `api-voice-outbound` too; "
            "without that one, `--missing-outbound-feature` decides between 400 with code 1 and 403 with code 3.",
        ),
    },
    "/me/calls": {"get": _read("The caller's live calls", "Calls", _collection("calls", "Call"), [_FIELDS])},
    "/me/calls/{id}": {
        "get": _read("One live call", "Calls", _found(call=ref("Call")), [_in_path(CALL_ID)], ADDRESSING),
        "post": _post(
            "Control a call",
            "Calls",
            one_of(ON_CALLS),
            {name: example for name, example in _CALL_EXAMPLES.items() if name in ON_CALLS},
            (*CHANGING, *CONTROLLING),
            [_in_path(CALL_ID)],
            description="What is allowed now stands in `capabilities` of the call. The answer says that the switch has "
            "taken the operation; what becomes of it is told by CometD.",
        ),
    },
    "/me/channels/voice": {
        "post": _post(
            "Say what the agent is doing",
            "Devices",
            one_of(ON_VOICE),
            {"Ready": {"operationName": "Ready"}},
            (*CHANGING, *DIALING[:2]),
            description="Needs a contact centre session.",
        ),
    },
    "/me/outbound-campaigns/{name}": {
        "post": _post(
            "Work on a campaign",
            "Outbound",
            one_of(ON_CAMPAIGNS),
            _CAMPAIGN_EXAMPLES,
            PREVIEWING,
            [_in_path(text("The campaign's name.", examples=["Campaign1"]), "name")],
            description=_PREVIEW_ABOUT,
        ),
    },
    "/me/outbound-records/{handle}": {
        "post": _post(
            "Work on a record that the agent has",
            "Outbound",
            one_of(ON_RECORDS),
            _RECORD_EXAMPLES,
            (*PREVIEWING, *ADDRESSING),
            [_in_path(text("The record's handle.", pattern="^[0-9]{1,19}$", examples=["431"]), "handle")],
            description=_PREVIEW_ABOUT,
        ),
    },
    "/me/outbound-records": {
        "post": _post(
            "Add a record, or have a number never called again",
            "Outbound",
            one_of(ON_LISTS, LIST_NAMES),
            _LIST_EXAMPLES,
            PREVIEWING,
            description=_PREVIEW_ABOUT,
        ),
    },
    "/me/features": {"get": _FEATURES},
    "/features": {"get": {**_FEATURES, "summary": "The same as `/me/features`"}},
    "/features/{id}": {
        "get": _read(
            "One feature",
            "Users",
            _found(feature=ref("Feature")),
            [_in_path(text("The feature's id.", examples=["api-voice"]))],
            ADDRESSING,
        )
    },
    "/me/events": {"get": _stream("Changes of calls in the words of CometD", "/api/v2/me/events")},
    "/events": {"get": _stream("Changes of calls for dashboards", "/api/v2/events")},
    "/diagnostics/version": {
        "get": {
            "summary": "The version",
            "tags": ["Operation"],
            **_NO_CREDENTIALS,
            "responses": {"200": _answer(_VERSION)},
        }
    },
}

PATHS: Mapping[str, Item] = {
    **{API_PATH + path: item for path, item in _API.items()},
    OPENAPI_PATH: {"get": _document("This document")},
    ASYNCAPI_PATH: {"get": _document("The AsyncAPI document of CometD and of server-sent events")},
    PAGE_PATH: {
        "get": {
            "summary": "Both documents as a page",
            "tags": ["Operation"],
            **_NO_CREDENTIALS,
            "responses": {"200": _answer(text(), "The page.", "text/html")},
        }
    },
    "/healthz": {
        "get": {
            "summary": "Whether the process is alive",
            "tags": ["Operation"],
            **_NO_CREDENTIALS,
            "responses": {"200": _answer(record("Alive.", {"status": words(["alive"])}))},
        }
    },
    "/readyz": {
        "get": {
            "summary": "Whether requests are worth sending",
            "tags": ["Operation"],
            **_NO_CREDENTIALS,
            "responses": {"200": _answer(_READINESS, "They are."), "503": _answer(_READINESS, "They are not.")},
        }
    },
    "/metrics": {
        "get": {
            "summary": "Metrics for Prometheus",
            "tags": ["Operation"],
            **_NO_CREDENTIALS,
            "responses": {"200": _answer(text(), "The metrics.", "text/plain")},
        }
    },
}
"""Every address, without a slash at the end; with one it is the same."""
