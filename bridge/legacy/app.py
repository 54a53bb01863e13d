"""The legacy side as one application: puts its parts together, starts, drains and stops them in order."""

import asyncio
import functools
import random
import ssl
import time
from collections.abc import Callable

import grpc
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from bridge.call_json import ALL_CALLS_CHANNEL
from bridge.envelope import MAX_BODY, LegacyError
from bridge.facade import Facade, Metadata
from bridge.legacy.api_documents import api_documents
from bridge.legacy.call_history import CallHistory
from bridge.legacy.cometd import Caller, CometdEndpoint
from bridge.legacy.dashboard import Dashboard
from bridge.legacy.feed import Feed
from bridge.legacy.followed import calls_of, devices_of, outbound_of
from bridge.legacy.front_door import COMETD_PATH, FrontDoor, error_response, json_response, sign_in_at
from bridge.legacy.grpc_web import GrpcWeb
from bridge.legacy.http_sessions import HttpSessions, SessionLimits
from bridge.legacy.metrics import BridgeMetrics, BridgeState
from bridge.legacy.reads import Reads
from bridge.legacy.rest import Rest
from bridge.legacy.server_sent_events import ServerSentEvents, for_dashboards, in_legacy_words
from bridge.legacy.translations import Translations
from bridge.settings import BridgeSettings
from bridge.strict_json import dumps

CLOSE_WITHIN = 5.0
"""Seconds that requests under way have to be answered when the bridge closes."""
SWEEP_EVERY = 60.0
"""Seconds between two looks for HTTP sessions that have ended."""

_SUBSCRIBABLE = frozenset(
    {
        "/v2/me",
        "/v2/me/*",
        "/v2/me/**",
        "/v2/me/calls",
        "/v2/me/devices",
        "/v2/me/outbound",
        "/v2/users",
        "/notifications/services",
    }
)
"""Channels that clients written for GWS subscribe to. Their events are of the subscriber's own, so all may."""

log = structlog.get_logger()


class Bridge:
    """The legacy side of one process."""

    def __init__(
        self,
        facade: Facade,
        settings: BridgeSettings,
        *,
        service_metadata: Callable[[], Metadata],
        clock: Callable[[], float] = time.time,
        session_limits: SessionLimits = SessionLimits(),  # noqa: B008  frozen
        tls: ssl.SSLContext | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """``service_metadata`` proves the identity under which the shared stream runs; ``clock`` is the epoch's;
        ``registry`` has the metrics of the process, and gets those of the bridge."""
        self._tls = tls
        registry = registry or CollectorRegistry()
        metrics = BridgeMetrics(registry)
        self._settings = settings
        self._cometd: CometdEndpoint
        self._sessions = HttpSessions(
            sign_in_at(facade),
            clock=clock,
            on_end=lambda session_id: self._cometd.end_http_session(session_id),
            limits=session_limits,
        )
        self._door = FrontDoor(self._sessions, settings, metrics)
        translations = Translations(settings)
        self._supervisors: set[str] = set()  # of those who have sessions, who want to be told of all calls
        self._feeds = tuple(
            Feed(
                followed,
                lambda *event: self._cometd.publish(*event),
                wanted=lambda user_name: self._cometd.has_sessions(user_name),
                supervisors=self._present_supervisors,
                service_metadata=service_metadata,
            )
            for followed in (
                calls_of(facade, translations),
                devices_of(facade, settings.external_url),
                outbound_of(facade),
            )
        )
        self._feed = self._feeds[0]
        self._cometd = CometdEndpoint(
            authenticate=self._caller,
            may_subscribe=self._may_subscribe,
            allowed_origins=settings.allowed_origins,
            history=CallHistory(facade, translations, self._feed, service_metadata=service_metadata),
            random=random.Random(),  # noqa: S311  spreads reconnects, no secret
        )
        self._draining = False
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self.application = web.Application(client_max_size=MAX_BODY)
        """The aiohttp application; `start` serves it."""
        events = ServerSentEvents(facade, self._door, settings, in_legacy_words(translations))
        board = ServerSentEvents(facade, self._door, settings, for_dashboards(settings))
        registry.register(
            BridgeState(
                self._cometd.statistics,
                lambda: len(events) + len(board),
                lambda: len(self._sessions),
                lambda: (self._feed.connected, self._feed.position),
            )
        )
        self._door.stand_before(self.application)
        self.application.router.add_routes(
            [
                *Rest(facade, self._door, self._sessions).routes(),
                *GrpcWeb(facade).routes(),
                *Reads(facade, self._door, settings).routes(),
                *events.routes(),
                *board.routes(),
                *Dashboard.installed().routes(),
                *api_documents(settings.external_url).routes(),
                *metrics.routes(),
                web.get("/healthz", self._health),
                web.get("/readyz", self._readiness),
            ]
        )
        self._cometd.add_routes(self.application, COMETD_PATH)
        # Cancelled handlers: a held connect whose client has gone must not take events that are for its next one.
        self._runner = web.AppRunner(
            self.application, access_log=None, shutdown_timeout=CLOSE_WITHIN, handler_cancellation=True
        )

    @property
    def ready(self) -> bool:
        """Whether requests are worth sending: changes are being followed, and no drain has begun."""
        return self._following and not self._draining

    def _may_subscribe(self, user_name: str, channel: str) -> bool:
        """Whether the channel is one of the legacy API's. Service channels do nothing, so they do no harm."""
        if channel == ALL_CALLS_CHANNEL and self._sessions.sees_all(user_name):
            self._supervisors.add(user_name)
            return True
        return channel in _SUBSCRIBABLE or channel.startswith("/service/")

    def _present_supervisors(self) -> set[str]:
        if gone := {name for name in self._supervisors if not self._cometd.has_sessions(name)}:
            self._supervisors -= gone
        return self._supervisors

    @property
    def _following(self) -> bool:
        return all(feed.connected for feed in self._feeds)

    @property
    def cometd(self) -> CometdEndpoint:
        """The CometD endpoint, for its statistics."""
        return self._cometd

    async def start(self) -> int:
        """Listen and follow changes; the port that was bound. Raises OSError where the address cannot be had."""
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._settings.host, self._settings.port, ssl_context=self._tls)
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._tasks = (
            *(asyncio.create_task(feed.run(), name="bridge feed") for feed in self._feeds),
            asyncio.create_task(self._cometd.run(), name="bridge cometd"),
            asyncio.create_task(self._sweep(), name="bridge sweep"),
        )
        port: int = self._runner.addresses[0][1]
        log.info("bridge listens", host=self._settings.host, port=port)
        return port

    async def first_connection(self) -> None:
        """Wait until all that happens is told: before that, a client could ask for a call and hear nothing of it."""
        await asyncio.gather(*(feed.first_connection() for feed in self._feeds))

    async def run(self) -> None:
        """Wait until one of the bridge's own tasks fails, and raise its error; they do not end by themselves."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def drain(self, grace: float) -> None:
        """Take no new connections, and send CometD clients elsewhere; at most ``grace`` seconds."""
        self._draining = True
        for site in list(self._runner.sites):
            await site.stop()
        await self._cometd.drain(grace)

    async def close(self) -> None:
        """End everything; waits shortly for requests that are being answered."""
        self._draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()

    async def _caller(self, request: web.Request) -> Caller:
        try:
            session = await self._door.authenticate(request)
        except LegacyError as e:
            raise _Answer(e) from None
        except grpc.aio.AioRpcError as e:
            raise _Answer(self._door.answer_to(e)) from None
        return Caller(session.identity.user_name, session.id, functools.partial(self._sessions.stay, session))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self._sessions.sweep()

    async def _health(self, _: web.Request) -> web.Response:
        return json_response(dumps({"status": "alive"}))

    async def _readiness(self, _: web.Request) -> web.Response:
        facts = {"ready": self.ready, "following": self._following, "draining": self._draining}
        return json_response(dumps(facts), 200 if self.ready else 503)


class _Answer(web.HTTPException):
    """An answer that says no, as the exception that aiohttp takes for an answer."""

    def __init__(self, error: LegacyError) -> None:
        self.status_code = error.http_status
        super().__init__(text=error.body.decode(), content_type="application/json")
        self.headers.update(error_response(error).headers)
