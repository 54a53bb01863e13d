"""Bayeux over long-polling, spoken by hand over a real socket."""

import asyncio
import json

import aiohttp
import pytest


def events_of(messages):
    return [message["data"]["number"] for message in messages if "data" in message]


def reply_of(messages, channel="/meta/connect"):
    (reply,) = [message for message in messages if message["channel"] == channel and "successful" in message]
    return reply


async def test_a_handshake_gives_a_session_and_says_how_to_go_on(client, host):
    reply = await client.handshake()
    assert reply["successful"]
    assert (reply["version"], reply["id"]) == ("1.0", "1")
    assert set(reply["supportedConnectionTypes"]) == {"websocket", "long-polling"}
    assert reply["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 30000}
    assert len(reply["clientId"]) == 40
    assert host.sessions[0].principal == "ann"


async def test_without_credentials_there_is_no_handshake(host, http):
    response = await http.post(host.url, json=[{"channel": "/meta/handshake"}])
    assert response.status == 403
    assert await response.json() == {"statusCode": 20, "statusMessage": "Access denied"}
    assert host.sessions == []


async def test_the_first_connect_is_answered_at_once(client):
    await client.handshake()
    messages = await asyncio.wait_for(client.connect(), 5)
    assert reply_of(messages)["successful"]
    assert "advice" not in reply_of(messages)


async def test_a_held_connect_is_answered_with_everything_that_came_in_one_turn(client, host):
    await client.ready()
    held = asyncio.create_task(client.connect())
    await host.until(lambda: host.endpoint.statistics().held == 1)
    numbers = [host.publish() for _ in range(5)]
    messages = await held
    assert events_of(messages) == numbers
    assert messages[-1]["channel"] == "/meta/connect"
    assert all("successful" not in message and "clientId" not in message for message in messages[:-1])


async def test_a_client_between_two_polls_loses_no_message(client, host):
    await client.ready()
    seen, numbers = [], []
    for _ in range(10):
        numbers += [host.publish() for _ in range(3)]
        seen += events_of(await client.connect())
    assert seen == numbers


async def test_a_connect_is_answered_when_its_time_is_over(host_with, http, client_of):
    async with host_with(timeout=0.05) as host:
        client = await client_of(http, host).ready()
        reply = reply_of(await client.connect(advice={"timeout": 20}))
        assert reply["successful"]
        assert reply["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 50}


async def test_a_connect_with_no_time_is_answered_at_once(client):
    await client.ready()
    assert reply_of(await asyncio.wait_for(client.connect(advice={"timeout": 0}), 5))["successful"]


async def test_a_client_whose_connection_breaks_loses_no_message(client, host):
    await client.ready()
    held = asyncio.create_task(client.connect())
    await host.until(lambda: host.endpoint.statistics().held == 1)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    await host.until(lambda: host.endpoint.statistics().held == 0)
    numbers = [host.publish() for _ in range(3)]
    assert events_of(await client.connect()) == numbers


async def test_a_second_connect_ends_the_first_without_giving_it_anything(client, host):
    await client.ready()
    first = asyncio.create_task(client.post([{"channel": "/meta/connect", "clientId": client.client_id}]))
    await host.until(lambda: host.endpoint.statistics().held == 1)
    hold = host.sessions[0].hold
    second = asyncio.create_task(client.connect())
    await host.until(lambda: host.sessions[0].hold not in (hold, None))
    number = host.publish()
    answer = await first
    assert (answer.status, await answer.text()) == (408, "another connect took the place of this one")
    assert events_of(await second) == [number]


@pytest.mark.parametrize("subscription", ["/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/**", "/**"])
async def test_every_pattern_that_fits_brings_the_event_once(client, host, subscription):
    await client.ready([subscription, "/v2/me/calls"])
    number = host.publish()
    assert events_of(await client.connect()) == [number]


@pytest.mark.parametrize("subscription", ["/v2/me/devices", "/v2/*", "/v2/me", "/v2/me/calls/*"])
async def test_a_subscription_that_does_not_fit_brings_nothing(client, host, subscription):
    await client.ready(subscription)
    host.publish()
    assert events_of(await client.connect(advice={"timeout": 0})) == []


async def test_an_event_goes_to_its_own_user_only(host, http, client_of):
    ann = await client_of(http, host, "ann").ready()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
        bob = await client_of(other, host, "bob").ready()
        number = host.publish("bob")
        assert events_of(await ann.connect(advice={"timeout": 0})) == []
        assert events_of(await bob.connect(advice={"timeout": 0})) == [number]


async def test_two_sessions_of_one_user_both_get_every_event(host, http, client_of):
    first, second = await client_of(http, host).ready(), await client_of(http, host).ready()
    number = host.publish()
    assert events_of(await first.connect()) == events_of(await second.connect()) == [number]


async def test_the_session_of_another_user_is_unknown(host, http, client_of):
    ann = await client_of(http, host, "ann").ready()
    thief = client_of(http, host, "bob")
    thief.client_id = ann.client_id
    reply = reply_of(await thief.connect())
    assert (reply["successful"], reply["error"]) == (False, "402::Unknown client")


async def test_an_unknown_client_is_told_to_handshake_on_connect_and_nothing_else(client):
    client.client_id = "nobody"
    reply = reply_of(await client.connect())
    assert reply["error"] == "402::Unknown client"
    assert (reply["advice"]["reconnect"], reply["advice"]["interval"]) == ("handshake", 0)
    for message in (
        {"channel": "/meta/subscribe", "subscription": "/v2/me/calls"},
        {"channel": "/meta/disconnect"},
        {"channel": "/v2/me/calls", "data": 1},
    ):
        (reply,) = await client.send(message)
        assert reply["error"] == "402::Unknown client"
        assert "advice" not in reply


async def test_a_batch_is_answered_in_order_and_its_connect_at_once(client, host):
    await client.handshake()
    await client.connect()
    messages = await asyncio.wait_for(
        client.send(
            {"channel": "/meta/subscribe", "subscription": "/v2/me/calls"},
            {"channel": "/meta/connect", "connectionType": "long-polling"},
            {"channel": "/meta/unsubscribe", "subscription": ["/v2/me/calls", "/v2/me/none"]},
        ),
        5,
    )
    assert [message["channel"] for message in messages] == ["/meta/subscribe", "/meta/connect", "/meta/unsubscribe"]
    assert [message["id"] for message in messages] == sorted(message["id"] for message in messages)
    assert messages[0]["subscription"] == "/v2/me/calls"
    assert messages[2]["subscription"] == ["/v2/me/calls", "/v2/me/none"]


async def test_what_comes_with_a_handshake_has_no_session(client):
    replies = await client.send(
        {"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]},
        {"channel": "/meta/subscribe", "subscription": "/v2/me/calls"},
    )
    assert [reply["successful"] for reply in replies] == [True, False]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"channel": "/meta/subscribe"}, "403::subscription_missing"),
        ({"channel": "/meta/subscribe", "subscription": "no slash"}, "403::subscription_invalid"),
        ({"channel": "/meta/subscribe", "subscription": "/a/*/b"}, "403::subscription_invalid"),
        ({"channel": "/meta/subscribe", "subscription": []}, "403::subscription_invalid"),
        ({"channel": "/meta/subscribe", "subscription": ["/a", 5]}, "403::subscription_invalid"),
        ({"channel": "/meta/subscribe", "subscription": "/" + "x" * 300}, "403::subscription_invalid"),
        ({"channel": "/meta/subscribe", "subscription": "/meta/connect"}, "403:forbidden:subscribe_denied"),
        ({"channel": "/meta/subscribe", "subscription": "/forbidden/x"}, "403:forbidden:subscribe_denied"),
        (
            {"channel": "/meta/subscribe", "subscription": [f"/c/{n}" for n in range(101)]},
            "403:too_many:subscribe_denied",
        ),
        ({"channel": "/meta/unsubscribe"}, "403::subscription_missing"),
        ({"channel": "/meta/nonsense"}, "405::channel_invalid"),
        ({"channel": "no slash"}, "405::channel_invalid"),
        ({"channel": 5}, "405::channel_invalid"),
        ({"channel": "/v2/me/calls", "data": 1}, "403:forbidden:publish_denied"),
        ({"channel": "/v2/me/calls"}, "400::data_missing"),
        ({"channel": "/v2/me/*", "data": 1}, "405::channel_invalid"),
    ],
)
async def test_what_may_not_be_is_refused_with_its_code(client, message, error):
    await client.ready()
    (reply,) = await client.send(message)
    assert (reply["successful"], reply["error"]) == (False, error)


async def test_a_message_without_a_channel_is_refused(client):
    await client.ready()
    response = await client.post([{"clientId": client.client_id, "id": "9"}])
    assert await response.json() == [{"id": "9", "successful": False, "error": "400::channel_missing"}]


async def test_a_service_channel_may_be_used_without_effect(client):
    await client.ready()
    replies = await client.send(
        {"channel": "/meta/subscribe", "subscription": "/service/x"}, {"channel": "/service/x", "data": {}}
    )
    assert [reply["successful"] for reply in replies] == [True, True]


async def test_disconnecting_ends_the_session_and_the_held_connect(client, host):
    await client.ready()
    held = asyncio.create_task(client.connect())
    await host.until(lambda: host.endpoint.statistics().held == 1)
    (reply,) = await client.send({"channel": "/meta/disconnect"}, suffix="/disconnect")
    assert reply["successful"]
    assert reply_of(await held)["advice"]["reconnect"] == "none"
    assert host.sessions == []


async def test_the_end_of_the_http_session_ends_the_session(client, host):
    await client.ready()
    held = asyncio.create_task(client.connect())
    await host.until(lambda: host.endpoint.statistics().held == 1)
    host.endpoint.end_http_session("http-session-of-ann")
    assert reply_of(await held)["advice"]["reconnect"] == "none"
    assert reply_of(await client.connect())["error"] == "402::Unknown client"


async def test_a_server_that_stops_sends_held_clients_away_at_a_random_moment(client, host):
    await client.ready()
    held = asyncio.create_task(client.connect())
    await host.until(lambda: host.endpoint.statistics().held == 1)
    await host.endpoint.drain(1.0)
    advice = reply_of(await held)["advice"]
    assert advice["reconnect"] == "retry"
    assert 0 <= advice["interval"] <= 3000


@pytest.mark.parametrize("suffix", ["", "/", "/handshake", "/connect", "/anything/at/all"])
async def test_the_path_behind_the_endpoint_means_nothing(host, http, client_of, suffix):
    response = await client_of(http, host).post(
        [{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}], suffix
    )
    assert (await response.json())[0]["successful"]


async def test_a_bare_object_is_answered_with_an_array(client):
    response = await client.post({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})
    assert (await response.json())[0]["successful"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"[]",
        b"[5]",
        b"[[]]",
        b"null",
        b'"x"',
        b"[{}",
        b"\xff\xfe",
        b"[" * 5000 + b"]" * 5000,
        b'[{"channel":NaN}]',
        b'[{"channel":"\\ud800"}]',
        json.dumps([{"channel": "/meta/connect"}] * 101).encode(),
    ],
    ids=range(13),
)
async def test_what_is_no_batch_is_a_bad_request_and_the_server_goes_on(client, body):
    response = await client.post(body)
    assert response.status == 400
    assert (await client.handshake())["successful"]


async def test_a_body_that_is_too_large_is_refused(client):
    assert (await client.post(b" " * (65 * 1024))).status == 413


async def test_a_form_of_another_sites_page_is_refused(client):
    assert (await client.post(b"[{}]", headers={"Content-Type": "text/plain"})).status == 400
    assert (await client.post(b"[{}]", headers={"Origin": "https://evil.example"})).status == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_and_websocket_are_spoken(http, host, method):
    assert (await http.request(method, host.url)).status == 400


async def test_a_browser_asks_before_it_sends(http, host):
    own = f"http://127.0.0.1:{host.port}"
    response = await http.options(host.url + "/connect", headers={"Origin": own})
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == own
    assert response.headers["Access-Control-Allow-Credentials"] == "true"


async def test_a_cookie_binds_the_session_to_its_browser(client, http, host):
    await client.ready()
    (cookie,) = [each for each in http.cookie_jar if each.key == "BAYEUX_BROWSER"]
    assert (cookie["path"], cookie["httponly"]) == ("/", True)
    async with aiohttp.ClientSession(cookies={"BAYEUX_BROWSER": "another"}) as other:
        client.http = other
        assert reply_of(await client.connect())["error"] == "402::Unknown client"
    async with aiohttp.ClientSession() as without:  # a client without cookies that proves who it is
        client.http = without
        assert reply_of(await client.connect(advice={"timeout": 0}))["successful"]


async def test_no_common_transport_is_refused_for_good(client):
    reply = await client.handshake(supportedConnectionTypes=["callback-polling"])
    assert (reply["successful"], reply["advice"]["reconnect"]) == (False, "none")


async def test_a_new_handshake_replaces_the_session(client, host):
    await client.ready()
    old = client.client_id
    await client.handshake(clientId=old)
    assert [session.client_id for session in host.sessions] == [client.client_id]
    assert client.client_id != old


async def test_ten_thousand_messages_to_a_dead_client_stay_bounded_and_it_is_told_to_handshake(client, host):
    await client.ready()
    for _ in range(10_000):
        host.publish()
        assert host.endpoint.statistics().queued <= 1000
    assert host.endpoint.statistics().cut_off == 1
    reply = reply_of(await client.connect())
    assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    await client.ready()
    number = host.publish()
    assert events_of(await client.connect()) == [number]


async def test_a_thousand_handshakes_without_connect_are_swept_and_leave_nothing(
    host_with, http, client_of, monkeypatch
):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.01)
    async with host_with(first_connect=0.3, sessions_per_principal=2000) as host:
        for _ in range(20):
            await asyncio.gather(*(client_of(http, host).handshake() for _ in range(50)))
        await host.until(lambda: not host.sessions)
        sessions = host.endpoint._sessions
        assert (sessions._sessions, sessions._by_principal, sessions._by_http_session) == ({}, {}, {})
        await host.until(lambda: not sessions._looks)
        assert (await client_of(http, host).handshake())["successful"]


@pytest.mark.parametrize("limits", [{"sessions": 2}, {"sessions_per_principal": 2}])
async def test_more_sessions_than_there_may_be_are_asked_to_come_later(host_with, http, client_of, limits):
    async with host_with(**limits) as host:
        for _ in range(2):
            assert (await client_of(http, host).handshake())["successful"]
        reply = await client_of(http, host).handshake()
        assert (reply["successful"], reply["error"][:3]) == (False, "503")
        assert reply["advice"] == {"reconnect": "handshake", "interval": 10000, "timeout": 30000}


async def test_a_session_that_is_not_heard_of_ends(host_with, http, client_of, monkeypatch):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.01)
    async with host_with(max_interval=0.05) as host:
        client = await client_of(http, host).ready()
        await host.until(lambda: not host.sessions)
        assert reply_of(await client.connect())["error"] == "402::Unknown client"


async def test_an_answer_that_nobody_reads_is_given_up_and_its_events_wait_for_the_next_connect(
    host_with, http, client_of
):
    async with host_with(stalled=0.2, queue_bytes=64 << 20) as host:
        client = await client_of(http, host).ready()
        numbers = [host.publish(padding=32 * 1024) for _ in range(900)]  # more than any kernel takes for a peer
        session = host.sessions[0]
        body = json.dumps([{"channel": "/meta/connect", "clientId": client.client_id}])
        _, writer = await asyncio.open_connection("127.0.0.1", host.port, limit=1024)
        writer.write(
            f"POST /api/v2/notifications HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: {client.authorization}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await host.until(lambda: session.writing)
        held = asyncio.create_task(client.connect())
        await host.until(lambda: session.hold is not None)
        assert events_of(await held) == numbers
        writer.transport.abort()
