"""Who sees which calls."""

import pytest

from dialbridge.v1.call_pb2 import CALL_STATE_DIALING, CALL_STATE_ESTABLISHED
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR
from server.principal import Principal
from server.visibility import Sight, sees

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


@pytest.mark.parametrize("principal", [SUPERVISOR, SERVICE])
def test_who_may_see_all_and_wants_all_needs_no_predicate(principal):
    assert sees(principal, CallFilter()) is None
