"""Live calls as they are, one or many; changes nothing."""

import base64
import binascii

from dialbridge.v1 import call_service_pb2 as pb
from server.features import VOICE, require_feature
from server.principal import Principal
from server.published_calls import PublishedCalls, aged
from server.time_source import TimeSource
from server.validation import invalid
from server.visibility import sees

MAX_PAGE = 1000


class CallReads:
    """What principals read of live calls."""

    def __init__(self, calls: PublishedCalls, time: TimeSource) -> None:
        self._calls = calls
        self._time = time

    async def get_call(self, principal: Principal, request: pb.GetCallRequest, _: float | None) -> pb.GetCallResponse:
        """One live call as one device sees it. Raises `Refusal`."""
        require_feature(principal, VOICE)
        views = self._calls.views(principal, request.call_id, request.device_id, any_device=principal.sees_all)
        own = [live for live in views if live.call.device_id in principal.device_ids]
        return pb.GetCallResponse(call=aged((own or views)[0].call, self._time.now()))

    async def list_calls(
        self, principal: Principal, request: pb.ListCallsRequest, _: float | None
    ) -> pb.ListCallsResponse:
        """The live calls that the caller may see, a page at a time. Raises `Refusal`."""
        require_feature(principal, VOICE)
        if request.page_size < 0:
            raise invalid("page_size", "must not be negative")
        size = min(request.page_size or MAX_PAGE, MAX_PAGE)
        after = _page_start(request.page_token)
        predicate = sees(principal, request.filter)
        response = pb.ListCallsResponse()
        now = self._time.now()
        last = 0
        for live in self._calls.visible(principal, predicate):
            if live.appeared <= after:
                continue
            if len(response.calls) == size:
                response.next_page_token = _page_token(last)
                break
            response.calls.append(aged(live.call, now))
            last = live.appeared
        return response


def _page_token(appeared: int) -> str:
    return base64.urlsafe_b64encode(str(appeared).encode()).decode()


def _page_start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise invalid("page_token", "was not given out by this service; call again without it") from None
