"""Makes aiocometd 0.4.5 work on Python 3.10 and newer, by overriding what broke; imported in one place, before
aiocometd is used.

aiocometd is installed unchanged, and ``asyncio`` itself is untouched. Private names are overridden, so the version is
pinned. Each remedy says which defect it is for; when aiocometd is released again, this module goes.
"""

import asyncio
import types
from abc import abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiocometd import client, utils
from aiocometd.constants import ConnectionType, MetaChannel, TransportState
from aiocometd.extensions import Extension
from aiocometd.transports import long_polling
from aiocometd.transports.long_polling import LongPollingTransport
from aiocometd.transports.registry import register_transport
from aiocometd.transports.websocket import WebSocketTransport

_LOST_THE_LOOP = frozenset({"Semaphore", "sleep", "wait", "wait_for"})
CLOSE_WITHIN = 10.0
"""Seconds that a peer has to answer the close of a websocket."""


class _AsyncioWithLoop(types.ModuleType):
    """``asyncio`` for callers that still give ``loop``, an argument that Python 3.10 took away."""

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(asyncio, name)
        if name not in _LOST_THE_LOOP:
            return attribute

        def without_loop(*arguments: Any, loop: object = None, **named: Any) -> Any:  # noqa: ARG001
            return attribute(*arguments, **named)

        return without_loop


for _module in (client, utils, long_polling):
    _module.asyncio = _AsyncioWithLoop("asyncio")  # type: ignore[attr-defined]


def _new_session() -> aiohttp.ClientSession:
    # The default jar drops cookies of hosts that are IP addresses, and with them the session.
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


session_factory: ContextVar[Callable[[], aiohttp.ClientSession]] = ContextVar("session_factory", default=_new_session)
"""What a client opened in this context speaks through, to share the cookies of a login; aiocometd has no argument."""


class LinkExtension(Extension):
    """An extension that is told, too, when a connect failed, which aiocometd keeps to itself."""

    @abstractmethod
    def link_broken(self, error: BaseException) -> None:
        """The connect failed; what the server had written into its answer is lost."""


class _Remedies:
    """What both transports need."""

    async def _get_http_session(self) -> aiohttp.ClientSession:
        if self._http_session is None:  # type: ignore[has-type]
            self._http_session = session_factory.get()()
        return self._http_session

    async def _process_outgoing_payload(self, payload: Any, headers: Any) -> None:
        await super()._process_outgoing_payload(payload, headers)  # type: ignore[misc]
        # Without it ``open``, and the return after a broken link, wait for a connect that is held.
        if self.state is TransportState.CONNECTING:  # type: ignore[attr-defined]
            for message in payload:
                if message["channel"] == MetaChannel.CONNECT:
                    message["advice"] = {"timeout": 0}

    async def _process_incoming_payload(self, payload: Any, headers: Any = None) -> None:
        await super()._process_incoming_payload(payload, headers)  # type: ignore[misc]
        # Milliseconds on the wire; aiocometd sleeps them as seconds.
        for message in payload:
            advice = message.get("advice") or {}
            if isinstance(advice.get("interval"), int | float):
                advice["interval"] = advice["interval"] / 1000

    def _connect_done(self, future: "asyncio.Future[Any]") -> None:
        # ``close`` cancels it, and a cancelled future has no result to look at.
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            for extension in self._extensions:  # type: ignore[attr-defined]
                if isinstance(extension, LinkExtension):
                    extension.link_broken(error)
        super()._connect_done(future)  # type: ignore[misc]


@register_transport(ConnectionType.LONG_POLLING)
class _LongPolling(_Remedies, LongPollingTransport):  # type: ignore[misc]
    """Long-polling with the remedies."""


@register_transport(ConnectionType.WEBSOCKET)
class _WebSocket(_Remedies, WebSocketTransport):  # type: ignore[misc]
    """Websocket with the remedies."""

    async def _get_socket(self, headers: Any) -> aiohttp.ClientWebSocketResponse:
        # aiohttp no longer takes ``ssl=None`` and ``receive_timeout``.
        return await self._socket_factory(
            self.endpoint,
            ssl=True if self.ssl is None else self.ssl,
            headers=headers,
            autoping=True,
            timeout=aiohttp.ClientWSTimeout(ws_receive=self.request_timeout, ws_close=CLOSE_WITHIN),
        )

    def _receive_done(self, future: "asyncio.Task[None]") -> None:
        if future.cancelled():
            self._receive_task = None
        else:
            super()._receive_done(future)
