"""A process waits for more changes only while it is busy."""

import pytest

from server.pace import LONGEST, WINDOW, Pace


def rest_of(share, windows=20):
    """What is waited in a process that has used so much of a core for some windows."""
    pace = Pace()
    for number in range(windows):
        pace.rest(100 + number * WINDOW, number * WINDOW * share)
    return pace.rest(100 + windows * WINDOW, windows * WINDOW * share)


@pytest.mark.parametrize(
    ("share", "least", "most"),
    [
        (0.0, 0.0, 0.0),
        (0.9, 0.0, 0.0001),
        (0.94, LONGEST * 0.45, LONGEST * 0.55),
        (1.0, LONGEST * 0.99, LONGEST),
        (2.0, LONGEST * 0.99, LONGEST),  # threads of several cores
    ],
)
def test_the_rest_grows_with_the_share_of_a_core_that_is_used(share, least, most):
    assert least <= rest_of(share) <= most


def test_the_rest_goes_when_the_process_is_idle_again():
    pace = Pace()
    for number in range(20):
        pace.rest(number * WINDOW, number * WINDOW)
    assert pace.rest(20 * WINDOW, 20 * WINDOW) > 0
    for number in range(21, 60):
        pace.rest(number * WINDOW, 20 * WINDOW)
    assert pace.rest(60 * WINDOW, 20 * WINDOW) < LONGEST / 1000


def test_between_two_looks_the_rest_stays_as_it_is():
    pace = Pace()
    for number in range(20):
        pace.rest(number * WINDOW, number * WINDOW)
    assert pace.rest(19.5 * WINDOW, 19 * WINDOW) == pace.rest(19 * WINDOW, 19 * WINDOW)
