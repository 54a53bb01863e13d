"""The simulated exchange, played without a clock."""

import random

import pytest

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server.call_commands import (
    Answer,
    AttachUserData,
    DeleteUserData,
    DeleteUserDataPair,
    Hangup,
    SendDtmf,
    UpdateUserData,
)
from server.call_events import CallEstablished
from server.switch import DialOrder, SwitchRejected, SwitchUnavailable
from server.switches.exchange import Exchange
from server.switches.scenario import Scenario

LOCAL = {"5005": "d5", "5006": "d6", "5007": "d7"}


def exchange(scenario=None, **limits):
    return Exchange(
        scenario or Scenario.demo(),
        local_devices=LOCAL,
        lines=dict.fromkeys(LOCAL.values(), 1),
        chance=random.Random(0),
        **limits,
    )


def order(to, device="d5", call_id="c1", ring_timeout=60.0, **more):
    numbers = {device_id: number for number, device_id in LOCAL.items()}
    return DialOrder(
        call_id=call_id,
        conn_id="0" * 16,
        device_id=device,
        device_number=numbers[device],
        destination=to,
        ring_timeout=ring_timeout,
        **more,
    )


def pairs(**values):
    return UserData(pairs=[UserDataPair(key=key, value=Value(int_value=value)) for key, value in values.items()])


def story(events):
    """What happened, in short."""
    return [
        (
            round(event.at, 3),
            event.device_id,
            type(event).__name__ + ("!" if getattr(event, "state", None) == pb.CALL_STATE_RINGING else ""),
            *([pb.ReleaseCause.Name(event.cause).removeprefix("RELEASE_CAUSE_")] if hasattr(event, "cause") else []),
        )
        for event in events
    ]


@pytest.mark.parametrize(
    ("number", "follows"),
    [
        ("5001", [(1, "d5", "CallEstablished")]),
        ("5002", [(0.2, "d5", "CallReleased", "BUSY")]),
        ("5003", [(20, "d5", "CallReleased", "NO_ANSWER")]),
        ("5004", [(1, "d5", "CallEstablished"), (4, "d5", "CallReleased", "REMOTE_HANGUP")]),
        ("5099", [(0.2, "d5", "CallReleased", "INVALID_NUMBER")]),
        ("4711", [(2, "d5", "CallEstablished")]),
        ("+14105550951", [(2, "d5", "CallEstablished")]),
    ],
)
def test_the_numbers_of_the_demo_do_what_they_promise(number, follows):
    switch = exchange()
    begin = switch.dial(order(number), 0.0)
    assert story(begin) == [(0, "d5", "CallAppeared")]
    assert story(switch.advance(3600.0)) == follows


def test_a_call_that_nobody_ends_stays_up_until_somebody_hangs_up():
    switch = exchange()
    switch.dial(order("5001"), 0.0)
    switch.advance(86_400.0)
    assert story(switch.control("c1", "d5", Hangup(), 86_401.0)) == [(86_401, "d5", "CallReleased", "LOCAL_HANGUP")]
    assert switch.views() == []


def test_a_call_is_given_up_when_it_rings_longer_than_the_order_allows():
    switch = exchange()
    switch.dial(order("5003", ring_timeout=5.0), 0.0)
    assert story(switch.advance(60.0)) == [(5, "d5", "CallReleased", "NO_ANSWER")]
    switch.dial(order("5001", ring_timeout=0.5, call_id="c2"), 60.0)
    assert story(switch.advance(100.0)) == [(60.5, "d5", "CallReleased", "NO_ANSWER")]


def test_the_first_event_of_a_dial_says_what_the_switch_knows():
    (event,) = exchange().dial(order("5001", user_data=pairs(a=1)), 7.0)
    assert (event.dnis, event.call_type, event.ani, event.user_data) == (
        "5001",
        pb.CALL_TYPE_INTERNAL,
        "",
        pairs(a=1),
    )
    assert [(pair.key, pair.value.int_value) for pair in event.extensions.pairs] == [
        ("WrapUpTime", 0),
        ("BusinessCall", 0),
    ]
    assert event.participants == (
        pb.Party(phone_number="5001", e164_number="", formatted_phone_number="5001", digits="5001"),
    )


def test_a_long_number_is_outside_and_shows_its_e164_form():
    (event,) = exchange().dial(order("+14105550951"), 0.0)
    assert event.call_type == pb.CALL_TYPE_OUTBOUND
    assert (event.participants[0].e164_number, event.participants[0].digits) == ("+14105550951", "14105550951")


def test_two_local_devices_talk_and_both_see_the_call():
    switch = exchange()
    own, rings = switch.dial(order("5006", user_data=pairs(a=1)), 0.0)
    assert (rings.state, rings.device_id, rings.ani, rings.dnis) == (pb.CALL_STATE_RINGING, "d6", "5005", "5006")
    assert (rings.call_id, rings.conn_id, rings.user_data) == (own.call_id, own.conn_id, pairs(a=1))
    assert rings.participants[0].phone_number == "5005"
    answered = switch.control("c1", "d6", Answer(), 3.0)
    assert story(answered) == [(3, "d5", "CallEstablished"), (3, "d6", "CallEstablished")]
    changed = switch.control("c1", "d6", AttachUserData(pairs(b=2)), 4.0)
    assert [(event.device_id, event.user_data) for event in changed] == [
        ("d5", pairs(a=1, b=2)),
        ("d6", pairs(a=1, b=2)),
    ]
    assert story(switch.control("c1", "d5", SendDtmf("5"), 5.0)) == [(5, "d5", "DtmfSent")]
    assert story(switch.control("c1", "d6", Hangup(), 6.0)) == [
        (6, "d5", "CallReleased", "REMOTE_HANGUP"),
        (6, "d6", "CallReleased", "LOCAL_HANGUP"),
    ]
    assert switch.advance(1e6) == []


def test_a_local_device_that_does_not_answer_is_given_up_on_both_sides():
    switch = exchange()
    switch.dial(order("5006"), 0.0)
    assert story(switch.advance(60.0)) == [
        (60, "d5", "CallReleased", "NO_ANSWER"),
        (60, "d6", "CallReleased", "NO_ANSWER"),
    ]


def test_a_caller_who_hangs_up_stops_the_ringing():
    switch = exchange()
    switch.dial(order("5006"), 0.0)
    assert story(switch.control("c1", "d5", Hangup(), 1.0)) == [
        (1, "d5", "CallReleased", "LOCAL_HANGUP"),
        (1, "d6", "CallReleased", "REMOTE_HANGUP"),
    ]


def test_a_local_device_on_the_phone_is_busy():
    switch = exchange()
    switch.dial(order("5001", device="d6", call_id="c0"), 0.0)
    events = switch.dial(order("5006"), 0.0) + switch.advance(0.3)
    assert story(events) == [(0, "d5", "CallAppeared"), (0.2, "d5", "CallReleased", "BUSY")]


@pytest.mark.parametrize(
    ("device", "command"), [("d6", Hangup()), ("d6", SendDtmf("1")), ("d5", Answer()), ("d7", Hangup())]
)
def test_what_cannot_be_done_now_is_rejected_and_changes_nothing(device, command):
    switch = exchange()
    switch.dial(order("5006"), 0.0)
    with pytest.raises(SwitchRejected) as rejected:
        switch.control("c1", device, command, 1.0)
    assert rejected.value.code
    assert story(switch.control("c1", "d6", Answer(), 2.0))


def test_an_unknown_call_is_rejected():
    with pytest.raises(SwitchRejected, match="Invalid Connection ID"):
        exchange().control("nothing", "d5", Hangup(), 0.0)


def test_user_data_is_updated_and_deleted():
    switch = exchange()
    switch.dial(order("5001", user_data=pairs(a=1, b=2)), 0.0)
    assert switch.control("c1", "d5", UpdateUserData(pairs(b=3, c=4)), 0.1)[0].user_data == pairs(a=1, b=3, c=4)
    assert switch.control("c1", "d5", DeleteUserDataPair("b"), 0.2)[0].user_data == pairs(a=1, c=4)
    assert switch.control("c1", "d5", DeleteUserData(), 0.3)[0].user_data == UserData()


def scenario(text):
    return Scenario.from_toml(text, "test.toml")


def test_a_switch_can_refuse_the_order_or_be_away():
    switch = exchange(
        scenario(
            '[[numbers]]\nnumber="1"\noutcome="refuse-order"\ncode="7"\nmessage="not here"\n'
            '[[numbers]]\nnumber="2"\noutcome="unreachable"\n'
        )
    )
    with pytest.raises(SwitchRejected, match="not here") as rejected:
        switch.dial(order("1"), 0.0)
    assert rejected.value.code == "7"
    with pytest.raises(SwitchUnavailable):
        switch.dial(order("2"), 0.0)
    assert switch.views() == []


def test_a_number_without_a_rule_does_not_exist():
    switch = exchange(scenario('[[numbers]]\nnumber="1"\n'))
    switch.dial(order("2"), 0.0)
    assert story(switch.advance(1.0)) == [(0.2, "d5", "CallReleased", "INVALID_NUMBER")]


MIX = """
seed = 7
[[numbers]]
number = "8*"
[[numbers.mix]]
outcome = "answer"
after = [1, 5]
weight = 3
[[numbers.mix]]
outcome = "busy"
weight = 1
"""


def play_many(text, count=2000):
    read = scenario(text)
    switch = Exchange(read, local_devices={}, lines={}, chance=random.Random(read.seed))
    events = []
    for number in range(count):
        switch.dial(order("800", call_id=f"c{number}"), 0.0)
    events += switch.advance(100.0)
    return events


def test_a_mix_is_played_by_its_weights_and_the_same_every_time():
    events = play_many(MIX)
    assert story(events) == story(play_many(MIX))
    answers = [event for event in events if isinstance(event, CallEstablished)]
    assert 0.70 < len(answers) / 2000 < 0.80
    assert all(1 <= event.at <= 5 for event in answers)
    assert story(play_many(MIX.replace("seed = 7", "seed = 8"))) != story(events)


def test_a_load_calls_the_devices_in_turn_and_hangs_up():
    switch = exchange(
        scenario('[load]\ncalls_per_second = 2\nto = ["5005", "5006"]\nanswer_after = 0.1\nhang_up_after = 0.9\n')
    )
    switch.begin(0.0)
    assert story(switch.advance(1.95)) == [
        (0, "d5", "CallAppeared!"),
        (0.1, "d5", "CallEstablished"),
        (0.5, "d6", "CallAppeared!"),
        (0.6, "d6", "CallEstablished"),
        (0.9, "d5", "CallReleased", "REMOTE_HANGUP"),
        (1.0, "d5", "CallAppeared!"),
        (1.1, "d5", "CallEstablished"),
        (1.4, "d6", "CallReleased", "REMOTE_HANGUP"),
        (1.5, "d6", "CallAppeared!"),
        (1.6, "d6", "CallEstablished"),
        (1.9, "d5", "CallReleased", "REMOTE_HANGUP"),
    ]


def test_a_load_call_to_a_busy_device_is_not_made():
    switch = exchange(scenario('[load]\ncalls_per_second = 1\nto = ["5005"]\nhang_up_after = 100\n'))
    switch.begin(0.0)
    assert len(switch.advance(50.0)) == 1


def test_the_number_of_calls_is_bounded():
    switch = exchange(max_calls=1)
    switch.dial(order("5001"), 0.0)
    with pytest.raises(SwitchRejected, match="All trunks busy"):
        switch.dial(order("5001", device="d6", call_id="c2"), 0.0)


def released(events, device_id="d5"):
    causes = [event.cause for event in events if hasattr(event, "cause") and event.device_id == device_id]
    return [pb.ReleaseCause.Name(cause) for cause in causes]


def test_a_device_that_is_not_to_be_disturbed_is_busy_until_it_may_be_again():
    room = exchange()
    room.set_do_not_disturb("d6", True)
    room.dial(order("5006"), 0.0)
    assert released(room.advance(5.0)) == ["RELEASE_CAUSE_BUSY"]
    room.set_do_not_disturb("d6", False)
    events = room.dial(order("5006", call_id="c2"), 6.0)
    assert {event.device_id for event in events} == {"d5", "d6"}


def test_a_call_to_a_forwarded_device_rings_where_it_is_sent():
    room = exchange()
    room.set_forwarding("d6", "5007")
    events = room.dial(order("5006"), 0.0)
    assert {event.device_id for event in events} == {"d5", "d7"}
    room.control("c1", "d5", Hangup(), 1.0)
    room.set_forwarding("d6", "")
    events = room.dial(order("5006", call_id="c2"), 2.0)
    assert {event.device_id for event in events} == {"d5", "d6"}


def test_a_call_can_be_forwarded_to_the_outside():
    room = exchange()
    room.set_forwarding("d6", "5001")
    room.dial(order("5006"), 0.0)
    assert any(isinstance(event, CallEstablished) for event in room.advance(5.0))


def test_a_call_that_is_sent_round_in_a_circle_finds_it_busy():
    room = exchange()
    room.set_forwarding("d6", "5007")
    room.set_forwarding("d7", "5006")
    room.dial(order("5006"), 0.0)
    assert released(room.advance(5.0)) == ["RELEASE_CAUSE_BUSY"]
