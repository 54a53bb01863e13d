"""Those who wait for changes of one topic, found by what a change is about: it costs whom it concerns, not all who
follow; decides nothing about who may see what."""

import asyncio
from collections.abc import Callable

from server.visibility import Sight


class Audience:
    """Everybody who has been told everything and waits for more."""

    def __init__(self, newest: Callable[[], int], monotonic: Callable[[], float]) -> None:
        """``newest`` gives the position of the newest change, ``monotonic`` the time in which heartbeats are due."""
        self.newest = newest
        self.monotonic = monotonic
        self._of_all: dict[Listener, None] = {}
        self._of_some: dict[str, dict[Listener, None]] = {}

    def tell(self, sight: Sight, position: int) -> None:
        """Wake those whom the change at ``position`` may concern."""
        for listener in [
            *self._of_all,
            *self._of_some.get(sight.device_id, ()),
            *self._of_some.get(sight.user_name, ()),
            *self._of_some.get(sight.call_id, ()),
        ]:
            listener.wake(position - 1)

    def wake_all(self) -> None:
        """Wake everybody."""
        for listener in [*self._of_all, *(each for some in self._of_some.values() for each in some)]:
            listener.wake(self.newest())

    def add(self, listener: "Listener") -> None:
        """``listener`` waits."""
        if listener.signs is None:
            self._of_all[listener] = None
        else:
            for sign in listener.signs:
                self._of_some.setdefault(sign, {})[listener] = None

    def remove(self, listener: "Listener") -> None:
        """``listener`` waits no longer."""
        if listener.signs is None:
            del self._of_all[listener]
        else:
            for sign in listener.signs:
                of_sign = self._of_some[sign]
                del of_sign[listener]
                if not of_sign:
                    del self._of_some[sign]


class Listener:
    """One watcher, as somebody who waits now and then."""

    __slots__ = ("_audience", "_due", "_timer", "_woken", "signs")

    def __init__(self, audience: Audience, signs: frozenset[str] | None) -> None:
        """``signs`` as `server.visibility.signs` gives them."""
        self._audience = audience
        self.signs = signs
        self._woken: asyncio.Future[int] | None = None
        """What it waits for; None while it does not."""
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def next(self, due: float) -> int:
        """Wait for a change that may concern the watcher, or until ``due``, which is never before that of the last
        time; the position up to which nothing that came meanwhile concerns it."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[int] = loop.create_future()
        self._woken, self._due = woken, due
        if self._timer is None:  # else it is planned again when it rings: that is seldom, and changes are many
            self._timer = loop.call_later(max(0.0, due - self._audience.monotonic()), self._ring)
        self._audience.add(self)
        try:
            return await woken
        finally:
            self._stop_waiting()

    def wake(self, position: int) -> None:
        """End the wait, if there is one; nothing up to ``position`` concerns the watcher."""
        if self._woken is not None:
            if not self._woken.done():  # else it is being cancelled
                self._woken.set_result(position)
            self._stop_waiting()

    def close(self) -> None:
        """There will be no other wait."""
        if self._timer is not None:
            self._timer.cancel()

    def _stop_waiting(self) -> None:
        if self._woken is not None:
            self._woken = None
            self._audience.remove(self)

    def _ring(self) -> None:
        self._timer = None
        if self._woken is None:
            return
        rest = self._due - self._audience.monotonic()
        if rest > 0:
            self._timer = asyncio.get_running_loop().call_later(rest, self._ring)
        else:
            self.wake(self._audience.newest())
