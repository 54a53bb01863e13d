"""Clocks that stand still until a test moves them."""


class ManualTime:
    """Satisfies ``server.time_source.TimeSource``."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at
