"""The features that the server's own operations need, by the names that GWS gives them; pure."""

from dialbridge.v1.error_reason_pb2 import ERROR_REASON_FEATURE_MISSING
from server.principal import Principal
from server.refusals import Refusal

VOICE = "api-voice"
VOICE_OUTBOUND = "api-voice-outbound"
SUPERVISOR_MONITORING = "api-supervisor-monitoring"


def require_feature(principal: Principal, feature: str) -> None:
    """Raise `Refusal` unless the feature is on for the caller."""
    if feature not in principal.features:
        raise Refusal(
            ERROR_REASON_FEATURE_MISSING,
            f"the feature {feature} is not on for this user; switch it on in the directory",
            metadata={"feature": feature},
        )
