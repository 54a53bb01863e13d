"""The operations of the legacy API: dial, control calls and devices, the preview loop, the contact centre session."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from aiohttp import web
from google.protobuf.message import Message

from bridge import outbound_requests, requests
from bridge.envelope import PARTLY_DONE, SUCCESS, LegacyError, channel_error
from bridge.facade import Facade, Unary
from bridge.legacy.front_door import COOKIE, SESSION, FrontDoor, body_of, error_response, json_response, success
from bridge.legacy.http_sessions import HttpSessions
from bridge.settings import API_PATH
from bridge.strict_json import JsonObject, dumps
from bridge.user_json import VOICE_CHANNEL
from dialbridge.v1.device_service_pb2 import SetForwardingRequest
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_UNSPECIFIED
from dialbridge.v1.user_service_pb2 import ChannelResult, EndContactCenterSessionRequest

OTHER_CHANNELS = "multimedia"
"""The one name under which all channels but voice are reported. GWS reference, StartContactCenterSession."""


class Rest:
    """Every POST."""

    def __init__(self, facade: Facade, door: FrontDoor, sessions: HttpSessions) -> None:
        self._facade = facade
        self._door = door
        self._sessions = sessions
        self._call_operations: Mapping[str, Unary[Any, Any]] = {
            name: getattr(facade.calls, name) for name in requests.CALL_OPERATIONS
        }
        self._monitoring: Mapping[str, Unary[Any, Any]] = {
            name: getattr(facade.calls, name) for name in requests.MONITORING_OPERATIONS
        }

    def routes(self) -> list[web.RouteDef]:
        """The routes, each also with a slash at the end, which clients use."""
        return [
            web.post(f"{API_PATH}{path}{slash}", handler)
            for path, handler in (
                ("/me", self._on_me),
                ("/me/devices/{id}/calls", self._on_device_calls),
                ("/me/calls/{id}", self._on_call),
                ("/me/devices/{id}", self._on_device),
                ("/me/channels/voice", self._on_voice),
                ("/me/outbound-campaigns/{name}", self._on_campaign),
                ("/me/outbound-records/{handle}", self._on_record),
                ("/me/outbound-records", self._on_records),
            )
            for slash in ("", "/")
        ]

    async def _on_device_calls(self, request: web.Request) -> web.StreamResponse:
        """Dial. GWS reference, Dial and Dial Preview Record."""
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        operation = requests.operation_of(body)
        if operation != "Dial":
            raise requests.unknown_operation(operation)
        key = request.headers.get("Idempotency-Key", "")
        message = requests.dial_request(body, request.match_info["id"], key)
        try:
            await self._door.ask(request, self._facade.calls.Dial, message)
        except grpc.aio.AioRpcError as e:
            # A broken channel leaves open whether the call was placed. With a key the client may find out by repeating.
            raise self._door.answer_to_dial(e, repeatable=bool(key)) from e
        return success()

    async def _on_call(self, request: web.Request) -> web.StreamResponse:
        """An operation on a call. GWS reference, Calls API."""
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        operation = requests.operation_of(body)
        message = requests.call_request(operation, request.match_info["id"], body)
        await self._door.ask(request, self._call_operations[operation], message)
        return success()

    async def _on_device(self, request: web.Request) -> web.StreamResponse:
        """An operation on a device. GWS reference, Devices API."""
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        operation = requests.operation_of(body)
        device_id = request.match_info["id"]
        await self._door.ask(request, *self._device_operation(operation, device_id, body))
        return success()

    def _device_operation(self, name: str, device_id: str, body: JsonObject) -> tuple[Unary[Any, Any], Message]:
        if name in requests.MONITORING_OPERATIONS:
            return self._monitoring[name], requests.monitoring_request(name, device_id, body)
        if name == "CancelSupervisorMonitoring":
            return self._facade.calls.CancelSupervisorMonitoring, requests.cancel_monitoring_request(device_id)
        if name in requests.DEVICE_OPERATIONS:
            message = requests.DEVICE_OPERATIONS[name](requests.encodable(device_id), body)
            devices = self._facade.devices
            asks_forwarding = isinstance(message, SetForwardingRequest)
            return devices.SetForwarding if asks_forwarding else devices.SetDoNotDisturb, message
        raise requests.unknown_operation(name)

    async def _on_voice(self, request: web.Request) -> web.StreamResponse:
        """What the agent is doing. GWS reference, Agent states."""
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        message = requests.agent_state_request(requests.operation_of(body))
        await self._door.ask(request, self._facade.devices.SetAgentState, message)
        return success()

    async def _on_campaign(self, request: web.Request) -> web.StreamResponse:
        """An operation on a campaign. GWS reference, Outbound API."""
        return await self._outbound(
            request, lambda name, body: outbound_requests.campaign_request(name, request.match_info["name"], body)
        )

    async def _on_record(self, request: web.Request) -> web.StreamResponse:
        """An operation on a record. GWS reference, Outbound API."""
        return await self._outbound(
            request, lambda name, body: outbound_requests.record_request(name, request.match_info["handle"], body)
        )

    async def _on_records(self, request: web.Request) -> web.StreamResponse:
        """AddRecord, and DoNotCallRecord by number. GWS reference, Outbound API."""
        return await self._outbound(request, outbound_requests.list_request)

    async def _outbound(self, request: web.Request, read: Callable[[str, JsonObject], Message]) -> web.StreamResponse:
        """What becomes of it is told on ``/v2/me/outbound``."""
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        operation = requests.operation_of(body)
        message = read(operation, body)
        await self._door.ask(request, getattr(self._facade.outbound, operation), message)
        return success()

    async def _on_me(self, request: web.Request) -> web.StreamResponse:
        await self._door.authenticate(request)
        body = requests.body_of(await body_of(request))
        match requests.operation_of(body):
            case "StartContactCenterSession":
                message = requests.start_session_request(body)
                answer = await self._door.ask(request, self._facade.users.StartContactCenterSession, message)
                return _channels_response(list(answer.results))
            case "EndContactCenterSession":
                await self._door.ask(
                    request, self._facade.users.EndContactCenterSession, EndContactCenterSessionRequest()
                )
                self._sessions.end(request[SESSION])
                response = json_response(SUCCESS)
                response.del_cookie(COOKIE, path="/")
                return response
            case operation:
                raise requests.unknown_operation(operation)


def _channels_response(results: list[ChannelResult]) -> web.StreamResponse:
    """All opened: success. None: what is wrong with the first. Some: which ones.

    GWS reference, StartContactCenterSession.
    """
    succeeded: list[object] = []
    failed: list[object] = []
    first: LegacyError | None = None
    told: set[str] = set()
    for result in results:
        channel = result.channel if result.channel == VOICE_CHANNEL else OTHER_CHANNELS
        opened = result.reason == ERROR_REASON_UNSPECIFIED
        error = None if opened else channel_error(result.reason, result.reason_text)
        first = first or error
        if channel in told:
            continue
        told.add(channel)
        if error is None:
            succeeded.append({"statusCode": 0, "channel": channel})
        else:
            failed.append({"statusCode": error.code, "statusMessage": error.text, "channel": channel})
    if first is None:
        return success()
    if not succeeded:
        return error_response(first)
    return json_response(dumps({"statusCode": PARTLY_DONE, "failed": failed, "succeeded": succeeded}))
