import pytest

from bridge.gws import back_off
from bridge.gws.circuit_breaker import FAILURES, LONGEST, SHORTEST, CircuitBreaker


@pytest.fixture
def breaker():
    return CircuitBreaker(lambda: 0.5)


def fail(breaker, now, times=FAILURES):
    for _ in range(times):
        assert breaker.enter(now) == 0
        breaker.failed(now)


def test_some_failures_and_a_success_leave_it_closed(breaker):
    fail(breaker, 0, FAILURES - 1)
    breaker.succeeded()
    fail(breaker, 0, FAILURES - 1)
    assert not breaker.is_open(0)


def test_many_failures_in_a_row_open_it_for_a_while(breaker):
    fail(breaker, 0)
    assert breaker.enter(0) == SHORTEST
    assert breaker.enter(0.25) == pytest.approx(SHORTEST - 0.25)


def test_then_one_may_try_while_the_others_wait(breaker):
    fail(breaker, 0)
    assert breaker.enter(SHORTEST) == 0
    assert breaker.enter(SHORTEST) > 0
    breaker.succeeded()
    assert breaker.enter(SHORTEST) == 0


def test_a_trial_that_fails_doubles_the_pause_up_to_the_longest(breaker):
    fail(breaker, 0)
    now, pauses = 0.0, []
    for _ in range(8):
        now += breaker.enter(now)
        assert breaker.enter(now) == 0
        breaker.failed(now)
        pauses.append(breaker.enter(now))
    assert pauses[:3] == [2 * SHORTEST, 4 * SHORTEST, 8 * SHORTEST]
    assert pauses[-1] == LONGEST


def test_a_trial_that_was_given_up_lets_another_try(breaker):
    fail(breaker, 0)
    assert breaker.enter(SHORTEST) == 0
    breaker.left()
    assert breaker.enter(SHORTEST) == 0


@pytest.mark.parametrize(
    ("failures", "advised", "least", "most"),
    [
        (0, 0.0, 0.0, 0.0),
        (0, 3.0, 3.0, 3.0),
        (1, 0.0, 0.25, 0.5),
        (3, 0.0, 1.0, 2.0),
        (50, 0.0, 15.0, 30.0),
        (1, 9.0, 9.0, 9.0),
    ],
)
def test_the_pause_doubles_is_spread_and_obeys_advice(failures, advised, least, most):
    assert back_off.pause(failures, lambda: 0.0, advised) == least
    assert back_off.pause(failures, lambda: 1.0, advised) == most
