"""What a GWS sends by CometD, through aiocometd, until the first gap; what it means is decided elsewhere.

aiocometd repairs a link silently, and what was published meanwhile is lost. So every sign of a gap ends this client
with `Gap`: who uses it reads the state anew and opens another one.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from aiocometd.client import Client
from aiocometd.constants import ConnectionType
from aiocometd.exceptions import AiocometdException, ServerError

from bridge.gws import aiocometd_compat as compat
from bridge.gws.errors import Refused, Unreachable
from bridge.gws.rest import RestSession
from bridge.gws.settings import GwsSettings, Transport
from bridge.strict_json import MalformedJson, dumps, loads_pairs

CHANNELS = ("/v2/me/calls", "/v2/me/devices")
OUTBOUND_CHANNEL = "/v2/me/outbound"
"""Refused to agents without the feature, who work all the same."""
OPEN_WITHIN = 15.0
"""Seconds for handshake, first connect and subscriptions."""
SILENT_WITHIN = 10.0
"""Seconds in which a broken connect must be mended."""
CLOSE_WITHIN = 2.0
PENDING_LIMIT = 10_000
"""Messages that wait here; one more is a gap."""

log = structlog.get_logger()


class Gap(Exception):
    """From here on messages may be missing."""

    def __init__(self, why: str, interval: float = 0.0) -> None:
        super().__init__(why)
        self.interval = interval
        """Seconds that the server advised to wait before the next attempt."""


class Notifications:
    """One open CometD session, subscribed."""

    def __init__(self, client: Client, watch: "_Watch") -> None:
        self._client = client
        self._watch = watch
        self._next: asyncio.Task[Any] | None = None

    @classmethod
    async def open(cls, settings: GwsSettings, rest: RestSession) -> "Notifications":
        """Handshake, connect and subscribe. Raises `GwsError`."""
        types = [ConnectionType.LONG_POLLING]
        if settings.transport is Transport.WEBSOCKET:
            types.insert(0, ConnectionType.WEBSOCKET)
        watch = _Watch(rest)
        client = Client(
            settings.notifications_url,
            types,
            connection_timeout=SILENT_WITHIN,
            max_pending_count=0,  # a full queue would stop the answers, too
            extensions=[watch],
            json_dumps=_dumps,
            json_loads=_loads,
        )
        compat.session_factory.set(lambda: aiohttp.ClientSession(cookie_jar=rest.cookies))
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                await client.open()
                for channel in CHANNELS:
                    await client.subscribe(channel)
                try:
                    await client.subscribe(OUTBOUND_CHANNEL)
                except ServerError as refused:
                    log.warning("gws tells nothing of campaigns", why=refused.error or refused.message)
        except (AiocometdException, aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError) as error:
            await _close(client)
            if watch.refused:
                raise Refused(f"CometD: {watch.refused}", http_status=403, status_code=None) from None
            raise Unreachable(f"CometD: {type(error).__name__}: {error}", retry_after=watch.interval) from None
        except BaseException:
            await _close(client)
            raise
        watch.is_open = True
        return cls(client, watch)

    @property
    def transport(self) -> str:
        """Which it became."""
        kind = self._client.connection_type
        return str(kind.value) if kind is not None else ""

    async def next(self) -> Mapping[str, Any]:
        """The ``data`` of the next message. Raises `Gap`."""
        receiving = asyncio.ensure_future(self._client.receive())
        lost = asyncio.ensure_future(self._watch.lost.wait())
        try:
            await asyncio.wait([receiving, lost], return_when=asyncio.FIRST_COMPLETED)
            # What came before the gap is told before it.
            if not receiving.done() or self._client.pending_count > PENDING_LIMIT:
                raise Gap(self._watch.why or "too many messages wait", self._watch.interval)
            message = receiving.result()
        except (AiocometdException, TimeoutError) as error:
            raise Gap(f"{type(error).__name__}: {error}", self._watch.interval) from None
        finally:
            for each in (receiving, lost):
                each.cancel()
            await asyncio.gather(receiving, lost, return_exceptions=True)
        data = message.get("data")
        return data if isinstance(data, dict) else {}

    def give_up(self, why: str) -> None:
        """Make the next message a `Gap`."""
        self._watch.give_up(why)

    async def close(self) -> None:
        """Disconnect, if that is quick."""
        await _close(self._client)


class _Watch(compat.LinkExtension):
    """Sees every reply: what the client would mend silently is a gap."""

    def __init__(self, rest: RestSession) -> None:
        self._rest = rest
        self.is_open = False
        self.lost = asyncio.Event()
        self.why = ""
        self.refused = ""
        self.interval = 0.0

    def give_up(self, why: str) -> None:
        if not self.lost.is_set():
            self.why = why
            self.lost.set()

    def link_broken(self, error: BaseException) -> None:
        if self.is_open:
            self.give_up(f"{type(error).__name__}: {error}")

    async def outgoing(self, payload: Any, headers: Any) -> None:  # noqa: ARG002
        headers.update(self._rest.headers)

    async def incoming(self, payload: Any, headers: Any = None) -> None:  # noqa: ARG002
        if not isinstance(payload, list):
            raise aiohttp.ClientPayloadError("not a Bayeux answer")
        for message in payload:
            if not isinstance(message, dict) or not isinstance(message.get("channel"), str):
                raise aiohttp.ClientPayloadError("not a Bayeux message")
            channel, successful = message["channel"], message.get("successful")
            if not channel.startswith("/meta/"):
                continue
            advice = message.get("advice")
            if isinstance(advice, dict) and isinstance(advice.get("interval"), int | float):
                self.interval = max(0.0, min(advice["interval"] / 1000, 60.0))
            if channel == "/meta/handshake" and successful is False:
                self.refused = str(message.get("error") or "the handshake was refused")[:200]
            if self.is_open and (channel == "/meta/handshake" or successful is False):
                self.give_up(f"{channel}: {str(message.get('error') or 'a new session')[:200]}")


async def _close(client: Client) -> None:
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await client.close()
    except (AiocometdException, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.debug("gws link not closed properly", why=type(error).__name__)
    transport = client._transport
    if transport is not None and transport.http_session is not None:
        await transport.http_session.close()


def _dumps(value: object) -> str:
    return dumps(value).decode()


def _loads(text: str) -> Any:
    try:
        return loads_pairs(text.encode())
    except MalformedJson as error:
        raise aiohttp.ClientPayloadError(str(error)) from None
