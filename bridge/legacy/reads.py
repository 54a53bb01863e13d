"""The reads of the legacy API: the caller, and the caller's devices, calls and features. Changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import TypeVar

from aiohttp import web

from bridge.call_json import call_json, call_uri
from bridge.envelope import not_found
from bridge.facade import Facade
from bridge.legacy.front_door import SESSION, FrontDoor, success
from bridge.settings import API_PATH, BridgeSettings
from bridge.user_json import (
    device_json,
    device_uri,
    feature_json,
    feature_uri,
    open_channels,
    user_json,
)
from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import CallFilter, GetCallRequest, ListCallsRequest
from dialbridge.v1.user_pb2 import Device, Feature
from dialbridge.v1.user_service_pb2 import GetCurrentUserRequest, GetCurrentUserResponse

_Item = TypeVar("_Item", Call, Device, Feature)


class Reads:
    """Every GET that needs a caller, and the version, which needs none."""

    def __init__(self, facade: Facade, door: FrontDoor, settings: BridgeSettings) -> None:
        self._facade = facade
        self._door = door
        self._settings = settings
        self._url = settings.external_url
        self._version = version("dialbridge")

    def routes(self) -> list[web.RouteDef]:
        """The routes, each also with a slash at the end, which clients use."""
        handlers: Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "/me": self._me,
            "/me/devices": self._devices,
            "/me/devices/{id}": self._device,
            "/devices/{id}": self._device,  # where deviceUri points
            "/me/calls": self._calls,
            "/me/calls/{id}": self._call,
            "/me/features": self._features,
            "/features": self._features,
            "/features/{id}": self._feature,
            "/diagnostics/version": self._version_of_bridge,
        }
        return [
            web.get(f"{API_PATH}{path}{slash}", handler) for path, handler in handlers.items() for slash in ("", "/")
        ]

    async def _me(self, request: web.Request) -> web.StreamResponse:
        current = await self._current_user(request)
        asked = {name.strip() for name in request.query.get("subresources", "").split(",")}
        everything = "*" in asked
        subresources: dict[str, object] = {}
        devices = list(current.devices)
        if everything or "devices" in asked:
            subresources["devices"] = [device_json(device, self._url) for device in devices]
        if everything or "channels" in asked:
            subresources["channels"] = open_channels(devices)
        if everything or "calls" in asked:
            subresources["calls"] = [self._call_json(call) for call in await self._calls_of(request)]
        if everything or "features" in asked:
            subresources["features"] = [feature_json(feature, self._url) for feature in current.features]
        return success(user=user_json(current.user, subresources, self._url))

    async def _devices(self, request: web.Request) -> web.StreamResponse:
        devices = (await self._current_user(request)).devices
        return _collection(
            request,
            "devices",
            list(devices),
            lambda one: device_uri(one, self._url),
            lambda one: device_json(one, self._url),
        )

    async def _device(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["id"]
        for device in (await self._current_user(request)).devices:
            if device.id == wanted:
                return success(device=device_json(device, self._url))
        raise not_found()

    async def _calls(self, request: web.Request) -> web.StreamResponse:
        await self._door.authenticate(request)
        return _collection(
            request,
            "calls",
            await self._calls_of(request),
            lambda one: call_uri(one.id, self._url),
            self._call_json,
        )

    async def _call(self, request: web.Request) -> web.StreamResponse:
        session = await self._door.authenticate(request)
        wanted = request.match_info["id"]
        if not wanted.isascii():  # and a contract's text cannot hold everything that a path can
            raise not_found()
        call = (await self._door.ask(request, self._facade.calls.GetCall, GetCallRequest(call_id=wanted))).call
        if call.user_name != session.identity.user_name:  # a supervisor sees more than what is under /me
            raise not_found()
        return success(call=self._call_json(call))

    async def _features(self, request: web.Request) -> web.StreamResponse:
        features = (await self._current_user(request)).features
        return _collection(
            request,
            "features",
            list(features),
            lambda one: feature_uri(one, self._url),
            lambda one: feature_json(one, self._url),
        )

    async def _feature(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["id"]
        for feature in (await self._current_user(request)).features:
            if feature.id == wanted:
                return success(feature=feature_json(feature, self._url))
        raise not_found()

    async def _version_of_bridge(self, _: web.Request) -> web.StreamResponse:
        return success(version=self._version)

    async def _current_user(self, request: web.Request) -> GetCurrentUserResponse:
        await self._door.authenticate(request)
        return await self._door.ask(request, self._facade.users.GetCurrentUser, GetCurrentUserRequest())

    async def _calls_of(self, request: web.Request) -> list[Call]:
        """The live calls of the caller's own devices, however many pages the facade gives them in."""
        session = request[SESSION]
        asked = ListCallsRequest(filter=CallFilter(user_names=[session.identity.user_name]))
        calls: list[Call] = []
        while True:
            answer = await self._door.ask(request, self._facade.calls.ListCalls, asked)
            calls.extend(answer.calls)
            if not answer.next_page_token:
                return calls
            asked.page_token = answer.next_page_token

    def _call_json(self, call: Call) -> dict[str, object]:
        return call_json(call, self._url, self._settings.profile)


def _collection(
    request: web.Request,
    name: str,
    items: list[_Item],
    uri: Callable[[_Item], str],
    whole: Callable[[_Item], dict[str, object]],
) -> web.StreamResponse:
    """URIs, or with ``fields=*`` the objects. GWS reference, Return Values."""
    if request.query.get("fields") == "*":
        return success(**{name: [whole(item) for item in items]})
    return success(uris=[uri(item) for item in items])
