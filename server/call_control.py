"""Everything that is done with a call that exists: look it up, list, answer, hang up, send digits, change its data."""

import asyncio
import base64
import binascii
from typing import TypeVar

from dialbridge.v1 import call_service_pb2 as pb
from dialbridge.v1.call_pb2 import (
    CAPABILITY_ANSWER,
    CAPABILITY_ATTACH_USER_DATA,
    CAPABILITY_DELETE_USER_DATA,
    CAPABILITY_DELETE_USER_DATA_PAIR,
    CAPABILITY_HANGUP,
    CAPABILITY_SEND_DTMF,
    CAPABILITY_UPDATE_USER_DATA,
    CallState,
    Capability,
)
from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_CALL_NOT_FOUND,
    ERROR_REASON_DEADLINE_EXCEEDED,
    ERROR_REASON_OPERATION_NOT_ALLOWED,
)
from dialbridge.v1.user_data_pb2 import UserData
from server.features import VOICE, require_feature
from server.live_calls import LiveCall
from server.principal import Principal
from server.published_calls import PublishedCalls, aged
from server.refusals import Refusal
from server.switch import (
    Answer,
    AttachUserData,
    CallCommand,
    DeleteUserData,
    DeleteUserDataPair,
    Hangup,
    OutcomeUnknown,
    SendDtmf,
    Switch,
    SwitchRejected,
    SwitchUnavailable,
    UpdateUserData,
)
from server.switch_refusals import rejected_operation, unavailable
from server.time_source import TimeSource
from server.validation import MAX_USER_DATA_BYTES, check_digits, check_user_data, invalid, required
from server.visibility import sees

LONGEST_COMMAND = 30.0
"""Seconds that the switch has to accept an operation when the caller sets no earlier deadline."""
MAX_PAGE = 1000

Response = TypeVar("Response")


class CallControl:
    """The operations on live calls on behalf of principals."""

    def __init__(self, switch: Switch, calls: PublishedCalls, time: TimeSource) -> None:
        self._switch = switch
        self._calls = calls
        self._time = time

    async def get_call(self, principal: Principal, request: pb.GetCallRequest, _: float | None) -> pb.GetCallResponse:
        """One live call as one device sees it. Raises `Refusal`."""
        require_feature(principal, VOICE)
        views = self._views(principal, request.call_id, request.device_id, any_device=principal.sees_all)
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

    async def answer(
        self, principal: Principal, request: pb.AnswerRequest, time_remaining: float | None
    ) -> pb.AnswerResponse:
        """Answer a ringing call. Raises `Refusal`."""
        live = self._own(principal, request.call_id, request.device_id)
        await self._control(live, CAPABILITY_ANSWER, Answer(), time_remaining)
        return pb.AnswerResponse()

    async def hangup(
        self, principal: Principal, request: pb.HangupRequest, time_remaining: float | None
    ) -> pb.HangupResponse:
        """Hang up. Raises `Refusal`."""
        live = self._own(principal, request.call_id, request.device_id)
        await self._control(live, CAPABILITY_HANGUP, Hangup(), time_remaining)
        return pb.HangupResponse()

    async def send_dtmf(
        self, principal: Principal, request: pb.SendDtmfRequest, time_remaining: float | None
    ) -> pb.SendDtmfResponse:
        """Send digits. Raises `Refusal`."""
        check_digits(request.digits)
        live = self._own(principal, request.call_id, request.device_id)
        await self._control(live, CAPABILITY_SEND_DTMF, SendDtmf(request.digits), time_remaining)
        return pb.SendDtmfResponse()

    async def attach_user_data(
        self, principal: Principal, request: pb.AttachUserDataRequest, time_remaining: float | None
    ) -> pb.AttachUserDataResponse:
        """Add pairs. Raises `Refusal`."""
        live = self._own(principal, request.call_id, request.device_id)
        _check_addition(live, request.user_data)
        await self._control(live, CAPABILITY_ATTACH_USER_DATA, AttachUserData(request.user_data), time_remaining)
        return pb.AttachUserDataResponse()

    async def update_user_data(
        self, principal: Principal, request: pb.UpdateUserDataRequest, time_remaining: float | None
    ) -> pb.UpdateUserDataResponse:
        """Add or overwrite pairs. Raises `Refusal`."""
        live = self._own(principal, request.call_id, request.device_id)
        _check_addition(live, request.user_data)
        await self._control(live, CAPABILITY_UPDATE_USER_DATA, UpdateUserData(request.user_data), time_remaining)
        return pb.UpdateUserDataResponse()

    async def delete_user_data(
        self, principal: Principal, request: pb.DeleteUserDataRequest, time_remaining: float | None
    ) -> pb.DeleteUserDataResponse:
        """Remove all pairs. Raises `Refusal`."""
        live = self._own(principal, request.call_id, request.device_id)
        await self._control(live, CAPABILITY_DELETE_USER_DATA, DeleteUserData(), time_remaining)
        return pb.DeleteUserDataResponse()

    async def delete_user_data_pair(
        self, principal: Principal, request: pb.DeleteUserDataPairRequest, time_remaining: float | None
    ) -> pb.DeleteUserDataPairResponse:
        """Remove the pairs with one key. Raises `Refusal`."""
        if not request.key:
            raise required("key")
        live = self._own(principal, request.call_id, request.device_id)
        await self._control(live, CAPABILITY_DELETE_USER_DATA_PAIR, DeleteUserDataPair(request.key), time_remaining)
        return pb.DeleteUserDataPairResponse()

    def _own(self, principal: Principal, call_id: str, device_id: str) -> LiveCall:
        """The caller's own view; only who has a device on the call controls it."""
        require_feature(principal, VOICE)
        return self._views(principal, call_id, device_id, any_device=False)[0]

    def _views(self, principal: Principal, call_id: str, device_id: str, *, any_device: bool) -> list[LiveCall]:
        if not call_id:
            raise required("call_id")
        views = [
            live
            for live in self._calls.live.views(call_id)
            if (any_device or live.call.device_id in principal.device_ids) and device_id in ("", live.call.device_id)
        ]
        if not views:
            raise Refusal(
                ERROR_REASON_CALL_NOT_FOUND,
                "there is no such live call on a device of the caller's",
                metadata={"call_id": call_id[:64]},
            )
        return views

    async def _control(
        self,
        live: LiveCall,
        capability: Capability.ValueType,
        command: CallCommand,
        time_remaining: float | None,
    ) -> None:
        call = live.call
        operation = type(command).__name__
        if capability not in call.capabilities:
            state = CallState.Name(call.state).removeprefix("CALL_STATE_")
            raise Refusal(
                ERROR_REASON_OPERATION_NOT_ALLOWED,
                f"Operation '{operation}' is not valid in the current state.",
                metadata={"operation": operation, "state": state},
            )
        limit = LONGEST_COMMAND if time_remaining is None else min(time_remaining, LONGEST_COMMAND)
        try:
            async with asyncio.timeout(limit):
                await self._switch.control(call.id, call.device_id, command)
        except (TimeoutError, OutcomeUnknown):
            raise Refusal(
                ERROR_REASON_DEADLINE_EXCEEDED,
                f"the switch did not say in time whether it accepted {operation}; the call's status changes will tell",
            ) from None
        except SwitchRejected as rejected:
            raise rejected_operation(rejected) from None
        except SwitchUnavailable as error:
            raise unavailable(error) from None


def _check_addition(live: LiveCall, addition: UserData) -> None:
    if not addition.pairs:
        raise required("user_data", "user_data is required: at least one pair")
    check_user_data(addition, "user_data")
    total = live.call.user_data.ByteSize() + addition.ByteSize()
    if total > MAX_USER_DATA_BYTES:
        raise invalid("user_data", f"would make the call's data {total} bytes; {MAX_USER_DATA_BYTES} is the limit")


def _page_token(appeared: int) -> str:
    return base64.urlsafe_b64encode(str(appeared).encode()).decode()


def _page_start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise invalid("page_token", "was not given out by this service; call again without it") from None
