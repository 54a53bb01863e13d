import itertools
import json

import pytest

from bridge.bayeux.exchange import Exchange, Origin
from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import read
from bridge.bayeux.session import End, HoldEnd
from bridge.bayeux.sessions import Sessions

LIMITS = Limits(timeout=30.0, max_interval=10.0)


class Talk:
    """One user who speaks to the exchange."""

    def __init__(self):
        self.sessions = Sessions(LIMITS, on_end=lambda session, why: None)
        numbers = itertools.count(1)
        self.exchange = Exchange(
            self.sessions, may_subscribe=lambda principal, channel: True, new_id=lambda: f"id{next(numbers)}"
        )
        self.now = 0.0

    def send(self, *messages, **origin):
        requests = read(json.dumps(messages).encode(), LIMITS)
        return self.exchange.receive(requests, Origin("ann", "h", **origin), self.now)

    def handshake(self, **members):
        return self.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"], **members})

    def ready(self):
        session = self.handshake().session
        self.connect(session)
        return session

    def connect(self, session, **members):
        return self.send({"channel": "/meta/connect", "clientId": session.client_id, **members})


@pytest.fixture
def talk():
    return Talk()


@pytest.mark.parametrize("offered", [None, [], "long-polling", ["callback-polling"], [5], {"websocket": 1}])
def test_without_a_transport_in_common_there_is_no_session_and_no_second_try(talk, offered):
    outcome = talk.send({"channel": "/meta/handshake", "supportedConnectionTypes": offered})
    (reply,) = outcome.replies
    assert (reply["successful"], reply["error"][:3], reply["advice"]["reconnect"]) == (False, "400", "none")
    assert "clientId" not in reply
    assert len(talk.sessions) == 0


def test_a_second_handshake_in_a_batch_has_no_session(talk):
    handshake = {"channel": "/meta/handshake", "supportedConnectionTypes": ["websocket"]}
    replies = talk.send(handshake, handshake).replies
    assert [reply["successful"] for reply in replies] == [True, False]
    assert len(talk.sessions) == 1


def test_a_handshake_that_names_its_old_session_ends_it(talk):
    old = talk.ready()
    new = talk.handshake(clientId=old.client_id).session
    assert old.end is End.REPLACED
    assert list(talk.sessions) == [new]


def test_a_browser_gets_its_cookie_once_and_its_session_is_bound_to_it(talk):
    outcome = talk.handshake()
    assert outcome.browser
    message = {"channel": "/meta/connect", "clientId": outcome.session.client_id}
    assert talk.send(message, browser="another").replies[0]["error"] == "402::Unknown client"
    again = talk.send(message, browser=outcome.browser)
    assert again.replies[0]["successful"]
    assert again.browser == ""


@pytest.mark.parametrize(
    ("asked", "until"), [(None, 30.0), (5000, 5.0), (10**9, 30.0), (10**400, 30.0), (-1, 30.0), ("x", 30.0)]
)
def test_a_client_may_ask_for_a_shorter_hold_and_never_for_a_longer_one(talk, asked, until):
    outcome = talk.connect(talk.ready(), advice={"timeout": asked})
    assert outcome.hold.until == until


def test_a_client_may_ask_for_a_pause_which_prolongs_its_session(talk):
    session = talk.ready()
    talk.connect(session, advice={"timeout": 0, "interval": 4000})
    talk.sessions.sweep(13.9)
    assert session.end is None
    talk.sessions.sweep(14.0)
    assert session.end is End.EXPIRED


@pytest.mark.parametrize(
    ("end", "successful", "reconnect"),
    [
        (End.DISCONNECTED, True, "none"),
        (End.SIGNED_OUT, True, "none"),
        (End.SLOW, False, "handshake"),
        (End.EXPIRED, False, "handshake"),
    ],
)
def test_the_end_of_a_session_is_told_by_the_held_connect(talk, end, successful, reconnect):
    session = talk.ready()
    hold = talk.connect(session).hold
    talk.sessions.end(session, end)
    (reply,) = talk.exchange.release(hold, 1.0).replies
    assert (reply["successful"], reply["advice"]["reconnect"]) == (successful, reconnect)


def test_an_end_that_comes_after_the_hold_was_over_is_still_told(talk):
    session = talk.ready()
    hold = talk.connect(session).hold
    hold.over(HoldEnd.EVENTS)
    talk.sessions.end(session, End.SLOW)
    (reply,) = talk.exchange.release(hold, 1.0).replies
    assert (reply["successful"], reply["advice"]["reconnect"]) == (False, "handshake")


def test_who_is_sent_away_by_a_drain_is_told_when_to_come_back(talk):
    hold = talk.connect(talk.ready()).hold
    hold.over(HoldEnd.DRAINED, pause=1.25)
    (reply,) = talk.exchange.release(hold, 1.0).replies
    assert (reply["successful"], reply["advice"]) == (True, {"reconnect": "retry", "interval": 1250, "timeout": 30000})


def test_a_batch_is_about_one_session(talk):
    first, second = talk.ready(), talk.ready()
    replies = talk.send(
        *(
            {"channel": "/meta/unsubscribe", "subscription": "/a", "clientId": each.client_id}
            for each in (first, second)
        )
    ).replies
    assert [reply["successful"] for reply in replies] == [True, False]
