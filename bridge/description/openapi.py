"""The OpenAPI 3.1 document of the REST side; what is in it, the modules beside this one say."""

from collections.abc import Mapping

from bridge.description.operations import SHAPES
from bridge.description.outbound import OUTBOUND_SHAPES
from bridge.description.paths import ASYNCAPI_PATH, PATHS
from bridge.description.refusals import CODES, envelope_of
from bridge.description.resources import RESOURCES
from bridge.description.schema import Schema, many, record, text, whole
from bridge.envelope import PARTLY_DONE
from bridge.settings import API_PATH

_ABOUT = f"""The REST side of dialbridge: the interface of Genesys Web Services v2 for agents' voice calls.

Every answer below `{API_PATH}` has an integer `statusCode`. Where it is not 0 there is a `statusMessage` too and
nothing else, and nothing was changed. An operation is a POST whose body names it in `operationName`;
`{{"statusCode":0}}` says that the switch has taken it, and what becomes of it is told by [CometD or server-sent
events]({ASYNCAPI_PATH}).

Each address is also there with a slash at its end. HEAD is answered where GET is. `uri` members are absolute and
begin with the configured external URL; `path` members are relative to it."""

_TAGS: Mapping[str, str] = {
    "Calls": "Dialling, and what can be done with a call.",
    "Devices": "The caller's telephones.",
    "Outbound": "The preview loop: campaigns and their records.",
    "Users": "The caller, the contact centre session, the features.",
    "Events": "Changes as they happen, for clients that do not speak CometD.",
    "Operation": "For those who run dialbridge. No credentials are needed.",
}

_PARTLY = record(
    "Some channels were opened and some were not. `multimedia` stands for every channel but `voice`.",
    {
        "statusCode": {"type": "integer", "const": PARTLY_DONE},
        "failed": many(
            record(
                "A channel that was not opened.",
                {"statusCode": whole(minimum=1), "statusMessage": text(), "channel": text()},
            )
        ),
        "succeeded": many(
            record("A channel that was opened.", {"statusCode": {"type": "integer", "const": 0}, "channel": text()})
        ),
    },
)

SCHEMAS: Mapping[str, Schema] = {
    "Success": record("Exactly this.", {"statusCode": {"type": "integer", "const": 0}}),
    "PartialSuccess": _PARTLY,
    "Error": envelope_of(code for code in CODES if code not in (0, PARTLY_DONE)),
    **SHAPES,
    **OUTBOUND_SHAPES,
    **RESOURCES,
}

SECURITY_SCHEMES: Mapping[str, object] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Name and password. The first answer sets the cookie `JSESSIONID`, which then stands for them.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "JSESSIONID",
        "description": "The HTTP session. Ends after 30 minutes without a request, or with `EndContactCenterSession`.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of `UserService.SignIn` of the gRPC side.",
    },
}


def openapi(external_url: str, version: str) -> dict[str, object]:
    """The document, for a bridge whose resources clients find under ``external_url``."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "dialbridge REST", "version": version, "description": _ABOUT},
        "servers": [{"url": external_url.removesuffix(API_PATH) or "/"}],
        "security": [{name: []} for name in SECURITY_SCHEMES],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY_SCHEMES},
    }
