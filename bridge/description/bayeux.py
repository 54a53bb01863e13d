"""The shapes of Bayeux's own messages, as a CometD client sends them and is answered; events are not here."""

from collections.abc import Mapping

from bridge.bayeux.exchange import CONNECTION_TYPES, EARLIEST, NEW_ONLY
from bridge.bayeux.messages import VERSION
from bridge.description.schema import NONE, Schema, const, flag, many, record, ref, text, whole, words

_ID: Schema = {
    "type": ["string", "integer"],
    "description": "The client's number of the message; the reply repeats it.",
}
_CLIENT = text("The id that the handshake gave: a secret of the session.", minLength=1)
_TYPES = many(words(CONNECTION_TYPES), "The transports.", minItems=1)
_SUBSCRIPTION: Schema = {
    "description": "A channel, a pattern such as `/v2/me/*`, or several.",
    "oneOf": [text(pattern="^/"), many(text(pattern="^/"), minItems=1)],
}
_WISHES = record(
    "What the client wishes; times are in milliseconds.",
    {},
    {
        "timeout": {"type": "number", "minimum": 0, "description": "How long a connect may be held."},
        "interval": {"type": "number", "minimum": 0, "description": "The client's pause between two connects."},
    },
    closed=False,
)
_REPLAY_START: Schema = {
    "type": ["integer", "string"],
    "description": f"A `replayId`: everything after it. {NEW_ONLY}: new events only. {EARLIEST}: everything that is "
    "retained. Or a resume token of gRPC or of server-sent events.",
}


def _request(channel: str, description: str, required: Mapping[str, Schema], optional: Mapping[str, Schema]) -> Schema:
    return record(description, {"channel": const(channel), **required}, {"id": _ID, **optional}, closed=False)


def _reply(
    channel: str,
    *,
    required: Mapping[str, Schema] = NONE,
    optional: Mapping[str, Schema] = NONE,
    when_refused: Mapping[str, Schema] = NONE,
) -> Schema:
    """Yes, or no with an error."""
    own = {"channel": const(channel)}
    yes: Schema = {"type": "boolean", "const": True}
    no: Schema = {"type": "boolean", "const": False}
    return {
        "oneOf": [
            record("Done.", {**own, "successful": yes, **required}, {"id": _ID, **optional}),
            record("Refused.", {**own, "successful": no, "error": ref("BayeuxError")}, {"id": _ID, **when_refused}),
        ]
    }


BAYEUX: Mapping[str, Schema] = {
    "Advice": record(
        "What the client shall do next. It replaces all earlier advice.",
        {
            "reconnect": words(
                ["retry", "handshake", "none"], "Connect again, begin with a handshake, or do not come back."
            ),
            "interval": whole("Milliseconds to wait before it.", minimum=0),
            "timeout": whole("Milliseconds that a connect is held.", minimum=0),
        },
    ),
    "BayeuxError": text(
        "A number, what it is about, and a word: `402::Unknown client` means to begin with a handshake.",
        pattern="^[0-9]{3}:[^:]*:.+$",
        examples=["402::Unknown client", "403:forbidden:subscribe_denied"],
    ),
    "Handshake": _request(
        "/meta/handshake",
        "Opens a session.",
        {"version": text(examples=[VERSION]), "supportedConnectionTypes": many(text(), minItems=1)},
        {
            "minimumVersion": text(examples=[VERSION]),
            "advice": _WISHES,
            "ext": record(
                "The extensions to use.",
                {},
                {"ack": flag("Nothing is lost on the way."), "replay": flag("Nothing is lost in between.")},
                closed=False,
            ),
        },
    ),
    "HandshakeReply": _reply(
        "/meta/handshake",
        required={
            "version": const(VERSION),
            "minimumVersion": const(VERSION),
            "clientId": _CLIENT,
            "supportedConnectionTypes": _TYPES,
            "advice": ref("Advice"),
        },
        optional={
            "ext": record(
                "The extensions that are in use.",
                {},
                {"ack": {"type": "boolean", "const": True}, "replay": {"type": "boolean", "const": True}},
            )
        },
        when_refused={"version": const(VERSION), "advice": ref("Advice")},
    ),
    "Connect": _request(
        "/meta/connect",
        "Asks for events; held until there are some or its time is over. A session has one at a time.",
        {"clientId": _CLIENT, "connectionType": words(CONNECTION_TYPES)},
        {
            "advice": _WISHES,
            "ext": record(
                "Of the extension ack.", {}, {"ack": whole("The last batch that the client has.")}, closed=False
            ),
        },
    ),
    "ConnectReply": _reply(
        "/meta/connect",
        optional={
            "advice": ref("Advice"),
            "ext": record(
                "Of the extension ack.", {"ack": whole("The number of the batch that ends here.", minimum=0)}
            ),
        },
        when_refused={"advice": ref("Advice")},
    ),
    "Subscribe": _request(
        "/meta/subscribe",
        "Asks for the events of a channel.",
        {"clientId": _CLIENT, "subscription": _SUBSCRIPTION},
        {
            "ext": record(
                "Of the extension replay.",
                {},
                {
                    "replay": {
                        "type": "object",
                        "description": "Where to begin, for each subscription.",
                        "additionalProperties": _REPLAY_START,
                    }
                },
                closed=False,
            )
        },
    ),
    "SubscribeReply": _reply(
        "/meta/subscribe",
        required={"subscription": _SUBSCRIPTION},
        when_refused={
            "subscription": {"description": "What the client asked for."},
            "ext": record(
                "Where the replay cannot begin: the oldest id that there is.",
                {"replay": {"type": "object", "additionalProperties": whole(minimum=0)}},
            ),
        },
    ),
    "Unsubscribe": _request(
        "/meta/unsubscribe", "Ends a subscription.", {"clientId": _CLIENT, "subscription": _SUBSCRIPTION}, {}
    ),
    "UnsubscribeReply": _reply(
        "/meta/unsubscribe",
        required={"subscription": _SUBSCRIPTION},
        when_refused={"subscription": {"description": "What the client asked for."}},
    ),
    "Disconnect": _request("/meta/disconnect", "Ends the session.", {"clientId": _CLIENT}, {}),
    "DisconnectReply": _reply("/meta/disconnect"),
}
"""The messages by their names; `X` is answered by `XReply`."""
