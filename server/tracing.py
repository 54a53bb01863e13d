"""Spans of the server for OpenTelemetry: one for each RPC, and one for the first change of a call that was dialled.

Without an exporter (`configure`) nothing is recorded and next to nothing is done. W3C Trace Context.
"""

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACEPARENT = "traceparent"

_tracer = trace.get_tracer("dialbridge.server")
_propagator = TraceContextTextMapPropagator()


class TracesUnavailable(Exception):
    """Traces were asked for, and what makes them is not installed."""


def configure() -> Callable[[], None]:
    """Export spans where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says; what to call at the end. Raises `TracesUnavailable`."""
    if not os.environ.get(ENDPOINT):
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise TracesUnavailable(
            f"{ENDPOINT} is set, but OpenTelemetry is not installed; install dialbridge[traces], or unset it"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "dialbridge"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def rpc(method: str, metadata: Iterable[tuple[str, str | bytes]]) -> AbstractContextManager[None]:
    """The span of an RPC, in the trace of its caller; what is raised from it is its status."""
    carrier = {key: value for key, value in metadata if key == TRACEPARENT and isinstance(value, str)}
    if not carrier and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return _NO_SPAN  # a span that nobody records would cost as much as looking a call up
    return _span(method, carrier)


_NO_SPAN = nullcontext()


@contextmanager
def _span(method: str, carrier: Mapping[str, str]) -> Generator[None]:
    context = _propagator.extract(carrier) if carrier else None
    with _tracer.start_as_current_span(
        method,
        context,
        SpanKind.SERVER,
        {"rpc.system": "grpc", "rpc.method": method},
        record_exception=False,
        set_status_on_exception=False,  # `failed` says it in the contract's words
    ):
        yield


def current() -> SpanContext:
    """The span that is under way; an invalid one where nothing is recorded."""
    return trace.get_current_span().get_span_context()


def about_call(call_id: str) -> None:
    """Say which call the span that is under way is about."""
    trace.get_current_span().set_attribute("dialbridge.call_id", call_id)


def failed(reason: str) -> None:
    """Say why the span that is under way failed."""
    trace.get_current_span().set_status(Status(StatusCode.ERROR, reason))


def call_appeared(cause: SpanContext, call_id: str, position: int) -> None:
    """The first change of a call was journalled and told: a span of its own in the trace of its Dial."""
    if not cause.is_valid:
        return
    context = trace.set_span_in_context(trace.NonRecordingSpan(cause))
    attributes: dict[str, str | int] = {"dialbridge.call_id": call_id, "dialbridge.position": position}
    _tracer.start_span("StatusChange", context, SpanKind.PRODUCER, attributes, [Link(cause)]).end()
