"""What Prometheus finds at ``/metrics``, and that dashboard and alert rules ask for what is really there."""

import json
import re
from pathlib import Path

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from dialbridge_client import DialbridgeError
from tests.fakes.legacy_client import DEVICE
from tests.fakes.process import dialbridge

DEPLOY = Path(__file__).parents[2] / "deploy"


async def scrape(url):
    """Samples by name and labels."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as response:
        assert (response.status, response.content_type) == (200, "text/plain")
        text = await response.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def value(service):
    async def value(name, **labels):
        return (await scrape(service.url)).get((name, tuple(sorted(labels.items()))))

    return value


async def test_calls_are_counted_from_their_appearance_to_their_end(service, value):
    async with service.legacy() as legacy:
        await legacy.dial("5001")
        assert await value("dialbridge_live_calls", state="dialing") == 1
        await service.advance(1)
        await legacy.until_calls(["Established"])
        assert await value("dialbridge_live_calls", state="established") == 1
        assert await value("dialbridge_calls_appeared_total", call_type="internal") == 1
        assert await value("dialbridge_call_answer_seconds_sum") == pytest.approx(1.0)
        await legacy.operate((await legacy.calls())[0]["id"], "Hangup")
        await legacy.until_calls([])
    assert await value("dialbridge_calls_released_total", cause="local_hangup") == 1
    assert await value("dialbridge_changes_total") == 3


async def test_requests_are_counted_by_rpc_and_by_route_with_how_they_ended(service, value):
    async with service.legacy() as legacy, service.client() as client:
        await legacy.dial("5001")
        assert (await legacy.dial("5001"))[0] == 400
        with pytest.raises(DialbridgeError):
            await client.hangup("0" * 32)
        await legacy.request("GET", "/nothing/of/this/name")
    route = "/api/v2/me/devices/{device_id}/calls"
    assert await value("dialbridge_rpc_seconds_count", method="Dial", reason="OK") == 1
    assert await value("dialbridge_rpc_seconds_count", method="Dial", reason="DEVICE_BUSY") == 1
    assert await value("dialbridge_rpc_seconds_count", method="Hangup", reason="CALL_NOT_FOUND") == 1
    found = await scrape(service.url)
    routes = {dict(labels)["route"] for name, labels in found if name == "dialbridge_http_request_seconds_count"}
    assert any("devices" in each and "{" in each for each in routes), route
    assert DEVICE not in str(routes)
    assert "nothing" not in str(routes)


async def test_readers_and_positions_are_looked_up(service, value):
    async with service.legacy() as legacy, service.client() as client:
        watch = client.watch()
        await anext(watch)
        await legacy.listen()
        assert await value("dialbridge_watchers") == 4  # three are the bridge's own
        assert await value("dialbridge_cometd_sessions") == 1
        assert await value("dialbridge_http_sessions") == 1
        await legacy.dial("5001")
        await legacy.until(lambda legacy: legacy.messages)
        assert await value("dialbridge_feed_position") == await value("dialbridge_journal_position")
        assert await value("dialbridge_journal_accepts") == 1
        assert await value("dialbridge_feed_connected") == 1
        await watch.aclose()


async def test_a_server_without_the_bridge_offers_them_at_a_port_of_their_own(tmp_path):
    async with dialbridge("server", "--data-dir", tmp_path, "--grpc-port", 0, "--metrics-port", 0) as server:
        url = re.search(r'http://[^"\s]+:\d+', "\n".join(server.log))[0]
        assert ("dialbridge_watchers", ()) in await scrape(url)


def expressions():
    board = json.loads((DEPLOY / "grafana/dialbridge.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
            assert set(rule["annotations"]) == {"summary", "description"}
            yield rule["alert"], rule["expr"]


async def test_the_dashboard_and_the_alerts_ask_for_what_is_there(service):
    async with service.legacy() as legacy:
        await legacy.listen()
        await legacy.dial("5004")
        await service.advance(10)
        await legacy.until_calls([])
    found = await scrape(service.url)
    names = {name for name, _ in found} | {"dialbridge_switch_link_up"}  # the simulated switch depends on nothing
    labels = {}
    for name, of in found:
        labels.setdefault(name, set()).update(key for key, _ in of)
    asked = list(expressions())
    assert len(asked) > 20
    for title, expression in asked:
        used = re.findall(r"\b((?:dialbridge|process)_\w+)", expression)
        assert used, title
        assert set(used) <= names, title
        for name, selector in re.findall(r"(\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)(?:=|!)", selector)) <= labels[name], title
