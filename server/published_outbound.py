"""What became of operations on outbound campaigns, as the journal has it, and who may see it; keeps no state: what an
agent has, the campaigns know."""

from google.protobuf.message import Message

from dialbridge.v1.call_pb2 import CALL_STATE_UNSPECIFIED
from dialbridge.v1.call_service_pb2 import CallFilter
from dialbridge.v1.outbound_service_pb2 import OutboundMessage, WatchOutboundRequest
from server.journal import Record, Topic
from server.principal import Principal
from server.recorder import Change
from server.visibility import Sight, sees, signs
from server.watchers import Watch


class PublishedOutbound:
    """Satisfies ``server.projection.Projection``."""

    topic = Topic.OUTBOUND

    def decode(self, payload: bytes) -> OutboundMessage:
        """A journalled message."""
        return OutboundMessage.FromString(payload)

    def sight(self, change: Message) -> Sight:
        """What decides who sees the message: whose device it is about."""
        assert isinstance(change, OutboundMessage)  # noqa: S101  of this topic there is no other
        return Sight("", change.device_id, change.user_name, CALL_STATE_UNSPECIFIED)

    def apply(self, change: Message) -> None:
        """Nothing is kept."""

    def watch(self, principal: Principal, _: WatchOutboundRequest) -> Watch:
        """What WatchOutbound follows."""
        return Watch(self.topic, sees(principal, CallFilter()), signs(principal, CallFilter()), list)


def journalled(message: OutboundMessage) -> Change:
    """A message as the recorder takes it. It is over as soon as it is told."""
    record = Record(message.SerializeToString(), f"outbound/{message.device_id}", ends=True, topic=Topic.OUTBOUND)
    return Change(record, message)
