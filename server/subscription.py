"""One watcher's place in the log of changes, and what it is to be sent next; pure."""

from server import wire
from server.change_log import ChangeLog
from server.journal import Topic
from server.resume_tokens import ResumeTokens
from server.visibility import Sees

MAX_CHANGES = 256
MAX_BYTES = 1 << 20
"""A message ends with the change that takes it past this, so that it stays below gRPC's usual limit of 4 MiB."""


class FellBehind(Exception):
    """What the watcher has not had yet is no longer in the log."""


class Subscription:
    """A cursor with a heartbeat: ``poll`` until it gives nothing, rest until a change or until ``due``, go on."""

    __slots__ = ("_heartbeat", "_log", "_said_level", "_sees", "_spoke", "_tokens", "_topic", "position", "rests")

    def __init__(
        self,
        log: ChangeLog,
        tokens: ResumeTokens,
        topic: Topic,
        sees: Sees | None,
        *,
        position: int,
        heartbeat: float,
        now: float,
        says_when_level: bool = False,
    ) -> None:
        """``says_when_level``: a heartbeat comes as soon as everything up to now was given."""
        self._log = log
        self._tokens = tokens
        self._topic = topic
        self._sees = sees
        self._heartbeat = heartbeat
        self._spoke = now
        self._said_level = not says_when_level
        self.position = position
        """The watcher has been given everything up to here."""
        self.rests = False
        """Whether it has been given everything and is told when more concerns it: its place need not be kept."""

    @property
    def due(self) -> float:
        """When a heartbeat has to be sent if nothing else is."""
        return self._spoke + self._heartbeat

    @property
    def fell_behind(self) -> bool:
        """Whether ``poll`` would raise `FellBehind`."""
        return not self.rests and not self._log.holds(self.position)

    def go_on(self, position: int) -> None:
        """End the rest; nothing that came meanwhile, up to ``position``, concerns the watcher."""
        self.rests = False
        self.position = max(self.position, position)

    def poll(self, now: float) -> bytes | None:
        """The next message: all that piled up, or a heartbeat that is due; None when there is nothing to say.

        Raises `FellBehind`.
        """
        while True:
            if self.fell_behind:
                raise FellBehind
            batch = self._log.after(self.position, MAX_CHANGES)
            if not batch:
                break
            elements: list[bytes] = []
            size = 0
            for change in batch:
                self.position = change.position
                if change.topic is self._topic and (self._sees is None or self._sees(change.sight)):
                    elements.append(change.element)
                    size += len(change.element)
                    if size > MAX_BYTES:
                        break
            if elements:
                self._spoke = now
                return wire.changes(elements, self._tokens.at(self.position))
        if now >= self.due or not self._said_level:
            self._spoke = now
            self._said_level = True
            return wire.heartbeat(self._tokens.at(self.position), self.position)
        return None
