from datetime import UTC, datetime

import pytest

from server.campaigns.call_windows import ALWAYS, CallWindow, offset, zone


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (("UTC", 32_400, 61_200), "2026-11-23T08:59:59", False),
        (("UTC", 32_400, 61_200), "2026-11-23T09:00:00", True),
        (("UTC", 32_400, 61_200), "2026-11-23T17:00:00", True),
        (("UTC", 32_400, 61_200), "2026-11-23T17:00:01", False),
        (("EST", 32_400, 61_200), "2026-11-23T13:59:59", False),
        (("EST", 32_400, 61_200), "2026-11-23T14:00:00", True),
        (("EST", 32_400, 61_200), "2026-07-23T13:00:00", True),
        (("Asia/Kolkata", 0, 3_600), "2026-11-23T18:30:00", True),
        (("UTC", 79_200, 7_200), "2026-11-23T23:00:00", True),
        (("UTC", 79_200, 7_200), "2026-11-23T01:00:00", True),
        (("UTC", 79_200, 7_200), "2026-11-23T12:00:00", False),
        (ALWAYS, "2026-11-23T23:59:59", True),
    ],
)
def test_a_window_is_open_between_its_times_in_its_time_zone(window, moment, is_open):
    assert CallWindow(*window).is_open(at(moment)) is is_open


def test_a_zone_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"'Nowhere'.*Europe/Berlin.*EST"):
        zone("Nowhere")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/localtime", "\0", "Europe"])
def test_a_zone_is_a_name_and_no_path(name):
    with pytest.raises(ValueError, match="no such time zone"):
        zone(name)


def test_the_offset_follows_summer_time():
    assert offset("PST", at("2026-11-23T12:00:00")) == -8 * 3600
    assert offset("PST", at("2026-07-23T12:00:00")) == -7 * 3600
