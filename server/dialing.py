"""The Dial use case: authorise, validate, recognise a repetition, order the call, and wait for its first change.

What was ordered goes on when the caller goes away: hanging up is for Hangup. A call whose order was not answered is
unknown; it is never ordered again, and it is settled when its first event comes.
"""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import assert_never

import structlog

from dialbridge.v1 import error_reason_pb2 as pb
from dialbridge.v1.call_service_pb2 import DialRequest, DialResponse
from dialbridge.v1.error_reason_pb2 import ErrorReason
from dialbridge.v1.status_change_pb2 import StatusChange
from dialbridge.v1.user_data_pb2 import UserData
from server import call_ids, tracing
from server.call_engine import CallEngine, Expectation
from server.call_ids import RandomBytes
from server.directory import Device, Directory
from server.features import VOICE, VOICE_OUTBOUND, require_feature
from server.journal import Journal, JournalUnavailable
from server.journal.requests import Remembered, RequestKey, RequestsFull, fingerprint
from server.life_cycle import CallOrigin
from server.principal import Principal
from server.published_devices import PublishedDevices
from server.refusals import Refusal
from server.switch import DialOrder, OutcomeUnknown, Switch, SwitchRejected, SwitchUnavailable
from server.switch_refusals import rejected_dial, unavailable
from server.time_source import TimeSource
from server.user_data import merged
from server.validation import check_dial, check_user_data, do_not_call, shown
from server.watchers import Watchers

RING_TIMEOUT = 60.0
"""Seconds that a call rings at most."""
LONGEST_ORDER = 30.0
"""Seconds that the switch has to accept a call, and to show it, when the caller sets no earlier deadline."""
ANSWER_MARGIN = 0.05
"""Seconds of the caller's deadline that are kept for the answer to travel."""
SETTLE_WITHIN = 600.0
"""Seconds in which a call of unknown outcome may still show itself."""

Outcome = DialResponse | Refusal

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A dial with a request_id that has not been answered yet; those who ask for the same join it."""

    fingerprint: bytes
    work: asyncio.Task[Outcome]


class Dialing:
    """Places calls on behalf of principals."""

    def __init__(
        self,
        *,
        directory: Directory,
        devices: PublishedDevices,
        switch: Switch,
        engine: CallEngine,
        journal: Journal,
        watchers: Watchers,
        time: TimeSource,
        random_bytes: RandomBytes = os.urandom,
        forbids: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """``forbids``: whether digits are on the do-not-call list."""
        self._directory = directory
        self._devices = devices
        self._switch = switch
        self._engine = engine
        self._journal = journal
        self._watchers = watchers
        self._time = time
        self._random_bytes = random_bytes
        self._forbids = forbids
        self._keyed: dict[RequestKey, _UnderWay] = {}
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._draining = False

    async def dial(self, principal: Principal, request: DialRequest, time_remaining: float | None) -> DialResponse:
        """Dial once; what the first request with this request_id gave. Raises `Refusal`."""
        require_feature(principal, VOICE)
        if request.HasField("outbound_record"):
            require_feature(principal, VOICE_OUTBOUND)
        digits = check_dial(request)
        device = self._device(principal, request.device_id)
        user_data = _data_of(request)
        if self._forbids(digits):
            raise do_not_call(digits)
        if request.validate_only:
            self._check_ready(device)
            return DialResponse()
        wish = _Wish(request, device, digits, user_data, _time_to_accept(time_remaining))
        if not request.request_id:
            return _answer(await asyncio.shield(self._in_task(self._dial(wish))))
        key = RequestKey(principal.user_name, request.request_id)
        unnamed = DialRequest()
        unnamed.CopyFrom(request)
        unnamed.request_id = ""
        print_ = fingerprint(unnamed)
        under_way = self._keyed.get(key)
        if under_way is None:
            under_way = _UnderWay(print_, self._in_task(self._dial_once(key, print_, wish)))
            self._keyed[key] = under_way
            under_way.work.add_done_callback(lambda _: self._keyed.pop(key))
        elif under_way.fingerprint != print_:
            raise _reused(key)
        return _answer(await asyncio.shield(under_way.work))

    async def drain(self) -> None:
        """Take no more dials, and wait for those that are under way; each has a deadline of its own."""
        self._draining = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Give up what is under way."""
        self._draining = True
        for work in self._tasks:
            work.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _device(self, principal: Principal, device_id: str) -> Device:
        device = self._directory.device(device_id) if device_id in principal.device_ids else None
        if device is None:
            raise Refusal(
                pb.ERROR_REASON_DEVICE_NOT_FOUND,
                "there is no such device among the caller's",
                metadata={"device_id": device_id[:64]},
            )
        return device

    def _check_ready(self, device: Device) -> None:
        if self._draining:
            raise Refusal(
                pb.ERROR_REASON_SERVER_DRAINING, "the server is being stopped; dial elsewhere", retry_after=1.0
            )
        if not self._journal.accepts:
            raise _journal_unavailable()
        if not self._devices.is_registered(device.id):
            raise Refusal(
                pb.ERROR_REASON_DEVICE_NOT_REGISTERED,
                f"Device '{device.phone_number}' is not registered.",
                metadata={"device_number": device.phone_number},
            )
        if self._engine.lines_in_use(device.id) >= device.lines:
            raise Refusal(
                pb.ERROR_REASON_DEVICE_BUSY,
                f"Device '{device.phone_number}' has an active call on each of its lines; release or hold one first.",
                metadata={"device_number": device.phone_number},
            )

    def _in_task(self, work: Coroutine[None, None, Outcome]) -> asyncio.Task[Outcome]:
        """Run in a task of its own, so that a caller who goes away does not leave a call half ordered."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _dial_once(self, key: RequestKey, print_: bytes, wish: "_Wish") -> Outcome:
        """Dial unless it was done before; what is remembered is durable before the switch is asked."""
        requests = self._journal.requests
        try:
            known = await requests.begin(key, print_)
        except JournalUnavailable:
            return _journal_unavailable()
        except RequestsFull:
            return _overloaded()
        if known is not None:
            return self._again(key, known) if known.fingerprint == print_ else _reused(key)
        outcome = await self._dial(wish)
        if isinstance(outcome, Refusal):
            try:
                match outcome.reason:
                    case pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN:
                        pass
                    case pb.ERROR_REASON_SWITCH_REJECTED:
                        await requests.refuse(key, _written(outcome))
                    case _:
                        await requests.forget(key)
            except JournalUnavailable as unavailable:
                # The key stays in doubt, which is the safe side: it is not dialled again.
                log.warning("request not settled", request_id=key.request_id, reason=str(unavailable))
        return outcome

    def _again(self, key: RequestKey, known: Remembered) -> Outcome:
        if known.payload:
            return self._response(StatusChange.FromString(known.payload), known.position)
        if known.refusal:
            return _read(known.refusal)
        return _outcome_unknown(f"the first Dial with request_id {shown(key.request_id)} was never answered", "")

    async def _dial(self, wish: "_Wish") -> Outcome:
        try:
            self._check_ready(wish.device)
        except Refusal as refusal:
            return refusal
        request, device = wish.request, wish.device
        record = request.outbound_record if request.HasField("outbound_record") else None
        order = DialOrder(
            call_id=call_ids.call_id(self._random_bytes),
            conn_id=call_ids.conn_id(self._random_bytes),
            device_id=device.id,
            device_number=device.phone_number,
            destination=wish.digits,
            ring_timeout=RING_TIMEOUT,
            user_data=wish.user_data,
            caller_id=record.outbound_caller_id if record else "",
            location=request.location,
            record=record,
            timeout=wish.time_to_accept,
        )
        origin = CallOrigin(
            user_name=device.user_name,
            device_number=device.phone_number,
            request_id=request.request_id,
            record_handle=record.record_handle if record else None,
            campaign_name=record.campaign_name if record else "",
        )
        return await self._place(order, self._engine.expect(order.call_id, device.id, origin))

    async def _place(self, order: DialOrder, expectation: Expectation) -> Outcome:
        try:
            try:
                async with asyncio.timeout(order.timeout):
                    await self._switch.dial(order)
                    appeared = await expectation.appeared
            except TimeoutError:
                return self._unknown(expectation, "the switch did not answer in time")
            except OutcomeUnknown as unknown:
                return self._unknown(expectation, unknown.message)
            except SwitchRejected as rejected:
                self._engine.forget(expectation)
                return rejected_dial(rejected)
            except SwitchUnavailable as error:
                self._engine.forget(expectation)
                return unavailable(error)
        except BaseException:
            self._engine.forget(expectation)
            raise
        tracing.about_call(appeared.change.call.id)
        log.info(
            "call dialled",
            call_id=appeared.change.call.id,
            device=order.device_number,
            user=expectation.origin.user_name,
            request_id=expectation.origin.request_id or None,
            record_handle=expectation.origin.record_handle,
        )
        return self._response(appeared.change, appeared.position)

    def _unknown(self, expectation: Expectation, why: str) -> Refusal:
        # Should the call show itself after all, its first change settles the request, and the call is dialled by it.
        self._engine.free_line(expectation)
        asyncio.get_running_loop().call_later(SETTLE_WITHIN, self._engine.forget, expectation)
        log.warning("dial outcome unknown", call_id=expectation.call_id, reason=why)
        return _outcome_unknown(why, "" if self._switch.names_calls else expectation.call_id)

    def _response(self, change: StatusChange, position: int) -> DialResponse:
        return DialResponse(call=change.call, resume_token=self._watchers.token_before(position))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A valid Dial."""

    request: DialRequest
    device: Device
    digits: str
    user_data: UserData
    time_to_accept: float


def _data_of(request: DialRequest) -> UserData:
    """What is put on the call: the record's user data, its other fields, then the request's; a key given later wins."""
    record = request.outbound_record
    data = merged(record.user_data, record.other_fields, request.user_data)
    check_user_data(data, "user_data")
    return data


def _answer(outcome: Outcome) -> DialResponse:
    match outcome:
        case Refusal():
            raise outcome
        case DialResponse():
            return outcome
        case _:
            assert_never(outcome)


def _time_to_accept(time_remaining: float | None) -> float:
    if time_remaining is None:
        return LONGEST_ORDER
    if time_remaining <= ANSWER_MARGIN:
        raise Refusal(pb.ERROR_REASON_DEADLINE_EXCEEDED, "the deadline left no time to dial; nothing was dialled")
    return min(time_remaining - ANSWER_MARGIN, LONGEST_ORDER)


def _reused(key: RequestKey) -> Refusal:
    return Refusal(
        pb.ERROR_REASON_REQUEST_ID_REUSED,
        "this request_id was used for another request; use a new one, best a random UUID",
        metadata={"request_id": key.request_id},
    )


def _overloaded() -> Refusal:
    return Refusal(
        pb.ERROR_REASON_OVERLOADED,
        "no more request_ids can be remembered; nothing was dialled, try again later",
        metadata={"limit": "request_ids"},
        retry_after=60.0,
    )


def _journal_unavailable() -> Refusal:
    return Refusal(
        pb.ERROR_REASON_JOURNAL_UNAVAILABLE,
        "the journal takes no entries, so a call could not be followed; nothing was dialled",
        retry_after=1.0,
    )


def _outcome_unknown(why: str, call_id: str) -> Refusal:
    return Refusal(
        pb.ERROR_REASON_DIAL_OUTCOME_UNKNOWN,
        f"the call may or may not have been placed: {why}; watch the device, and repeat this Dial only with the same"
        " request_id",
        metadata={"call_id": call_id} if call_id else {},
    )


def _written(refusal: Refusal) -> bytes:
    return json.dumps(
        {"reason": ErrorReason.Name(refusal.reason), "text": refusal.text, "metadata": dict(refusal.metadata)}
    ).encode()


def _read(written: bytes) -> Refusal:
    facts = json.loads(written)
    return Refusal(ErrorReason.Value(facts["reason"]), facts["text"], metadata=facts["metadata"])
