"""Which messages on the outbound channel acknowledge which operation of one agent, and what is remembered of records
for the next one; sends nothing.

A GWS answers an operation before it is done, and says what became of it in messages with the ``referenceId`` of the
operation. Ours are unique: a caller's own stands behind, so that it is found again also after a restart.
"""

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridge.gws.errors import Unanswered
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_service_pb2 import OutboundMessage

RECORDS_REMEMBERED = 10_000
_OWN = re.compile(r"dialbridge-[0-9a-f]{16}-", re.ASCII)


@dataclass(slots=True)
class Awaited:
    """An operation that was or will be sent, and the messages about it."""

    reference: str
    is_chain: bool
    """Whether more than one message may come."""
    messages: list[OutboundMessage] = field(default_factory=list)
    _complete: asyncio.Event = field(default_factory=asyncio.Event)
    _lost: bool = False

    def take(self, message: OutboundMessage) -> None:
        """A message about it."""
        self.messages.append(message)
        kinds = (pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORDS_DATA_END, pb.OUTBOUND_NOTIFICATION_TYPE_ERROR)
        if not self.is_chain or message.notification_type in kinds:
            self._complete.set()

    def lose(self) -> None:
        """From here on messages may be missing."""
        self._lost = True
        self._complete.set()

    async def complete(self, timeout: float) -> list[OutboundMessage]:
        """Everything that is said about it. Raises `Unanswered`."""
        try:
            async with asyncio.timeout(timeout):
                await self._complete.wait()
        except TimeoutError:
            raise Unanswered(f"accepted, but not acknowledged within {timeout:.0f} s") from None
        if self._lost:
            raise Unanswered("accepted, but the link broke before the acknowledgement")
        return self.messages


class Acknowledgements:
    """What is awaited."""

    def __init__(self) -> None:
        self._awaited: dict[str, Awaited] = {}
        self._calling_lists: OrderedDict[int, str] = OrderedDict()

    @contextmanager
    def awaiting(self, reference: str, *, is_chain: bool) -> Generator[Awaited]:
        """An operation for which the caller has ``reference``, or none, as long as somebody waits for it."""
        own = f"dialbridge-{secrets.token_hex(8)}-"
        awaited = Awaited(own + reference, is_chain)
        self._awaited[awaited.reference] = awaited
        try:
            yield awaited
        finally:
            del self._awaited[awaited.reference]

    def take(self, message: OutboundMessage) -> None:
        """A message came; it gets the reference of the caller."""
        record = message.record
        if record.record_handle and record.calling_list:
            self._calling_lists[record.record_handle] = record.calling_list
            self._calling_lists.move_to_end(record.record_handle)
            if len(self._calling_lists) > RECORDS_REMEMBERED:
                self._calling_lists.popitem(last=False)
        awaited = self._awaited.get(message.reference_id)
        message.reference_id = _OWN.sub("", message.reference_id, count=1)
        if awaited is not None:
            awaited.take(message)

    def calling_list(self, record_handle: int) -> str:
        """The calling list that a record came with; empty: it is not known, or no more."""
        return self._calling_lists.get(record_handle, "")

    def lose(self) -> None:
        """From here on messages may be missing: who waits, waits in vain."""
        for awaited in self._awaited.values():
            awaited.lose()
