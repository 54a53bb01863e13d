"""How a GWS says no, as the server understands it; pure."""

from collections.abc import Mapping

from bridge.gws.errors import GwsError, Refused, Unanswered, Unreachable
from server.switch import OutcomeUnknown, Rejection, SwitchRejected, SwitchUnavailable

_WHY: Mapping[int, Rejection] = {
    1: Rejection.INVALID,
    2: Rejection.NOT_ALLOWED_NOW,
    6: Rejection.NOT_FOUND,
    10: Rejection.INVALID,
}
"""By ``statusCode``. GWS reference, Return Values; the others say nothing that a caller could act on."""


def translated(error: GwsError) -> Exception:
    """The error of `server.switch` that says the same."""
    match error:
        case Refused(status_code=int(code)):
            why = _WHY.get(code, Rejection.OTHER)
            if "not registered" in error.message:
                why = Rejection.NOT_REGISTERED
            return SwitchRejected(error.message, code=str(code), why=why)
        case Refused(http_status=status):
            return SwitchRejected(error.message, code=f"HTTP {status}")
        case Unreachable():
            return SwitchUnavailable(error.message, retry_after=error.retry_after)
        case Unanswered():
            return OutcomeUnknown(error.message)
        case _:
            return error
