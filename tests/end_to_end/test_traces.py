"""One trace from a legacy request through Dial to the first change of its call, and its id in the log."""

import os
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dialbridge_client import DialbridgeError
from server import tracing
from server.logs import add_trace
from tests.fakes.legacy_client import DEVICE

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def exporter():
    # A process has one provider for good, and its own tests of it are these.
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter):
    exporter.clear()
    return lambda: {span.name: span for span in exporter.get_finished_spans()}


async def test_a_request_its_dial_and_the_call_s_first_change_are_one_trace(service, spans):
    body = {"operationName": "Dial", "outboundRecord": {"recordHandle": 431, "phoneNumber": "5001"}}
    async with service.legacy() as legacy:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert (await legacy.request("POST", f"/me/devices/{DEVICE}/calls", body, **headers))[0] == 200
        (call,) = await legacy.calls()
    found = spans()
    (request,) = (span for name, span in found.items() if name.startswith("POST"))
    dial, change = found["Dial"], found["StatusChange"]
    assert {trace.format_trace_id(span.context.trace_id) for span in (request, dial, change)} == {TRACE}
    assert trace.format_span_id(request.parent.span_id) == PARENT
    assert dial.parent.span_id == request.context.span_id
    assert change.parent.span_id == dial.context.span_id
    assert dial.attributes["dialbridge.call_id"] == change.attributes["dialbridge.call_id"] == call["id"]
    assert DEVICE not in request.name


async def test_a_refusal_is_the_status_of_its_span(service, spans):
    async with service.client() as client:
        with pytest.raises(DialbridgeError):
            await client.hangup("0" * 32)
    status = spans()["Hangup"].status
    assert (status.is_ok, status.description) == (False, "CALL_NOT_FOUND")


def test_a_log_line_has_the_trace_it_belongs_to(spans):
    with trace.get_tracer("test").start_as_current_span("something"):
        line = add_trace(None, "info", {"event": "call dialled"})
    assert line["trace_id"] == trace.format_trace_id(spans()["something"].context.trace_id)
    assert add_trace(None, "info", {"event": "later"}) == {"event": "later"}


def test_traces_without_what_makes_them_are_refused_with_the_remedy(monkeypatch):
    monkeypatch.setitem(os.environ, tracing.ENDPOINT, "http://127.0.0.1:4317")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(tracing.TracesUnavailable, match=r"install dialbridge\[traces\]"):
        tracing.configure()
    monkeypatch.delitem(os.environ, tracing.ENDPOINT)
    tracing.configure()()
