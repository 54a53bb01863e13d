"""The AsyncAPI 3.0 document of what dialbridge tells by itself: CometD's channels and the server-sent events."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bridge.bayeux.limits import Limits
from bridge.call_json import ALL_CALLS_CHANNEL, CALLS_CHANNEL
from bridge.description.bayeux import BAYEUX
from bridge.description.outbound import OUTBOUND_MESSAGES
from bridge.description.paths import OPENAPI_PATH
from bridge.description.resources import CHANGES, RESOURCES
from bridge.description.schema import Schema, const, record, ref, text
from bridge.outbound_json import OUTBOUND_CHANNEL
from bridge.settings import API_PATH
from bridge.user_json import DEVICES_CHANNEL

_LIMITS = Limits()

_ABOUT = f"""What becomes of calls, as it happens. There are two ways to hear of it; [the REST
side]({OPENAPI_PATH}) is where calls are made.

CometD, as CometD 3 speaks Bayeux 1.0, at `{API_PATH}/notifications`, by long-polling or websocket. Whatever clients
append to that address means nothing. Who asks is the HTTP session, or HTTP Basic.

A conversation: `/meta/handshake` opens a session and gives its `clientId`; `/meta/subscribe` asks for channels;
then there is always one `/meta/connect` on its way, which is held up to {_LIMITS.timeout:.0f} seconds and answered
with events as they come. A client that sends no connect for {_LIMITS.max_interval:.0f} seconds has lost its
session: `402::Unknown client`, and it begins with a handshake. By long-polling each request and each answer is a
JSON array of messages.

Everybody gets events of their own calls alone; the channels have the same names for all. An event comes once,
however many subscriptions fit it. `/v2/me/*` and `/v2/me/**` bring every channel below `/v2/me`.

The extension `ack` (`"ext":{{"ack":true}}` in the handshake): nothing is lost on the way. Each answer to a connect
closes a batch and carries its number, each connect says which batch the client has; what it does not have comes
again, in order.

The extension `replay` (`"ext":{{"replay":true}}` in the handshake): nothing is lost between two sessions. Each
subscribe says after which event to begin, and events carry `data.event.replayId`.

Server-sent events, at `{API_PATH}/me/events` and `{API_PATH}/events`, for clients that need not be old ones. The
`id` of an event is a resume token; `EventSource` comes back with it by itself."""

_COMETD = ("long-polling", "websocket")
_SIGNED = record("The fields of the event.", {"id": text("A resume token.")}, closed=False)


def _event(name: str) -> Schema:
    return record("The fields of the event.", {"event": const(name)}, {"id": text("A resume token.")}, closed=False)


def _message(name: str, summary: str, headers: Schema | None = None) -> dict[str, object]:
    message: dict[str, object] = {"name": name, "summary": summary, "payload": ref(name)}
    if headers is not None:
        message["headers"] = headers
    return message


def _channel(
    address: str, description: str, servers: tuple[str, ...], messages: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    channel: dict[str, object] = {
        "address": address,
        "description": description,
        "servers": [{"$ref": f"#/servers/{name}"} for name in servers],
    }
    if messages:
        channel["messages"] = messages
    return channel


_META: Mapping[str, str] = {
    "Handshake": "Opens a session.",
    "Connect": "Asks for events.",
    "Subscribe": "Asks for the events of a channel.",
    "Unsubscribe": "Ends a subscription.",
    "Disconnect": "Ends the session.",
}

_CALL_CHANGE_EXAMPLE: Mapping[str, object] = {
    "name": "DialPreviewRecord",
    "summary": "The first change after a dial of a preview record.",
    "payload": {
        "data": {
            "notificationType": "StatusChange",
            "call": {
                "id": "013V08JRL498H1OI04000VTAES00000G",
                "state": "Dialing",
                "callUuid": "013V08JRL498H1OI04000VTAES00000G",
                "connId": "0071023821aec010",
                "deviceUri": "http://127.0.0.1:8080/api/v2/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a",
                "participants": [
                    {"e164Number": "", "formattedPhoneNumber": "5001", "phoneNumber": "5001", "digits": "5001"}
                ],
                "dnis": "5001",
                "callType": "Internal",
                "capabilities": [
                    "DeleteUserDataPair",
                    "AttachUserData",
                    "Hangup",
                    "DeleteUserData",
                    "SendDtmf",
                    "UpdateUserData",
                ],
                "duration": "0",
                "mute": "Off",
                "supervisorListeningIn": False,
                "monitoredUserMuted": False,
                "uri": "http://127.0.0.1:8080/api/v2/me/calls/013V08JRL498H1OI04000VTAES00000G",
                "path": "/calls/013V08JRL498H1OI04000VTAES00000G",
            },
            "phoneNumber": "5005",
            "extensions": {"WrapUpTime": 0, "BusinessCall": 0},
            "messageType": "CallStateChangeMessage",
        },
        "channel": CALLS_CHANNEL,
    },
}

CHANNELS: Mapping[str, Mapping[str, object]] = {
    "calls": _channel(
        CALLS_CHANNEL,
        "Changes of the caller's own calls.",
        _COMETD,
        {
            "CallStateChangeMessage": {
                **_message("CallStateChangeMessage", "A call changed."),
                "examples": [_CALL_CHANGE_EXAMPLE],
            }
        },
    ),
    "allCalls": _channel(
        ALL_CALLS_CHANNEL,
        "Changes of every call of the contact centre, as on the channel of the caller's own. For supervisors; nobody "
        "else may subscribe.",
        _COMETD,
        {"AllCallsMessage": _message("AllCallsMessage", "A call changed.")},
    ),
    "devices": _channel(
        DEVICES_CHANNEL,
        "News of the caller's own devices.",
        _COMETD,
        {
            "DeviceStateChangeMessage": _message("DeviceStateChangeMessage", "A device changed."),
            "DeviceUserEventMessage": _message("DeviceUserEventMessage", "A user event."),
        },
    ),
    "outbound": _channel(
        OUTBOUND_CHANNEL,
        "What became of the caller's operations on campaigns and records.",
        _COMETD,
        {
            "OutboundCampaignMessage": _message("OutboundCampaignMessage", "A preview session began or ended."),
            "OutboundRecordMessage": _message("OutboundRecordMessage", "News of a record."),
        },
    ),
    **{
        name.lower(): _channel(
            f"/meta/{name.lower()}",
            summary,
            _COMETD,
            {name: _message(name, summary), f"{name}Reply": _message(f"{name}Reply", "What it is answered.")},
        )
        for name, summary in _META.items()
    },
    "myEvents": _channel(
        f"{API_PATH}/me/events",
        "Changes of calls in the words of CometD, as server-sent events.",
        ("events",),
        {
            "Calls": _message(
                "Calls", "The snapshot that the stream begins with, unless it is resumed.", _event("snapshot")
            ),
            "CallStateChangeMessage": _message("CallStateChangeMessage", "A call changed.", _SIGNED),
            "StreamEnd": _message("StreamEnd", "The last event of the stream.", _event("end")),
        },
    ),
    "boardEvents": _channel(
        f"{API_PATH}/events",
        "Changes of calls for dashboards, as server-sent events; a comment with an `id` every few seconds.",
        ("events",),
        {
            "BoardStarted": _message("BoardStarted", "Always the first.", _event("started")),
            "BoardCalls": _message("BoardCalls", "The snapshot, unless the stream is resumed.", _event("snapshot")),
            "BoardChange": _message("BoardChange", "A call changed.", _SIGNED),
            "StreamEnd": _message("StreamEnd", "The last event of the stream.", _event("end")),
        },
    ),
}
"""The channels by names of this document's own."""


def _messages(channel: str, *names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _operations() -> dict[str, object]:
    operations: dict[str, object] = {}
    for channel, described in CHANNELS.items():
        at = {"$ref": f"#/channels/{channel}"}
        messages = described.get("messages", {})
        assert isinstance(messages, Mapping)  # noqa: S101  made above
        if asked := next((name for name in _META if name.lower() == channel), None):
            operations[channel] = {
                "action": "receive",
                "channel": at,
                "summary": _META[asked],
                "messages": _messages(channel, asked),
                "reply": {"channel": at, "messages": _messages(channel, f"{asked}Reply")},
            }
        elif messages:
            operations[f"tell-{channel}"] = {
                "action": "send",
                "channel": at,
                "summary": described["description"],
                "messages": _messages(channel, *messages),
            }
    return operations


_SECURITY: Mapping[str, Mapping[str, str]] = {
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password."},
    "session": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "JSESSIONID",
        "description": "The HTTP session; CometD sessions end with it.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of `UserService.SignIn`."},
}


def asyncapi(external_url: str, version: str) -> dict[str, object]:
    """The document, for a bridge whose resources clients find under ``external_url``."""
    url = urlsplit(external_url)
    root = url.path.removesuffix(API_PATH)
    secure = url.scheme == "https"
    security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]

    def server(protocol: str, description: str, *, path: str) -> dict[str, object]:
        return {
            "host": url.netloc,
            "protocol": protocol + "s" if secure else protocol,
            "description": description,
            "security": security,
            **({"pathname": path} if path else {}),
        }

    return {
        "asyncapi": "3.0.0",
        "info": {"title": "dialbridge events", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "long-polling": server("http", "CometD by long-polling.", path=f"{url.path}/notifications"),
            "websocket": server("ws", "CometD by websocket.", path=f"{url.path}/notifications"),
            "events": server("http", "Server-sent events.", path=root),
        },
        "channels": CHANNELS,
        "operations": _operations(),
        "components": {
            "schemas": {**BAYEUX, **CHANGES, **OUTBOUND_MESSAGES, **RESOURCES},
            "securitySchemes": _SECURITY,
        },
    }
