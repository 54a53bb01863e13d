"""Spans of the legacy side for OpenTelemetry: one for each request, and its trace in what the facade is asked.

Where nobody records, nothing is sent along that the caller did not send. W3C Trace Context.
"""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"

_tracer = trace.get_tracer("dialbridge.bridge")
_propagator = TraceContextTextMapPropagator()


def request(method: str, route: str, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """The span of a request, in the trace of its caller."""
    given = headers.get(TRACEPARENT)
    if given is None and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return _NO_SPAN  # nobody records it
    return _span(method, route, given)


_NO_SPAN = nullcontext()


@contextmanager
def _span(method: str, route: str, given: str | None) -> Generator[None]:
    context = _propagator.extract({TRACEPARENT: given}) if given else None
    attributes = {"http.request.method": method, "http.route": route}
    with _tracer.start_as_current_span(
        f"{method} {route}", context, SpanKind.SERVER, attributes, record_exception=False
    ):
        yield


def metadata() -> tuple[tuple[str, str], ...]:
    """What tells the facade of the trace; empty where there is none."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return tuple(carrier.items())
