"""Those who wait for changes of one topic, found by what a change is about: it costs whom it concerns, not all who
follow; decides nothing about who may see what."""

import asyncio
from collections.abc import Callable

from server.visibility import Sight


class Audience:
    """Everybody who follows the topic."""

    def __init__(self, newest: Callable[[], int], monotonic: Callable[[], float]) -> None:
        """``newest`` gives the position of the newest change, ``monotonic`` the time in which heartbeats are due."""
        self.newest = newest
        self.monotonic = monotonic
        self._circles: dict[frozenset[str] | None, _Circle] = {}
        self._by_sign: dict[str | None, dict[_Circle, None]] = {}

    def join(self, signs: frozenset[str] | None) -> "Listener":
        """One more, who knows what may concern it by ``signs``, as `server.visibility.signs` gives them."""
        circle = self._circles.get(signs)
        if circle is None:
            circle = self._circles[signs] = _Circle(signs)
            for sign in _places(circle.signs):
                self._by_sign.setdefault(sign, {})[circle] = None
        circle.members += 1
        return Listener(self, circle)

    def leave(self, circle: "_Circle") -> None:
        """One less."""
        circle.members -= 1
        if not circle.members:
            del self._circles[circle.signs]
            for sign in _places(circle.signs):
                of_sign = self._by_sign[sign]
                del of_sign[circle]
                if not of_sign:
                    del self._by_sign[sign]

    def tell(self, sight: Sight, position: int) -> None:
        """Wake those who wait and whom the change at ``position`` may concern."""
        for sign in (None, sight.device_id, sight.user_name, sight.call_id):
            for circle in self._by_sign.get(sign, ()):
                circle.wake(position - 1)

    def wake_all(self) -> None:
        """Wake everybody who waits."""
        for circle in self._circles.values():
            circle.wake(self.newest())


class _Circle:
    """Those whom the same changes concern."""

    __slots__ = ("members", "signs", "waiting")

    def __init__(self, signs: frozenset[str] | None) -> None:
        self.signs = signs
        self.members = 0
        self.waiting: dict[asyncio.Future[int], None] = {}

    def wake(self, position: int) -> None:
        waiting, self.waiting = self.waiting, {}
        for woken in waiting:
            if not woken.done():  # else it has just been cancelled, or its time has come
                woken.set_result(position)


class Listener:
    """One who follows, and waits now and then."""

    __slots__ = ("_audience", "_circle", "_due", "_timer", "_woken")

    def __init__(self, audience: Audience, circle: _Circle) -> None:
        self._audience = audience
        self._circle = circle
        self._woken: asyncio.Future[int] | None = None
        """What it waits for; None while it does not."""
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def next(self, due: float) -> int:
        """Wait for a change that may concern it, or until ``due``, which is never before that of the last time.

        Gives the position up to which nothing that came meanwhile concerns it.
        """
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[int] = loop.create_future()
        self._woken, self._due = woken, due
        if self._timer is None:  # else it is planned again when it rings: that is seldom, and changes are many
            self._timer = loop.call_later(max(0.0, due - self._audience.monotonic()), self._ring)
        self._circle.waiting[woken] = None
        try:
            return await woken
        finally:
            self._woken = None
            self._circle.waiting.pop(woken, None)

    def close(self) -> None:
        """It follows no longer. Called once."""
        if self._timer is not None:
            self._timer.cancel()
        self._audience.leave(self._circle)

    def _ring(self) -> None:
        self._timer = None
        if self._woken is None or self._woken.done():
            return
        rest = self._due - self._audience.monotonic()
        if rest > 0:
            self._timer = asyncio.get_running_loop().call_later(rest, self._ring)
        else:
            self._woken.set_result(self._audience.newest())


def _places(signs: frozenset[str] | None) -> frozenset[str] | tuple[None]:
    """Where a circle is found; under None is what every change may concern."""
    return (None,) if signs is None else signs
