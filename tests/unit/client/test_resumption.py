import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialbridge_client.errors import DialbridgeError
from dialbridge_client.resumption import (
    LONGEST_PAUSE,
    SHORTEST_PAUSE,
    Next,
    Step,
    after_dial,
    after_watch,
    pause_before,
)

Code = grpc.StatusCode


def error(code, reason="", retry_after=None):
    return DialbridgeError(code, reason, "text", retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "next_"),
    [
        (error(Code.UNAVAILABLE), Next.RESUME),
        (error(Code.UNAVAILABLE, "SERVER_DRAINING"), Next.RESUME),
        (error(Code.RESOURCE_EXHAUSTED, "SLOW_CONSUMER"), Next.RESUME),
        (error(Code.RESOURCE_EXHAUSTED, "OVERLOADED"), Next.RESUME),
        (error(Code.DEADLINE_EXCEEDED), Next.RESUME),
        (error(Code.CANCELLED), Next.RESUME),
        (error(Code.INTERNAL), Next.RESUME),
        (error(Code.UNKNOWN), Next.RESUME),
        (error(Code.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"), Next.BEGIN_ANEW),
        (error(Code.UNAUTHENTICATED, "NOT_AUTHENTICATED"), Next.GIVE_UP),
        (error(Code.PERMISSION_DENIED, "ROLE_MISSING"), Next.GIVE_UP),
        (error(Code.INVALID_ARGUMENT, "FIELD_INVALID"), Next.GIVE_UP),
        (error(Code.UNIMPLEMENTED), Next.GIVE_UP),
    ],
)
def test_a_watch_goes_on_unless_trying_again_gives_the_same_answer(error, next_):
    assert after_watch(error, 1, 0.5).next is next_


@pytest.mark.parametrize(
    ("error", "next_"),
    [
        (error(Code.UNAVAILABLE), Next.RESUME),
        (error(Code.UNAVAILABLE, "SWITCH_UNAVAILABLE"), Next.RESUME),
        (error(Code.UNAVAILABLE, "SERVER_DRAINING"), Next.RESUME),
        (error(Code.UNAVAILABLE, "JOURNAL_UNAVAILABLE"), Next.RESUME),
        (error(Code.UNKNOWN, "DIAL_OUTCOME_UNKNOWN"), Next.GIVE_UP),
        (error(Code.UNKNOWN), Next.GIVE_UP),
        (error(Code.DEADLINE_EXCEEDED), Next.GIVE_UP),
        (error(Code.FAILED_PRECONDITION, "SWITCH_REJECTED"), Next.GIVE_UP),
        (error(Code.ALREADY_EXISTS, "REQUEST_ID_REUSED"), Next.GIVE_UP),
    ],
)
def test_a_dial_is_repeated_only_where_nothing_happened_or_its_request_id_makes_it_safe(error, next_):
    assert after_dial(error, 1, 0.5).next is next_


def test_the_server_s_own_time_to_come_back_counts():
    assert after_watch(error(Code.RESOURCE_EXHAUSTED, "SLOW_CONSUMER", 0.0), 1, 0.5) == Step(Next.RESUME, 0.0)
    assert after_watch(error(Code.UNAVAILABLE, "", 3.0), 1, 0.5).pause == 3.0
    assert after_watch(error(Code.UNAVAILABLE, "", 0.0), 5, 0.5).pause > 0
    assert after_dial(error(Code.UNAVAILABLE, "SWITCH_UNAVAILABLE", 3.0), 1, 0.5).pause == 3.0


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_double_are_spread_and_have_bounds(attempt, spread):
    pause = pause_before(attempt, spread)
    assert SHORTEST_PAUSE / 2 <= pause <= LONGEST_PAUSE
    assert pause_before(attempt + 1, spread) >= pause
