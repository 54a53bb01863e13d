"""The Outbound Contact Server behind a GWS: the preview loop is passed on, and what became of it is told as the GWS
tells it; campaigns of our own play no part.

Satisfies ``server.contact_server.OutboundContactServer``.
"""

import time
from collections.abc import AsyncIterator, Sequence

from google.protobuf.message import Message

from bridge.gws.errors import GwsError
from bridge.gws.upstream import Upstream
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_service_pb2 import OutboundMessage
from server.contact_server import Asked, Asker, Outcome
from server.switch import SwitchRejected
from server.switches.gws_errors import translated
from server.validation import required

ACKNOWLEDGED_WITHIN = 30.0
"""Seconds that the GWS has to accept an operation, and to say what became of it."""


class GwsContactServer:
    """The campaigns that the agents of a GWS work on."""

    def __init__(self, upstream: Upstream) -> None:
        """``upstream`` is started and closed by who has it."""
        self._upstream = upstream

    def forbids(self, _: str) -> bool:
        """The do-not-call list is the GWS's own business."""
        return False

    async def perform(self, request: Asked, asker: Asker) -> Outcome:
        """Pass it on, and wait for the acknowledgement; `messages` tells of it. Raises `server.refusals.Refusal`,
        `SwitchRejected`, `SwitchUnavailable` or `OutcomeUnknown`."""
        if not request.operation.application_id:
            raise required(
                "operation.application_id",
                "operation.application_id is required: the DBID of the Outbound Contact Server at the GWS",
            )
        try:
            told = await self._upstream.perform_outbound(asker.device.id, request, ACKNOWLEDGED_WITHIN)
        except GwsError as error:
            raise translated(error) from None
        return _response(request, told), ()

    async def messages(self) -> AsyncIterator[OutboundMessage]:
        """What the GWS says of campaigns and records."""
        async for message in self._upstream.outbound_news():
            message.event_time.FromMicroseconds(round(time.time() * 1_000_000))
            yield message

    async def close(self) -> None:
        """Nothing is held."""


def _response(request: Asked, told: Sequence[OutboundMessage]) -> Message:
    last = told[-1]
    failed = last.notification_type == pb.OUTBOUND_NOTIFICATION_TYPE_ERROR
    if isinstance(request, pb.GetPreviewRecordRequest):
        if failed:
            return pb.GetPreviewRecordResponse(error_message=last.error_message)
        return pb.GetPreviewRecordResponse(record=last.record)
    if failed:
        raise SwitchRejected(last.error_message or "the Outbound Contact Server reports an error")
    match request:
        case pb.StartPreviewSessionRequest():
            return pb.StartPreviewSessionResponse(campaign=last.campaign)
        case pb.GetChainedRecordRequest():
            return pb.GetChainedRecordResponse(records=[message.record for message in told[:-1]])
        case pb.AddRecordRequest():
            response = pb.AddRecordResponse(record=request.record)
            response.record.MergeFrom(last.record)
            return response
        case _:
            return _ANSWERS[type(request)]()


_ANSWERS: dict[type[Asked], type[Message]] = {
    pb.EndPreviewSessionRequest: pb.EndPreviewSessionResponse,
    pb.CompleteRecordRequest: pb.CompleteRecordResponse,
    pb.RejectRecordRequest: pb.RejectRecordResponse,
    pb.UpdateRecordRequest: pb.UpdateRecordResponse,
    pb.RescheduleRecordRequest: pb.RescheduleRecordResponse,
    pb.DoNotCallRecordRequest: pb.DoNotCallRecordResponse,
}
