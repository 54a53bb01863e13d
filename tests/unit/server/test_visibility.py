"""Who sees which calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialbridge.v1.call_pb2 import CALL_STATE_DIALING, CALL_STATE_ESTABLISHED
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR
from server.principal import Principal
from server.visibility import Sight, sees, signs

AGENT = Principal("agent1", frozenset({ROLE_AGENT}), frozenset({"d1"}), frozenset())
SUPERVISOR = Principal("supervisor1", frozenset({ROLE_SUPERVISOR}), frozenset(), frozenset())
SERVICE = Principal("bridge", frozenset({ROLE_SERVICE}), frozenset(), frozenset())
OWN = Sight("c1", "d1", "agent1", CALL_STATE_DIALING)
OTHER = Sight("c2", "d2", "agent2", CALL_STATE_ESTABLISHED)


@pytest.mark.parametrize(
    ("principal", "wanted", "seen"),
    [
        (AGENT, CallFilter(), {OWN}),
        (AGENT, CallFilter(device_ids=["d2"]), set()),
        (AGENT, CallFilter(device_ids=["d1", "d2"]), {OWN}),
        (AGENT, CallFilter(call_ids=["c2"]), set()),
        (SUPERVISOR, CallFilter(device_ids=["d2"]), {OTHER}),
        (SUPERVISOR, CallFilter(user_names=["agent1"]), {OWN}),
        (SUPERVISOR, CallFilter(call_ids=["c2"]), {OTHER}),
        (SUPERVISOR, CallFilter(states=[CALL_STATE_ESTABLISHED]), {OTHER}),
        (SUPERVISOR, CallFilter(states=[CALL_STATE_ESTABLISHED], user_names=["agent1"]), set()),
        (SERVICE, CallFilter(user_names=["agent1", "agent2"]), {OWN, OTHER}),
    ],
)
def test_a_caller_sees_what_is_both_allowed_and_wanted(principal, wanted, seen):
    predicate = sees(principal, wanted)
    assert {sight for sight in (OWN, OTHER) if predicate(sight)} == seen


@given(
    st.sampled_from([AGENT, SUPERVISOR, SERVICE]),
    st.lists(st.sampled_from(["d1", "d2"])),
    st.lists(st.sampled_from(["agent1", "agent2"])),
    st.lists(st.sampled_from(["c1", "c2"])),
)
def test_what_is_seen_has_one_of_the_signs(principal, device_ids, user_names, call_ids):
    wanted = CallFilter(device_ids=device_ids, user_names=user_names, call_ids=call_ids)
    predicate, known_by = sees(principal, wanted), signs(principal, wanted)
    for sight in (OWN, OTHER):
        if predicate is None or predicate(sight):
            assert known_by is None or known_by & {sight.device_id, sight.user_name, sight.call_id}


@pytest.mark.parametrize(
    ("principal", "wanted", "expected"),
    [
        (AGENT, CallFilter(), {"d1"}),
        (AGENT, CallFilter(device_ids=["d2"]), set()),
        (SUPERVISOR, CallFilter(user_names=["agent1"], call_ids=["c1"]), {"agent1"}),
        (SERVICE, CallFilter(call_ids=["c1"]), {"c1"}),
        (SUPERVISOR, CallFilter(states=[CALL_STATE_DIALING]), None),
        (SUPERVISOR, CallFilter(), None),
    ],
)
def test_who_sees_a_part_is_found_by_it(principal, wanted, expected):
    assert signs(principal, wanted) == expected


@pytest.mark.parametrize("principal", [SUPERVISOR, SERVICE])
def test_who_may_see_all_and_wants_all_needs_no_predicate(principal):
    assert sees(principal, CallFilter()) is None
