"""The operations on live calls: each is authorised, checked against what the call offers now, and then asked of the
switch; what becomes of the call, its status changes tell.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from dialbridge.v1 import call_pb2, error_reason_pb2
from dialbridge.v1 import call_service_pb2 as pb
from dialbridge.v1.call_pb2 import CallState, Capability
from dialbridge.v1.user_data_pb2 import UserData
from server import call_commands as commands
from server import call_ids
from server.call_commands import CallCommand
from server.call_ids import RandomBytes
from server.features import VOICE, require_feature
from server.live_calls import LiveCall
from server.principal import Principal
from server.published_calls import PublishedCalls
from server.refusals import Refusal
from server.switch import OutcomeUnknown, Switch, SwitchRejected, SwitchUnavailable
from server.switch_refusals import rejected_operation, unavailable
from server.validation import (
    MAX_USER_DATA_BYTES,
    check_digits,
    check_user_data,
    dialable,
    do_not_call,
    invalid,
    required,
)

LONGEST_COMMAND = 30.0
"""Seconds that the switch has to accept an operation when the caller sets no earlier deadline."""

OperationRequest = Any
"""A request with at least ``call_id`` and ``device_id``."""
Build = Callable[[OperationRequest, RandomBytes], CallCommand]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, by the name of its RPC."""

    capability: Capability.ValueType
    """What the call must offer."""
    command: Build
    """What is asked of the switch. Raises `Refusal` for a request that cannot be."""
    request: type[Message]
    response: type[Message]


class CallOperations:
    """The operations on live calls on behalf of principals."""

    def __init__(
        self,
        switch: Switch,
        calls: PublishedCalls,
        forbids: Callable[[str], bool] = lambda _: False,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        """``forbids``: whether digits are on the do-not-call list."""
        self._switch = switch
        self._calls = calls
        self._forbids = forbids
        self._random_bytes = random_bytes

    async def perform(
        self, name: str, principal: Principal, request: OperationRequest, time_remaining: float | None
    ) -> Message:
        """Do the operation ``name``; returns when the switch has accepted it. Raises `Refusal`."""
        operation = OPERATIONS[name]
        require_feature(principal, VOICE)
        command = operation.command(request, self._random_bytes)
        live = self._calls.views(principal, request.call_id, request.device_id, any_device=False)[0]
        if operation.capability not in live.call.capabilities:
            state = CallState.Name(live.call.state).removeprefix("CALL_STATE_")
            raise Refusal(
                error_reason_pb2.ERROR_REASON_OPERATION_NOT_ALLOWED,
                f"Operation '{name}' is not valid in the current state.",
                metadata={"operation": name, "state": state},
            )
        _check_size(live, command)
        if (digits := _dialled(command)) and self._forbids(digits):
            raise do_not_call(digits)
        await asked(name, self._switch.control(live.call.id, live.call.device_id, command), time_remaining)
        if isinstance(command, commands.InitiateTransfer | commands.InitiateConference):
            return operation.response(consult_call_id="" if self._switch.names_calls else command.consult_call_id)
        return operation.response()


async def asked(name: str, work: Awaitable[None], time_remaining: float | None) -> None:
    """Wait until the switch has accepted the operation ``name``. Raises `Refusal`."""
    limit = LONGEST_COMMAND if time_remaining is None else min(time_remaining, LONGEST_COMMAND)
    try:
        async with asyncio.timeout(limit):
            await work
    except (TimeoutError, OutcomeUnknown):
        raise Refusal(
            error_reason_pb2.ERROR_REASON_DEADLINE_EXCEEDED,
            f"the switch did not say in time whether it accepted {name}; the call's status changes will tell",
        ) from None
    except SwitchRejected as rejected:
        raise rejected_operation(rejected) from None
    except SwitchUnavailable as error:
        raise unavailable(error) from None


def _send_dtmf(request: pb.SendDtmfRequest, _: RandomBytes) -> CallCommand:
    check_digits(request.digits)
    return commands.SendDtmf(request.digits)


def _attach_user_data(request: pb.AttachUserDataRequest, _: RandomBytes) -> CallCommand:
    return commands.AttachUserData(_addition(request.user_data))


def _update_user_data(request: pb.UpdateUserDataRequest, _: RandomBytes) -> CallCommand:
    return commands.UpdateUserData(_addition(request.user_data))


def _delete_user_data_pair(request: pb.DeleteUserDataPairRequest, _: RandomBytes) -> CallCommand:
    if not request.key:
        raise required("key")
    return commands.DeleteUserDataPair(request.key)


def _addition(addition: UserData) -> UserData:
    if not addition.pairs:
        raise required("user_data", "user_data is required: at least one pair")
    check_user_data(addition, "user_data")
    return addition


def _check_size(live: LiveCall, command: CallCommand) -> None:
    """What is put on a call that has data already must fit beside it."""
    match command:
        case (
            commands.AttachUserData(addition)
            | commands.UpdateUserData(addition)
            | commands.SingleStepTransfer(user_data=addition)
            | commands.SingleStepConference(user_data=addition)
        ):
            total = live.call.user_data.ByteSize() + addition.ByteSize()
            if total > MAX_USER_DATA_BYTES:
                raise invalid(
                    "user_data", f"would make the call's data {total} bytes; {MAX_USER_DATA_BYTES} is the limit"
                )
        case _:
            pass


def _dialled(command: CallCommand) -> str:
    """The number that a command calls; empty: none."""
    match command:
        case (
            commands.SingleStepTransfer(digits)
            | commands.SingleStepConference(digits)
            | commands.InitiateTransfer(digits)
            | commands.InitiateConference(digits)
        ):
            return digits
        case _:
            return ""


def _to_destination(
    command: type[commands.SingleStepTransfer | commands.SingleStepConference],
) -> Build:
    def build(request: OperationRequest, _: RandomBytes) -> CallCommand:
        digits = dialable(request.destination, "destination")
        check_user_data(request.user_data, "user_data")
        return command(digits, request.user_data, request.location)

    return build


def _consulting(
    command: type[commands.InitiateTransfer | commands.InitiateConference],
) -> Build:
    def build(request: OperationRequest, random_bytes: RandomBytes) -> CallCommand:
        digits = dialable(request.destination, "destination")
        check_user_data(request.user_data, "user_data")
        ids = call_ids.call_id(random_bytes), call_ids.conn_id(random_bytes)
        return command(digits, request.user_data, request.location, *ids)

    return build


def _swap_calls(request: pb.SwapCallsRequest, _: RandomBytes) -> CallCommand:
    if not request.other_call_id:
        raise required("other_call_id")
    return commands.SwapCalls(request.other_call_id)


def _remove_participant(request: pb.RemoveParticipantFromConferenceRequest, _: RandomBytes) -> CallCommand:
    return commands.RemoveParticipantFromConference(dialable(request.participant, "participant"))


def _plain(command: Callable[[], CallCommand]) -> Build:
    return lambda _request, _random_bytes: command()


_COMMANDS: Mapping[str, Build] = {
    "Answer": _plain(commands.Answer),
    "Hangup": _plain(commands.Hangup),
    "Hold": _plain(commands.Hold),
    "Retrieve": _plain(commands.Retrieve),
    "SendDtmf": _send_dtmf,
    "AttachUserData": _attach_user_data,
    "UpdateUserData": _update_user_data,
    "DeleteUserData": _plain(commands.DeleteUserData),
    "DeleteUserDataPair": _delete_user_data_pair,
    "SwapCalls": _swap_calls,
    "SingleStepTransfer": _to_destination(commands.SingleStepTransfer),
    "InitiateTransfer": _consulting(commands.InitiateTransfer),
    "CompleteTransfer": lambda request, _: commands.CompleteTransfer(request.other_call_id),
    "SingleStepConference": _to_destination(commands.SingleStepConference),
    "InitiateConference": _consulting(commands.InitiateConference),
    "CompleteConference": lambda request, _: commands.CompleteConference(request.other_call_id),
    "RemoveParticipantFromConference": _remove_participant,
    "MuteCall": _plain(commands.MuteCall),
    "UnmuteCall": _plain(commands.UnmuteCall),
    "StartCallRecording": _plain(commands.StartCallRecording),
    "PauseCallRecording": _plain(commands.PauseCallRecording),
    "ResumeCallRecording": _plain(commands.ResumeCallRecording),
    "StopCallRecording": _plain(commands.StopCallRecording),
    "ClearCall": _plain(commands.ClearCall),
    "MuteMonitoredUser": _plain(commands.MuteMonitoredUser),
    "UnmuteMonitoredUser": _plain(commands.UnmuteMonitoredUser),
    "SwitchToListenIn": _plain(commands.SwitchToListenIn),
    "SwitchToCoach": _plain(commands.SwitchToCoach),
    "SwitchToBargeIn": _plain(commands.SwitchToBargeIn),
}


def _capability(name: str) -> Capability.ValueType:
    """An operation is named as its capability is."""
    words = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)
    return Capability.Value(f"CAPABILITY{words}")


OPERATIONS: Mapping[str, Operation] = {
    name: Operation(_capability(name), command, getattr(pb, f"{name}Request"), getattr(pb, f"{name}Response"))
    for name, command in _COMMANDS.items()
}
"""Every operation that a call can offer, by the name of its RPC."""

assert {each.capability for each in OPERATIONS.values()} == set(Capability.values()) - {  # noqa: S101  a table is whole
    call_pb2.CAPABILITY_UNSPECIFIED
}
