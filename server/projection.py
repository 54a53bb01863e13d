"""What the changes of one topic add up to, and how one of them is read; what they mean, each topic says itself."""

from typing import Protocol

from google.protobuf.message import Message

from server.journal import Topic
from server.visibility import Sight


class Projection(Protocol):
    """The published state of one topic.

    It changes in the same step of the event loop in which watchers can first be told, so that between what a snapshot
    shows and the first change after it there is neither a gap nor an overlap.
    """

    @property
    def topic(self) -> Topic:
        """Which entries it is about."""
        ...

    def decode(self, payload: bytes) -> Message:
        """The change that the journal has as ``payload``."""
        ...

    def sight(self, change: Message) -> Sight:
        """What decides who sees the change."""
        ...

    def apply(self, change: Message) -> None:
        """Take the change into the state."""
        ...
