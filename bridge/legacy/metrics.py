"""What an operator measures of the legacy side, for Prometheus, and the page ``/metrics`` with all of the process."""

from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from bridge.legacy.cometd import Statistics

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PATH = "/metrics"


class BridgeMetrics:
    """Counts requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Histogram(
            "dialbridge_http_request_seconds",
            "HTTP requests but CometD's and streams, which are meant to wait",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=registry,
        )

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get(PATH, self._page)]

    def answered(self, request: web.Request, status: int, seconds: float) -> None:
        """A request was answered."""
        method = request.method if request.method in _METHODS else "other"
        self._requests.labels(method, route_of(request), status).observe(seconds)

    async def _page(self, request: web.Request) -> web.Response:
        encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encoder(self._registry), headers={"Content-Type": content_type})


def route_of(request: web.Request) -> str:
    """The application's name of what was asked for, without ids."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"})


class BridgeState(Collector):
    """Looks up what there is."""

    def __init__(
        self,
        cometd: Callable[[], Statistics],
        streams: Callable[[], int],
        http_sessions: Callable[[], int],
        feed: Callable[[], tuple[bool, int | None]],
    ) -> None:
        """``feed`` gives whether changes are followed, and up to which position."""
        self._cometd = cometd
        self._streams = streams
        self._http_sessions = http_sessions
        self._feed = feed

    def describe(self) -> Iterator[Metric]:
        """The same without looking: nothing has to be there yet."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What there is now."""
        cometd = self._cometd()
        yield GaugeMetricFamily("dialbridge_cometd_sessions", "CometD sessions", cometd.sessions)
        yield GaugeMetricFamily("dialbridge_cometd_sockets", "Websockets", cometd.sockets)
        yield GaugeMetricFamily("dialbridge_cometd_held_connects", "Connects that are held", cometd.held)
        yield GaugeMetricFamily("dialbridge_cometd_queued_events", "Events that wait in queues", cometd.queued)
        yield CounterMetricFamily(
            "dialbridge_cometd_sessions_cut_off", "CometD sessions whose queue was full", value=cometd.cut_off
        )
        yield GaugeMetricFamily("dialbridge_event_streams", "Server-sent event streams", self._streams())
        yield GaugeMetricFamily("dialbridge_http_sessions", "HTTP sessions", self._http_sessions())
        following, position = self._feed()
        yield GaugeMetricFamily("dialbridge_feed_connected", "Whether changes are followed: 1 or 0", int(following))
        yield GaugeMetricFamily("dialbridge_feed_position", "The position up to which changes were told", position or 0)
