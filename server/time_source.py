"""Where the server takes the time from, so that a test can give it."""

import time
from typing import Protocol


class TimeSource(Protocol):
    """Two clocks."""

    def now(self) -> float:
        """Seconds since the epoch, for people and for the journal; may be set back."""
        ...

    def monotonic(self) -> float:
        """Seconds that only rise, for waiting."""
        ...


class SystemTime:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()
