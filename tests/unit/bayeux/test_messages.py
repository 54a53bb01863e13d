import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.bayeux.limits import Limits
from bridge.bayeux.messages import Event, MalformedBatch, advice, encode, read

LIMITS = Limits()


def request_of(**members):
    (request,) = read(json.dumps(members).encode(), LIMITS)
    return request


def test_an_array_and_a_bare_object_are_both_taken():
    one = {"channel": "/meta/connect", "id": "1", "clientId": "c"}
    for body in (one, [one]):
        (request,) = read(json.dumps(body).encode(), LIMITS)
        assert (request.channel, request.id, request.client_id) == ("/meta/connect", "1", "c")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"[", "not JSON"),
        (b"[]", "empty array"),
        (b"[1]", "must be an object"),
        (b"[[{}]]", "must be an object"),
        (b'"x"', "must be an object"),
        (b"null", "must be an object"),
        (b'[{"a":NaN}]', "NaN"),
        (b"\xff", "UTF-8"),
        (b'[{"a":"\\ud800"}]', "surrogate"),
        (b"[" * 100 + b"]" * 100, "nested"),
        (json.dumps([{}] * 101).encode(), "more than 100 messages"),
    ],
)
def test_what_is_no_batch_is_refused_in_words(body, why):
    with pytest.raises(MalformedBatch, match=why):
        read(body, LIMITS)


@pytest.mark.parametrize(
    ("given_value", "seconds"),
    [
        (0, 0.0),
        (1500, 1.5),
        (2.5, 0.0025),
        (-1, None),
        (True, None),
        ("5", None),
        (None, None),
        ([], None),
        (10**400, 10**9),
    ],
)
def test_a_time_is_read_from_milliseconds_and_nonsense_is_no_time(given_value, seconds):
    assert request_of(advice={"timeout": given_value}).number("advice", "timeout") == seconds


@pytest.mark.parametrize("outer", [None, [], "x", 5])
def test_there_is_no_time_in_what_is_no_object(outer):
    assert request_of(advice=outer).number("advice", "timeout") is None


@pytest.mark.parametrize(
    ("members", "reply"),
    [
        ({"channel": "/a", "id": "7"}, {"channel": "/a", "id": "7", "successful": True}),
        ({"channel": "/a", "id": 7}, {"channel": "/a", "id": 7, "successful": True}),
        ({"channel": "/a"}, {"channel": "/a", "successful": True}),
        ({"channel": 5, "id": True}, {"successful": True}),
        ({"channel": "/a", "id": ["7"]}, {"channel": "/a", "successful": True}),
    ],
)
def test_a_reply_has_the_channel_and_the_id_of_its_request(members, reply):
    assert request_of(**members).answer() == reply


def test_a_refusal_says_so_and_why():
    assert request_of(channel="/a").answer(error="403::no", subscription="/b") == {
        "channel": "/a",
        "successful": False,
        "error": "403::no",
        "subscription": "/b",
    }


def test_events_stand_before_replies_in_one_array():
    events = [Event("/a", b'{"data":1,"channel":"/a"}'), Event("/a", b'{"data":2,"channel":"/a"}')]
    assert json.loads(encode(events, [{"channel": "/meta/connect", "successful": True}])) == [
        {"data": 1, "channel": "/a"},
        {"data": 2, "channel": "/a"},
        {"channel": "/meta/connect", "successful": True},
    ]
    assert encode([], []) == b"[]"


def test_advice_is_whole_and_in_milliseconds():
    limits = Limits(timeout=2.5, interval=0.25)
    assert advice("retry", limits) == {"reconnect": "retry", "interval": 250, "timeout": 2500}
    assert advice("handshake", limits, interval=0) == {"reconnect": "handshake", "interval": 0, "timeout": 2500}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aä/\\"', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('aä/\\"', max_size=5), inner, max_size=3),
    max_leaves=10,
)


members = st.sampled_from(["channel", "id", "clientId", "advice", "data", "ext"])


@given(st.dictionaries(members, json_values))
def test_whatever_stands_in_a_message_it_can_be_answered(members):
    (request,) = read(json.dumps([members]).encode(), LIMITS)
    request.number("advice", "timeout")
    reply = request.answer(error="400::x")
    assert json.loads(encode([], [reply])) == [reply]
