"""When a record may be called: a time of day in a time zone; pure."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 86_400
ALL_DAY = (0, DAY - 1)

_ABBREVIATIONS = {
    "GMT": "Etc/GMT",
    "UTC": "Etc/UTC",
    "WET": "Europe/Lisbon",
    "CET": "Europe/Berlin",
    "EET": "Europe/Athens",
    "MSK": "Europe/Moscow",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "AEST": "Australia/Sydney",
    "EST": "America/New_York",
    "CST": "America/Chicago",
    "MST": "America/Denver",
    "PST": "America/Los_Angeles",
    "AKST": "America/Anchorage",
    "HST": "Pacific/Honolulu",
}
"""The names that calling lists use for regions. A region's summer time is its own, so PST has its PDT in it."""


class CallWindow(NamedTuple):
    """From one second of the day to another, both included, in a time zone.

    ``since`` after ``until`` spans midnight.
    """

    time_zone: str
    since: int
    until: int

    def is_open(self, now: float) -> bool:
        """Whether a call may be made at ``now``, in seconds since the epoch."""
        local = datetime.fromtimestamp(now, zone(self.time_zone))
        second = local.hour * 3600 + local.minute * 60 + local.second
        if self.since <= self.until:
            return self.since <= second <= self.until
        return second >= self.since or second <= self.until


ALWAYS = CallWindow("UTC", *ALL_DAY)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name or by its abbreviation; empty: UTC. Raises ValueError."""
    try:
        return ZoneInfo(_ABBREVIATIONS.get(name.upper(), name) or "Etc/UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = ", ".join(sorted(_ABBREVIATIONS))
        raise ValueError(
            f"no such time zone: {name[:40]!r}; use an IANA name such as Europe/Berlin, or one of {known}"
        ) from None


def offset(name: str, now: float) -> int:
    """Seconds that the zone is ahead of UTC at ``now``."""
    ahead = datetime.fromtimestamp(now, UTC).astimezone(zone(name)).utcoffset()
    return int(ahead.total_seconds()) if ahead is not None else 0
