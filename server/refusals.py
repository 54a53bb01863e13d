"""The one exception by which the server says no, with its facts; how it looks on a wire is decided in server.errors."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialbridge.v1.error_reason_pb2 import ErrorReason


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing that is wrong with a request."""

    field: str
    """Path of the field in the request message, such as ``outbound_record.phone_number``."""
    description: str
    """What is wrong with it and what it should be, as a sentence."""


class Refusal(Exception):
    """A request that is answered with an error: the reason of the contract, a sentence for people, and the facts."""

    def __init__(
        self,
        reason: ErrorReason.ValueType,
        text: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.metadata: Mapping[str, str] = metadata or {}
        """What ErrorReason documents for the reason. Never a secret."""
        self.violations = violations
        self.retry_after = retry_after
        """Seconds after which trying again makes sense; None where it does not."""
