"""The calls as the journal has them: what snapshots and reads show, and who may see which; decides nothing about
calls."""

from collections.abc import Iterable, Iterator

from google.protobuf.message import Message

from dialbridge.v1.call_pb2 import Call
from dialbridge.v1.call_service_pb2 import Snapshot, WatchCallsRequest
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_CALL_NOT_FOUND
from dialbridge.v1.status_change_pb2 import StatusChange
from server.journal import Topic
from server.life_cycle import age
from server.live_calls import LiveCall, LiveCalls
from server.principal import Principal
from server.refusals import Refusal
from server.subscription import MAX_BYTES, MAX_CHANGES
from server.time_source import TimeSource
from server.validation import required
from server.visibility import Sees, Sight, sees, signs
from server.watchers import Watch


class PublishedCalls:
    """Satisfies ``server.projection.Projection``."""

    topic = Topic.CALL

    def __init__(self, time: TimeSource) -> None:
        self._time = time
        self.live = LiveCalls()
        """The calls that are not released."""

    def decode(self, payload: bytes) -> StatusChange:
        """A journalled change."""
        return StatusChange.FromString(payload)

    def sight(self, change: Message) -> Sight:
        """What decides who sees the change."""
        assert isinstance(change, StatusChange)  # noqa: S101  of this topic there is no other
        return _sight(change.call)

    def apply(self, change: Message) -> None:
        """Take the change into the live calls."""
        assert isinstance(change, StatusChange)  # noqa: S101  of this topic there is no other
        self.live.put(change)

    def visible(self, principal: Principal, predicate: Sees | None) -> Iterator[LiveCall]:
        """The live calls that the caller may see and ``predicate`` lets through, in the order in which they appeared;
        costs what the caller's devices have, not all."""
        source: Iterable[LiveCall] = (
            self.live if principal.sees_all else self.live.of_devices(sorted(principal.device_ids))
        )
        return (live for live in source if predicate is None or predicate(_sight(live.call)))

    def views(self, principal: Principal, call_id: str, device_id: str, *, any_device: bool) -> list[LiveCall]:
        """How the caller's devices, or any, see a call; at least one view. Raises `Refusal`."""
        if not call_id:
            raise required("call_id")
        views = [
            live
            for live in self.live.views(call_id)
            if (any_device or live.call.device_id in principal.device_ids) and device_id in ("", live.call.device_id)
        ]
        if not views:
            raise Refusal(
                ERROR_REASON_CALL_NOT_FOUND,
                "there is no such live call on a device of the caller's",
                metadata={"call_id": call_id[:64]},
            )
        return views

    def watch(self, principal: Principal, request: WatchCallsRequest) -> Watch:
        """What WatchCalls follows."""
        predicate = sees(principal, request.filter)

        def snapshot() -> list[bytes]:
            now = self._time.now()
            calls = [aged(live.call, now) for live in self.visible(principal, predicate)]
            return [Snapshot(calls=some).SerializeToString() for some in _portions(calls)]

        return Watch(self.topic, predicate, signs(principal, request.filter), snapshot)


def aged(call: Call, now: float) -> Call:
    """A copy of ``call`` whose duration is counted to ``now``."""
    copy = Call()
    copy.CopyFrom(call)
    age(copy, now)
    return copy


def _sight(call: Call) -> Sight:
    return Sight(call.id, call.device_id, call.user_name, call.state)


def _portions(calls: Iterable[Call]) -> list[list[Call]]:
    portions: list[list[Call]] = []
    size = 0
    for call in calls:
        if not portions or size > MAX_BYTES or len(portions[-1]) == MAX_CHANGES:
            portions.append([])
            size = 0
        portions[-1].append(call)
        size += call.ByteSize()
    return portions
