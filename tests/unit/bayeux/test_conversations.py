"""Any conversation of several clients, with a model of what each must get."""

import itertools
import json
from dataclasses import dataclass, field

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.bayeux.exchange import Exchange, Origin
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, read
from bridge.bayeux.session import End, Hold, HoldEnd, Session
from bridge.bayeux.sessions import Sessions

LIMITS = Limits(
    sessions=4,
    sessions_per_principal=3,
    queue_messages=4,
    queue_bytes=200,
    subscriptions=3,
    write_buffer=90,
)
PRINCIPALS = ("ann", "bob")
CHANNELS = ("/v2/me/calls", "/v2/me/devices", "/v2/other")
FITTING = {  # written out, so that the model shares nothing with what it checks
    "/v2/me/calls": {"/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/**", "/**"},
    "/v2/me/devices": {"/v2/me/devices", "/v2/me/*", "/v2/me/**", "/v2/**", "/**"},
    "/v2/other": {"/v2/other", "/v2/*", "/v2/**", "/**"},
}
PATTERNS = sorted(set().union(*FITTING.values()))
PICK = st.integers(0, 11)
SPOT = st.integers(0, 2)
LONGEST_SILENCE = LIMITS.timeout + 2 * LIMITS.max_interval


@dataclass(eq=False)
class Client:
    """One client id, what its owner must be told and was told."""

    session: Session
    principal: str
    subscriptions: set[str] = field(default_factory=set)
    expected: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    writing: list[Event] = field(default_factory=list)
    """The answer to long-polling that is under way."""
    connected: bool = False
    alive_until: float = 0.0
    ended: End | None = None


@dataclass(eq=False)
class Socket:
    """Does what the websocket transport does, with a peer that reads or does not."""

    machine: "Conversations"
    principal: str
    session: Session | None = None
    hold: Hold | None = None
    reads: bool = True
    closed: bool = False

    def flush(self) -> None:
        if self.session is not None and self.reads and not self.closed:
            while events := self.session.take(LIMITS.write_buffer):
                self.machine.clients[self.session].delivered += [event.position for event in events]

    def ended(self, code: int, reason: str, /) -> None:
        assert 1000 <= code < 5000 and reason
        if not self.closed:
            self.closed = True
            self.leave()

    def leave(self) -> None:
        session, self.session = self.session, None
        if self.hold is not None:
            self.hold.wake = None
            self.hold = None
        if session is not None:
            self.machine.sessions.unbind(session, self, self.machine.now)

    def keep(self, hold: Hold) -> None:
        self.hold = hold
        hold.wake = self.release

    def release(self, hold: Hold) -> None:
        self.hold = None
        outcome = self.machine.exchange.release(hold, self.machine.now)
        if outcome is not None:
            self.machine.check_release(hold, outcome)
            assert outcome.events == []
            self.flush()


class Conversations(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.now = 1000.0
        self.ids = itertools.count(1)
        self.numbers = itertools.count(1)
        self.clients: dict[Session, Client] = {}
        self.sockets: list[Socket] = []
        """Those that are gone stay, for whoever still speaks of them."""
        self.woken: list[Hold] = []
        """Connects of long-polling that are over; their handlers run a little later."""
        self.held: list[Hold] = []
        """Connects of long-polling that are not answered."""
        self.sessions = Sessions(LIMITS, on_end=self.on_end)
        self.exchange = Exchange(
            self.sessions,
            may_subscribe=lambda principal, channel: channel != "/forbidden",
            new_id=lambda: f"id-{next(self.ids)}",
        )

        for principal in PRINCIPALS:  # most of what can go wrong needs a client that is ready
            client = self.handshake(principal, None)
            self.send([self.message(client, "/meta/subscribe", subscription="/v2/me/*")], principal)
            client.subscriptions.add("/v2/me/*")
            self.send([self.connect_message(client)], principal)
            client.connected = True
        for principal in (*PRINCIPALS, "ann"):
            self.sockets.append(Socket(self, principal))

    def client(self, pick):
        """Mostly one that lives."""
        living = self.living()
        return (
            living[pick % len(living)]
            if living and pick < 10
            else list(self.clients.values())[-pick % len(self.clients)]
        )

    def socket(self, spot):
        """A socket that is open, if any is at that spot."""
        if self.sockets[spot].closed:
            self.sockets[spot] = Socket(self, self.sockets[spot].principal)
        return self.sockets[spot]

    def on_end(self, session, why):
        assert self.clients[session].ended is None
        assert self.sessions.find(session.client_id) is None
        self.clients[session].ended = why

    # ------------------------------------------------------------ what both transports do

    def send(self, messages, principal, socket=None):
        """Give a batch to the exchange and do with its outcome what a transport does; the replies."""
        for message in messages:
            message["id"] = str(next(self.ids))
        requests = read(json.dumps(messages).encode(), LIMITS)
        origin = Origin(
            principal, f"http-{principal}", stream=socket, session=None if socket is None else socket.session
        )
        outcome = self.exchange.receive(requests, origin, self.now)
        answered = [reply["id"] for reply in outcome.replies]
        held = [outcome.hold.request.id] if outcome.hold else []
        assert answered + held == [message["id"] for message in messages]
        assert all(
            reply["channel"] == message["channel"] for reply, message in zip(outcome.replies, messages, strict=False)
        )
        session = outcome.session
        if session is not None and session not in self.clients:  # a handshake
            self.clients[session] = Client(session, principal, alive_until=self.now + LIMITS.first_connect)
        if socket is not None:
            assert outcome.events == []
            socket.session = session if session is not None and session.end is None else None
            socket.flush()
            if outcome.hold is not None:
                socket.keep(outcome.hold)
            if outcome.closes:
                socket.ended(1000, "disconnected")
            return outcome.replies
        self.write(session, outcome.events)
        if outcome.hold is not None:
            outcome.hold.wake = self.woken.append
            self.held.append(outcome.hold)
        return outcome.replies

    def write(self, session, events):
        if events:
            client = self.clients[session]
            assert client.writing == [], "two answers with events are under way, and their order is not defined"
            client.writing = list(events)

    def heard(self, client):
        if client.ended is None:
            hold = client.session.hold  # long-polling takes the session off its socket, and off the hold
            client.alive_until = (self.now if hold is None else hold.until) + LIMITS.max_interval

    def check_release(self, hold, outcome):
        (reply,) = outcome.replies
        assert (reply["id"], reply["channel"]) == (hold.request.id, "/meta/connect")
        client, end = self.clients[hold.session], hold.session.end
        if end in (End.SLOW, End.EXPIRED):
            assert (reply["successful"], reply["advice"]["reconnect"]) == (False, "handshake")
        elif end is not None:
            assert reply["advice"]["reconnect"] == "none"
        else:
            assert reply["successful"]
            client.alive_until = self.now + LIMITS.max_interval

    def check(self, reply, client):
        """The reply of anything but a handshake. True: the session lives and the message was about it."""
        if client.ended is None:
            return True
        assert (reply["successful"], reply["error"]) == (False, "402::Unknown client")
        if reply["channel"] == "/meta/connect":
            assert (reply["advice"]["reconnect"], reply["advice"]["interval"]) == ("handshake", 0)
        else:
            assert "advice" not in reply
        return False

    # ------------------------------------------------------------ what clients do

    @rule(principal=st.sampled_from(PRINCIPALS))
    def handshake_by_long_polling(self, principal):
        self.handshake(principal, None)

    @rule(spot=SPOT)
    def handshake_on_a_socket(self, spot):
        socket = self.socket(spot)
        self.handshake(socket.principal, socket)

    def handshake(self, principal, socket):
        before = len(self.sessions)
        of_principal = sum(client.principal == principal for client in self.living())
        replaced = socket is not None and socket.session is not None
        room = before - replaced < LIMITS.sessions and of_principal - replaced < LIMITS.sessions_per_principal
        (reply,) = self.send(
            [{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}], principal, socket
        )
        assert reply["successful"] == room
        if not room:
            assert reply["advice"]["reconnect"] == "handshake"
            return None
        return self.clients[self.sessions.find(reply["clientId"])]

    @rule(pick=PICK, timeout=st.sampled_from([None, 0, 5000, 10**6]), interval=st.sampled_from([None, 2000]))
    def connect_by_long_polling(self, pick, timeout, interval):
        client = self.client(pick)
        queued, writing, first = len(client.session.queue), bool(client.writing), not client.connected
        was_on_socket = client.session.stream is not None
        if was_on_socket and client.session.stream.reads:
            assert queued == 0 or writing
        replies = self.send([self.connect_message(client, timeout, interval)], client.principal)
        if client.ended is not None:
            self.check(replies[0], client)
            return
        client.connected = True
        held = not (first or timeout == 0 or (queued and not writing))
        assert replies == [] if held else replies[0]["successful"]
        if replies:
            assert ("advice" in replies[0]) == (timeout is not None or interval is not None)
        self.heard_connect(client)

    def connect_message(self, client, timeout=None, interval=None):
        message = {"channel": "/meta/connect", "clientId": client.session.client_id}
        advice = {"timeout": timeout, "interval": interval}
        if advice := {name: value for name, value in advice.items() if value is not None}:
            message["advice"] = advice
        return message

    def heard_connect(self, client):
        hold = client.session.hold
        client.alive_until = (self.now if hold is None else hold.until) + LIMITS.max_interval

    @rule(pick=PICK, spot=SPOT, timeout=st.sampled_from([None, 0]))
    def connect_on_a_socket(self, pick, spot, timeout):
        client = self.client(pick)
        socket = self.socket(spot)
        first = not client.connected
        may = socket.principal == client.principal and socket.session in (None, client.session)
        replies = self.send([self.connect_message(client, timeout)], socket.principal, socket)
        if client.ended is not None or not may:
            assert replies[0]["error"] == "402::Unknown client"
            assert replies[0]["advice"]["reconnect"] == "handshake"
            return
        client.connected = True
        assert (replies == []) == (not first and timeout is None)
        assert client.session.stream is socket, "the newest socket wins"
        assert [each for each in self.sockets if each.session is client.session] == [socket]
        self.heard_connect(client)

    @rule(pick=PICK, patterns=st.lists(st.sampled_from([*PATTERNS, "/forbidden", "/service/x"]), min_size=1))
    def subscribe(self, pick, patterns):
        client = self.client(pick)
        (reply,) = self.send([self.message(client, "/meta/subscribe", subscription=patterns)], client.principal)
        if self.check(reply, client):
            wanted = client.subscriptions | (set(patterns) - {"/service/x"})
            may = "/forbidden" not in patterns and len(wanted) <= LIMITS.subscriptions
            assert (reply["successful"], reply["subscription"]) == (may, patterns)
            if may:
                client.subscriptions = wanted
            self.heard(client)

    @rule(pick=PICK, pattern=st.sampled_from(PATTERNS))
    def unsubscribe(self, pick, pattern):
        client = self.client(pick)
        (reply,) = self.send([self.message(client, "/meta/unsubscribe", subscription=pattern)], client.principal)
        if self.check(reply, client):
            assert reply["successful"]
            client.subscriptions -= {pattern}
            self.heard(client)

    @rule(pick=PICK, pattern=st.sampled_from(PATTERNS), timeout=st.sampled_from([None, 5000]))
    def batch_with_two_connects(self, pick, pattern, timeout):
        client = self.client(pick)
        messages = [
            self.connect_message(client, timeout),
            self.message(client, "/meta/subscribe", subscription=pattern),
            self.connect_message(client),
        ]
        replies = self.send(messages, client.principal)
        assert len(replies) == 3
        living = [self.check(reply, client) for reply in replies]
        if all(living):
            client.connected = True
            assert replies[0]["successful"] and replies[2]["successful"]
            assert client.session.hold is None
            if replies[1]["successful"]:
                client.subscriptions |= {pattern}
            self.heard_connect(client)

    @rule(pick=PICK, spot=SPOT)
    def subscribe_on_a_socket(self, pick, spot):
        client = self.client(pick)
        socket = self.socket(spot)
        may = socket.principal == client.principal and socket.session in (None, client.session)
        (reply,) = self.send([self.message(client, "/meta/unsubscribe", subscription="/x")], socket.principal, socket)
        assert reply["successful"] == (client.ended is None and may)
        if reply["successful"]:
            assert client.session.stream is socket
            self.heard(client)

    @rule(pick=PICK)
    def another_user_knows_the_client_id(self, pick):
        client = self.client(pick)
        other = "bob" if client.principal == "ann" else "ann"
        replies = self.send([self.connect_message(client), self.message(client, "/meta/disconnect")], other)
        assert [reply["error"] for reply in replies] == ["402::Unknown client"] * 2

    @rule(pick=PICK)
    def disconnect_by_long_polling(self, pick):
        client = self.client(pick)
        (reply,) = self.send([self.message(client, "/meta/disconnect")], client.principal)
        if reply["successful"]:
            assert client.ended is End.DISCONNECTED
        else:
            assert client.ended is not None and "advice" not in reply

    @rule(spot=SPOT)
    def disconnect_on_a_socket(self, spot):
        socket = self.socket(spot)
        if socket.session is None:
            return
        client = self.clients[socket.session]
        (reply,) = self.send([self.message(client, "/meta/disconnect")], socket.principal, socket)
        assert reply["successful"] and client.ended is End.DISCONNECTED and socket.closed

    def message(self, client, channel, **members):
        return {"channel": channel, "clientId": client.session.client_id, **members}

    # ------------------------------------------------------------ what the network does

    @rule(spot=SPOT)
    def a_socket_breaks(self, spot):
        socket = self.socket(spot)
        client = self.clients.get(socket.session)
        held = client is not None and client.session.hold is not None
        socket.closed = True
        socket.leave()
        if client is not None:
            assert client.session.stream is None and client.session.hold is None
            if held or client.ended is None:
                client.alive_until = self.now + LIMITS.max_interval

    @rule(spot=SPOT)
    def a_peer_stops_or_starts_to_read(self, spot):
        socket = self.socket(spot)
        socket.reads = not socket.reads
        socket.flush()

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def a_held_connection_breaks(self, pick):
        hold = self.held[pick % len(self.held)]
        was_current = hold.session.hold is hold
        self.held.remove(hold)
        self.woken[:] = [each for each in self.woken if each is not hold]
        self.sessions.abandon(hold, self.now)
        assert hold.session.hold is not hold
        client = self.clients[hold.session]
        if was_current and client.ended is None:
            client.alive_until = self.now + LIMITS.max_interval

    @precondition(lambda self: self.woken)
    @rule()
    def the_handler_of_a_connect_goes_on(self):
        hold = self.woken.pop(0)
        self.held.remove(hold)
        current = hold.session.hold is hold
        outcome = self.exchange.release(hold, self.now)
        assert hold.session.hold is not hold
        if outcome is None:
            assert not current
            return
        assert current or hold.session.end is not None
        self.check_release(hold, outcome)
        self.write(hold.session, outcome.events)

    @precondition(lambda self: any(client.writing for client in self.clients.values()))
    @rule(pick=PICK, works=st.booleans())
    def an_answer_was_written_or_was_not(self, pick, works):
        writing = [client for client in self.clients.values() if client.writing]
        client = writing[pick % len(writing)]
        events, client.writing = client.writing, []
        if works:
            client.delivered += [event.position for event in events]
            self.sessions.written(client.session)
        else:
            session, was_ended = client.session, client.ended
            kept = [*events, *session.queue]
            fits = len(kept) <= LIMITS.queue_messages and sum(map(size, kept)) <= LIMITS.queue_bytes
            self.sessions.give_back(session, events)
            assert client.ended is (was_ended or (None if fits else End.SLOW))

    # ------------------------------------------------------------ what the server does

    @rule(principal=st.sampled_from(PRINCIPALS), channel=st.sampled_from(CHANNELS), padding=st.integers(0, 30))
    def publish(self, principal, channel, padding):
        self.publish_one(principal, channel, padding)

    @rule(principal=st.sampled_from(PRINCIPALS), count=st.integers(2, 6))
    def publish_many(self, principal, count):
        for _ in range(count):
            self.publish_one(principal, "/v2/me/calls", 0)

    def publish_one(self, principal, channel, padding):
        number = next(self.numbers)
        event = Event(channel, b"x" * (20 + padding), number)
        wanting = [
            client
            for client in self.living()
            if client.principal == principal and client.subscriptions & FITTING[channel]
        ]
        full = []
        for client in wanting:
            session = client.session
            reads = session.stream is not None and session.stream.reads and not client.writing
            kept = [event] if reads else [*session.queue, event]
            if len(kept) > LIMITS.queue_messages or sum(map(size, kept)) > LIMITS.queue_bytes:
                full.append(client)
            else:
                client.expected.append(number)
        told = self.sessions.publish(principal, event)
        assert {client.session for client in wanting} - set(told) == {client.session for client in full}
        assert [client.ended for client in full] == [End.SLOW] * len(full)
        for session in told:
            self.sessions.tell(session)

    @rule(seconds=st.sampled_from([1.0, 9.0, 11.0, 31.0]))
    def time_passes(self, seconds):
        target = self.now + seconds
        holds = [*self.held, *(socket.hold for socket in self.sockets if socket.hold)]
        for hold in sorted(holds, key=lambda each: each.until):
            if hold.until <= target:
                self.now = max(self.now, hold.until)
                hold.over(HoldEnd.TIMEOUT)
                while self.woken:
                    self.the_handler_of_a_connect_goes_on()
        self.now = target
        living = self.living()
        self.sessions.sweep(self.now)
        for client in living:
            if client.ended is not None:
                assert client.ended is End.EXPIRED and self.now >= client.alive_until
            else:
                assert self.now < client.alive_until + LONGEST_SILENCE

    @rule(principal=st.sampled_from(PRINCIPALS))
    def an_http_session_ends(self, principal):
        of_principal = [client for client in self.living() if client.principal == principal]
        self.sessions.end_http_session(f"http-{principal}")
        assert all(client.ended is End.SIGNED_OUT for client in of_principal)

    @rule(pick=PICK)
    def the_server_drains(self, pick):
        client = self.client(pick)
        if client.session.hold is not None:
            client.session.hold.over(HoldEnd.DRAINED, pause=1.5)

    # ------------------------------------------------------------ what always holds

    def living(self):
        return [client for client in self.clients.values() if client.ended is None]

    @invariant()
    def nothing_is_lost_or_repeated_or_out_of_order(self):
        for client in self.clients.values():
            writing = [event.position for event in client.writing]
            queued = [event.position for event in client.session.queue]
            if client.ended is None:
                assert client.delivered + writing + queued == client.expected
            else:
                assert queued == []
                told = client.delivered + writing
                assert told == client.expected[: len(told)]

    @invariant()
    def queues_keep_their_limits(self):
        for client in self.clients.values():
            assert len(client.session.queue) <= LIMITS.queue_messages
            assert client.session.queued_bytes == sum(map(size, client.session.queue)) <= LIMITS.queue_bytes

    @invariant()
    def what_can_be_told_is_on_its_way(self):
        for client in self.living():
            session = client.session
            if session.queue and not client.writing:
                if session.stream is not None:
                    assert not session.stream.reads
                elif session.hold is not None:
                    assert session.hold.end is not None and session.hold in self.woken

    @invariant()
    def every_hold_and_socket_belongs_to_a_living_session(self):
        for client in self.clients.values():
            session = client.session
            if client.ended is not None:
                assert session.hold is None and session.stream is None
            else:
                assert session.stream is None or (session.stream.session is session and not session.stream.closed)
                assert session.hold is None or session.hold.session is session
                assert session.hold is None or (session.stream is None) == (session.hold in self.held)
        for hold in self.held:
            assert (hold.end is None) == (hold not in self.woken)
            assert hold.end is not None or hold.session.hold is hold, "nobody would ever answer it"
            assert self.woken.count(hold) <= 1

    @invariant()
    def the_indices_hold_the_living_and_nobody_else(self):
        living = {client.session for client in self.living()}
        sessions = self.sessions
        assert set(sessions) == living and len(sessions) == len(living)
        for index in (sessions._by_principal, sessions._by_http_session):
            assert all(index.values()), "an empty index entry is a leak"
            assert {session for each in index.values() for session in each.values()} == living

    def teardown(self):
        if not hasattr(self, "sessions"):
            return
        self.now += LIMITS.timeout + LONGEST_SILENCE + 100
        self.sessions.sweep(self.now)
        assert self.living() == []
        assert not (self.sessions._by_principal or self.sessions._by_http_session or self.sessions._looks)


def size(event):
    return len(event.payload)


TestConversations = Conversations.TestCase
TestConversations.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)
