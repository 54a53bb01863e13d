"""Bayeux over websocket, spoken by hand over a real socket."""

import asyncio
import base64
import json
import socket as socket_module
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType


class Talker:
    """One socket, and what came on it that nobody has asked for yet."""

    def __init__(self, websocket, client):
        self.websocket, self.client = websocket, client

    async def send(self, *messages):
        for message in messages:
            message.setdefault("id", str(next(self.client.ids)))
            if self.client.client_id and message["channel"] != "/meta/handshake":
                message.setdefault("clientId", self.client.client_id)
        await self.websocket.send_str(json.dumps(messages))

    async def receive(self):
        """The messages of the next frame."""
        message = await self.websocket.receive(timeout=10)
        assert message.type is WSMsgType.TEXT, message
        return json.loads(message.data)

    async def reply(self):
        (message,) = await self.receive()
        assert "successful" in message, message
        return message

    async def numbers(self, count):
        """The numbers of the next ``count`` events; nothing but events may come."""
        found = []
        while len(found) < count:
            for message in await self.receive():
                assert "successful" not in message, message
                found.append(message["data"]["number"])
        return found

    async def ask(self, channel, **members):
        await self.send({"channel": channel, **members})
        return await self.reply()

    async def handshake(self):
        reply = await self.ask("/meta/handshake", version="1.0", supportedConnectionTypes=["websocket"])
        self.client.client_id = reply.get("clientId")
        return reply

    async def connect(self, **members):
        return await self.ask("/meta/connect", connectionType="websocket", **members)

    async def hold(self):
        """A connect that is held."""
        await self.send({"channel": "/meta/connect", "connectionType": "websocket"})

    async def ready(self):
        assert (await self.handshake())["successful"]
        assert (await self.ask("/meta/subscribe", subscription="/v2/me/*"))["successful"]
        assert (await self.connect())["successful"]
        await self.hold()
        await self.client.host.until(lambda: any(session.hold for session in self.client.host.sessions))
        return self

    async def close_code(self):
        """The code with which the server closes; what comes before is let go."""
        while (message := await self.websocket.receive(timeout=10)).type is WSMsgType.TEXT:
            pass
        assert message.type is WSMsgType.CLOSE, message
        return message.data

    def break_off(self):
        """As a cable that is pulled, with a reset so that the server hears of it."""
        transport = self.websocket._response.connection.transport
        transport.abort()


@pytest.fixture
def talk(http):
    @asynccontextmanager
    async def talk(client):
        headers = {"Authorization": client.authorization}
        async with http.ws_connect(client.host.url, headers=headers, max_msg_size=0) as websocket:
            yield Talker(websocket, client)

    return talk


async def test_events_come_between_connects_and_the_connect_stays_held(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        hold = host.sessions[0].hold
        for _ in range(3):
            numbers = [host.publish() for _ in range(20)]
            assert await talker.numbers(20) == numbers
        assert host.sessions[0].hold is hold


async def test_an_event_is_a_message_of_its_own_without_a_client_id(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        number = host.publish()
        assert await talker.receive() == [{"data": {"number": number}, "channel": "/v2/me/calls"}]


async def test_a_held_connect_is_answered_when_its_time_is_over(host_with, http, client_of, talk):
    async with host_with(timeout=0.05) as host:
        async with talk(client_of(http, host)) as talker:
            await talker.handshake()
            await talker.connect()
            assert (await talker.connect())["successful"]


async def test_a_batch_is_answered_in_its_order_in_one_message(client, host, talk):
    async with talk(client) as talker:
        await talker.handshake()
        await talker.send(
            {"channel": "/meta/connect"},
            {"channel": "/meta/subscribe", "subscription": "/v2/me/*"},
            {"channel": "/meta/connect"},
            {"channel": "/nonsense", "data": 1},
        )
        replies = await talker.receive()
        assert [reply["channel"] for reply in replies] == [
            "/meta/connect",
            "/meta/subscribe",
            "/meta/connect",
            "/nonsense",
        ]
        assert [reply["successful"] for reply in replies] == [True, True, True, False]


async def test_a_websocket_that_breaks_and_comes_back_with_its_client_id_loses_nothing(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        first = host.publish()
        assert await talker.numbers(1) == [first]
        talker.break_off()
        await host.until(lambda: host.endpoint.statistics().sockets == 0)
        assert host.endpoint.statistics().held == 0
        numbers = [host.publish() for _ in range(50)]
    async with talk(client) as talker:
        # What was queued comes at once, before the connect is answered.
        await talker.hold()
        assert await talker.numbers(50) == numbers
        last = host.publish()
        assert await talker.numbers(1) == [last]
    assert len(host.sessions) == 1


async def test_a_websocket_that_stays_away_longer_than_it_may_has_to_begin_anew(
    host_with, http, client_of, talk, monkeypatch
):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.01)
    async with host_with(max_interval=0.05) as host:
        client = client_of(http, host)
        async with talk(client) as talker:
            await talker.ready()
        await host.until(lambda: not host.sessions)
        async with talk(client) as talker:
            reply = await talker.connect()
            assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")


async def test_a_session_that_began_with_long_polling_goes_on_over_a_websocket(client, host, talk):
    await client.ready()
    numbers = [host.publish() for _ in range(3)]
    async with talk(client) as talker:
        await talker.hold()
        assert await talker.numbers(3) == numbers


async def test_the_newest_socket_wins_and_the_older_one_is_closed(client, host, talk):
    async with talk(client) as old, talk(client) as new:
        await old.ready()
        await new.hold()
        assert await old.close_code() == 1000
        number = host.publish()
        assert await new.numbers(1) == [number]
        await host.until(lambda: host.endpoint.statistics().sockets == 1)


async def test_long_polling_takes_a_session_off_its_socket(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        held = asyncio.create_task(client.connect())
        assert await talker.close_code() == 1000
        await host.until(lambda: host.sessions[0].hold is not None)
        number = host.publish()
        assert [message.get("data") for message in await held] == [{"number": number}, None]


async def test_a_socket_speaks_for_one_session(client, client_of, http, host, talk):
    other = await client_of(http, host).ready()
    async with talk(client) as talker:
        await talker.ready()
        reply = await talker.ask("/meta/unsubscribe", subscription="/x", clientId=other.client_id)
        assert reply["error"] == "402::Unknown client"


async def test_the_session_of_another_user_cannot_be_taken_over(client, client_of, http, host, talk):
    await client.ready()
    thief = client_of(http, host, "bob")
    thief.client_id = client.client_id
    async with talk(thief) as talker:
        assert (await talker.connect())["error"] == "402::Unknown client"
    number = host.publish()
    assert [message.get("data") for message in await client.connect()] == [{"number": number}, None]


async def test_a_handshake_on_a_socket_that_has_a_session_ends_that_one(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        old = host.sessions[0]
        await talker.handshake()
        assert old.end is not None
        assert [session.client_id for session in host.sessions] == [client.client_id]
        assert (await talker.connect())["successful"]


async def test_a_disconnect_answers_the_held_connect_first_and_then_closes(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        await talker.send({"channel": "/meta/disconnect"})
        connect, disconnect = await talker.reply(), await talker.reply()
        assert (connect["channel"], connect["advice"]["reconnect"]) == ("/meta/connect", "none")
        assert (disconnect["channel"], disconnect["successful"]) == ("/meta/disconnect", True)
        assert await talker.close_code() == 1000
    assert host.sessions == []


@pytest.mark.parametrize("text", ["no JSON", "[", "[]", "5", "[5]", '[{"a":NaN}]', "[" * 2000])
async def test_garbage_closes_the_socket_and_the_session_may_come_back(client, host, talk, text):
    async with talk(client) as talker:
        await talker.ready()
        await talker.websocket.send_str(text)
        assert await talker.close_code() == 1007
    async with talk(client) as talker:
        number = host.publish()
        await talker.hold()
        assert await talker.numbers(1) == [number]


async def test_a_ping_is_answered(client, talk):
    async with talk(client) as talker:
        await talker.ready()
        await talker.websocket.ping(b"are you there")
        websocket = talker.websocket
        websocket._autoping = False  # else aiohttp keeps the answer to itself
        message = await websocket.receive(timeout=10)
        assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"are you there")


async def test_a_message_in_frames_is_taken_with_a_ping_in_between(client, host):
    handshake = b'{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}'
    pieces = [(0x01, handshake[:7]), (0x89, b""), (0x00, handshake[7:9]), (0x80, handshake[9:])]
    async with silent_peer(host, client) as peer:
        loop = asyncio.get_running_loop()
        for first, piece in pieces:
            await loop.sock_sendall(peer, bytes((first, 0x80 | len(piece))) + bytes(4) + piece)
        answers = b""
        while b"clientId" not in answers:
            received = await loop.sock_recv(peer, 4096)
            assert received, answers
            answers += received
        assert answers.startswith(b"\x8a\x00\x81")


async def test_a_close_of_the_client_is_answered_and_the_session_may_come_back(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        assert await talker.websocket.close(code=1001)
        assert talker.websocket.close_code == 1001
    await host.until(lambda: host.endpoint.statistics().sockets == 0)
    async with talk(client) as talker:
        number = host.publish()
        await talker.hold()
        assert await talker.numbers(1) == [number]


async def test_a_client_that_sends_much_at_once_is_answered_in_order(client, talk):
    async with talk(client) as talker:
        await talker.ready()
        for number in range(200):
            await talker.send({"channel": f"/service/{number}"})
        replies = [(await talker.reply())["channel"] for _ in range(200)]
        assert replies == [f"/service/{number}" for number in range(200)]


async def test_a_request_that_is_no_handshake_is_refused(client, http, host):
    headers = {"Authorization": client.authorization, "Upgrade": "websocket", "Connection": "Upgrade"}
    async with http.get(host.url, headers={**headers, "Sec-WebSocket-Version": "8"}) as response:
        assert response.status == 400


async def test_a_socket_is_in_use_until_it_is_closed(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        assert host.staying == 1
    await host.until(lambda: host.staying == 0)


async def test_binary_messages_are_not_taken(client, talk):
    async with talk(client) as talker:
        await talker.ready()
        await talker.websocket.send_bytes(b"[]")
        assert await talker.close_code() == 1003


async def test_text_that_is_no_utf_8_is_not_taken(client, talk):
    async with talk(client) as talker:
        await talker.ready()
        await talker.websocket._writer.send_frame(b'[{"channel":"\xff"}]', WSMsgType.TEXT)
        assert await talker.close_code() == 1007


async def test_a_message_that_is_too_large_closes_the_socket(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        await talker.websocket.send_str(json.dumps([{"channel": "/x", "data": "x" * 70_000}]))
        assert await talker.close_code() == 1009
    assert len(host.sessions) == 1


async def test_a_socket_that_begins_no_session_is_closed(host_with, http, client_of, talk, monkeypatch):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.01)
    async with host_with(first_connect=0.05) as host:
        async with talk(client_of(http, host)) as talker:
            assert await talker.close_code() == 1008


async def test_a_server_that_stops_answers_the_held_connect_and_closes_with_1001(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        draining = asyncio.create_task(host.endpoint.drain(5.0))
        reply = await talker.reply()
        assert (reply["successful"], reply["advice"]["reconnect"]) == (True, "retry")
        assert 0 <= reply["advice"]["interval"] <= 3000
        assert await talker.close_code() == 1001
        await draining
    assert host.endpoint.statistics().sockets == 0
    assert (await client.post([{"channel": "/meta/connect"}])).status == 503


async def test_a_server_that_stops_waits_no_longer_than_it_may_for_a_peer_that_does_not_close(client, host, talk):
    async with silent_peer(host, client) as peer:
        await host.until(lambda: host.endpoint.statistics().sockets == 1)
        async with asyncio.timeout(5):
            await host.endpoint.drain(0.05)
        await host.until(lambda: host.endpoint.statistics().sockets == 0)
        await until_cut_off(peer)


async def test_a_page_of_another_site_cannot_open_a_socket(client, http, host):
    headers = {"Authorization": client.authorization, "Origin": "https://evil.example"}
    with pytest.raises(Exception, match="403"):
        await http.ws_connect(host.url, headers=headers)


# ------------------------------------------------------------ peers that do not read


@asynccontextmanager
async def silent_peer(host, client, *messages):
    """A socket that sends ``messages`` and then reads nothing; its windows are small."""
    raw = socket_module.socket()
    raw.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(raw, ("127.0.0.1", host.port))
        key = base64.b64encode(b"0" * 16).decode()
        head = (
            f"GET /api/v2/notifications HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: {client.authorization}\r\n\r\n"
        )
        await loop.sock_sendall(raw, head.encode())
        answer = await loop.sock_recv(raw, 4096)
        assert b" 101 " in answer
        for message in messages:
            await loop.sock_sendall(raw, masked(json.dumps([message]).encode()))
        yield raw
    finally:
        raw.close()


def masked(payload):
    """A text frame of a client, whose mask changes nothing."""
    assert len(payload) < 1 << 16
    return b"\x81\xfe" + len(payload).to_bytes(2) + bytes(4) + payload


async def until_cut_off(raw):
    """Read what is there until the connection is over."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        try:
            while await loop.sock_recv(raw, 1 << 16):
                pass
        except ConnectionError:
            pass


async def test_a_peer_that_does_not_read_is_bounded_and_cut_off_while_others_go_on(
    host_with, http, client_of, talk, monkeypatch
):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.02)
    async with host_with(stalled=0.3, write_buffer=32 * 1024) as host:
        slow, quick = client_of(http, host), client_of(http, host)
        await slow.ready()
        slow_session = host.sessions[0]
        connect = {"channel": "/meta/connect", "clientId": slow.client_id}
        async with silent_peer(host, slow, connect) as peer, talk(quick) as talker:
            await host.until(lambda: slow_session.stream is not None)
            await talker.ready()
            transport = slow_session.stream._transport
            large = 32 * 1024
            sent = 0
            while slow_session.end is None:
                assert sent < 2000, "whoever reads nothing cannot be sent 64 MiB"
                number = host.publish(padding=large)
                sent += 1
                assert transport.get_write_buffer_size() <= 2 * (32 * 1024 + large)
                assert slow_session.queued_bytes <= 1 << 20
                assert await talker.numbers(1) == [number]
            assert host.endpoint.statistics().cut_off == 1
            await host.until(lambda: host.endpoint.statistics().sockets == 1)
            await until_cut_off(peer)
            number = host.publish()
            assert await talker.numbers(1) == [number]
        reply = (await slow.connect())[-1]
        assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")


async def test_ten_thousand_messages_for_a_dead_client_stay_bounded_and_it_is_told_to_handshake(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        session = host.sessions[0]
        talker.break_off()
        await host.until(lambda: host.endpoint.statistics().sockets == 0)
        most = 0
        for _ in range(10_000):
            host.publish()
            most = max(most, len(session.queue))
        assert most == 1000
    assert host.sessions == []
    async with talk(client) as talker:
        reply = await talker.connect()
        assert (reply["successful"], reply["advice"]["reconnect"]) == (False, "handshake")
        await talker.ready()
        number = host.publish()
        assert await talker.numbers(1) == [number]


async def test_ten_thousand_messages_in_one_turn_reach_a_client_that_reads(client, host, talk):
    async with talk(client) as talker:
        await talker.ready()
        numbers = []
        for _ in range(20):  # within what a session may have waiting and a socket may have unsent
            numbers += [host.publish() for _ in range(500)]
            assert await talker.numbers(500) == numbers[-500:]
        assert len(set(numbers)) == 10_000
        assert host.endpoint.statistics().queued == 0


async def test_a_peer_that_does_not_read_its_replies_is_not_read_any_more(host_with, http, client_of, monkeypatch):
    monkeypatch.setattr("bridge.legacy.cometd.SWEEP_EVERY", 0.02)
    async with host_with(stalled=0.3, write_buffer=8 * 1024) as host:
        client = client_of(http, host)
        loop = asyncio.get_running_loop()
        asking = masked(json.dumps([{"channel": "/x", "id": "y" * 1000}] * 50).encode())
        async with silent_peer(host, client) as peer:
            await host.until(lambda: host.endpoint.statistics().sockets == 1)
            (socket,) = host.endpoint._websockets._sockets

            async def ask_for_ever():
                while True:
                    await loop.sock_sendall(peer, asking)
                    assert socket._transport.get_write_buffer_size() < 200_000

            with pytest.raises(ConnectionError):
                await asyncio.wait_for(ask_for_ever(), 20)
        await host.until(lambda: host.endpoint.statistics().sockets == 0)
