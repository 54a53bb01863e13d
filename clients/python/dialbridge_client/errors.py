"""The one exception of the client: what the server's rich error says, as attributes."""

from collections.abc import Mapping

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

_DETAILS_KEY = "grpc-status-details-bin"


class DialbridgeError(Exception):
    """An RPC that was answered with an error, or not answered."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        text: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{reason or code.name}: {text}")
        self.code = code
        """The gRPC status code."""
        self.reason = reason
        """A value of ``dialbridge.v1.ErrorReason`` without its prefix; empty where no dialbridge answered."""
        self.text = text
        """A sentence for people."""
        self.metadata: Mapping[str, str] = metadata or {}
        """The facts that ``ErrorReason`` documents for the reason."""
        self.retry_after = retry_after
        """Seconds after which trying again makes sense; None where the server does not say."""
        self.request_id = request_id
        """What the server's log has the error under."""

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError | grpc.Call) -> "DialbridgeError":
        """What ``error`` says."""
        reason, metadata, retry_after, request_id = "", {}, None, ""
        for key, value in error.trailing_metadata() or ():
            if key != _DETAILS_KEY or not isinstance(value, bytes):
                continue
            try:
                details = status_pb2.Status.FromString(value).details
            except DecodeError:
                continue
            info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
            request = error_details_pb2.RequestInfo()
            for detail in details:
                unpacked: Message | None = next((each for each in (info, retry, request) if detail.Unpack(each)), None)
                if unpacked is retry:
                    retry_after = retry.retry_delay.ToMicroseconds() / 1_000_000
            reason, metadata, request_id = info.reason, dict(info.metadata), request.request_id
        return cls(
            error.code(),
            reason,
            error.details() or error.code().name,
            metadata=metadata,
            retry_after=retry_after,
            request_id=request_id,
        )
