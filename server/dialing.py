"""The Dial use case: authorise, validate, recognise a repetition, order the call, and wait for its first change.

What was ordered goes on when the caller goes away: hanging up is for Hangup. A call whose order was not answered is
unknown; it is never ordered again, and it is settled when its first event comes.
"""

import asyncio
import os
from dataclasses import dataclass, field
from typing import assert_never

import structlog
from dialbridge.v1.call_service_pb2 import DialRequest, DialResponse
from dialbridge.v1.error_reason_pb2 import (
    ERROR_REASON_DEADLINE_EXCEEDED,
    ERROR_REASON_DEVICE_BUSY,
    ERROR_REASON_DEVICE_NOT_FOUND,
    ERROR_REASON_DEVICE_NOT_REGISTERED,
    ERROR_REASON_DIAL_OUTCOME_UNKNOWN,
    ERROR_REASON_JOURNAL_UNAVAILABLE,
    ERROR_REASON_OVERLOADED,
    ERROR_REASON_REQUEST_ID_REUSED,
    ERROR_REASON_SERVER_DRAINING,
    ERROR_REASON_SWITCH_REJECTED,
    ERROR_REASON_SWITCH_UNAVAILABLE,
)

from server import call_ids
from server.call_engine import Appeared, CallEngine, Expectation
from server.call_ids import RandomBytes
from server.contact_center_sessions import ContactCenterSessions
from server.directory import Device, Directory
from server.features import VOICE, VOICE_OUTBOUND, require_feature
from server.idempotency import Full, Idempotency, Reused, fingerprint
from server.journal import Journal
from server.life_cycle import CallOrigin
from server.principal import Principal
from server.refusals import Refusal
from server.switch import DialOrder, OutcomeUnknown, Switch, SwitchRejected, SwitchUnavailable
from server.time_source import TimeSource
from server.user_data import merged
from server.validation import check_dial, check_user_data
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


@dataclass(slots=True, eq=False)
class _Attempt:
    """One call that was ordered, and what became of it."""

    work: asyncio.Task[Outcome] = field(init=False)
    settled: DialResponse | None = None
    """Set when an attempt whose outcome was unknown showed itself after all."""


class Dialing:
    """Places calls on behalf of principals."""

    def __init__(
        self,
        *,
        directory: Directory,
        sessions: ContactCenterSessions,
        switch: Switch,
        engine: CallEngine,
        journal: Journal,
        watchers: Watchers,
        time: TimeSource,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._switch = switch
        self._engine = engine
        self._journal = journal
        self._watchers = watchers
        self._time = time
        self._random_bytes = random_bytes
        self._requests: Idempotency[_Attempt] = Idempotency()
        self._under_way: set[asyncio.Task[Outcome]] = set()
        self._draining = False

    async def dial(self, principal: Principal, request: DialRequest, time_remaining: float | None) -> DialResponse:
        """Dial once; what the first request with this request_id gave. Raises `Refusal`."""
        require_feature(principal, VOICE)
        if request.HasField("outbound_record"):
            require_feature(principal, VOICE_OUTBOUND)
        digits = check_dial(request)
        device = self._device(principal, request.device_id)
        if not request.request_id or request.validate_only:
            self._check_ready(device)
            if request.validate_only:
                return DialResponse()
            attempt = _Attempt()
            self._begin(attempt, request, device, digits, time_remaining)
            return _answer(await asyncio.shield(attempt.work))

        unnamed = DialRequest()
        unnamed.CopyFrom(request)
        unnamed.request_id = ""
        print_ = fingerprint(unnamed)
        try:
            attempt = self._requests.find(principal.user_name, request.request_id, print_, self._time.now())
        except Reused:
            raise _reused(request.request_id) from None
        if attempt is None:
            self._check_ready(device)
            attempt = _Attempt()
            try:
                self._requests.remember(principal.user_name, request.request_id, print_, attempt, self._time.now())
            except Full:
                raise _overloaded() from None
            try:
                self._begin(attempt, request, device, digits, time_remaining)
            except Refusal:
                self._requests.forget(principal.user_name, request.request_id)
                raise
        if attempt.settled is not None:
            return attempt.settled
        outcome = await asyncio.shield(attempt.work)
        if isinstance(outcome, Refusal) and outcome.reason in _NOTHING_HAPPENED:
            self._requests.forget(principal.user_name, request.request_id)
        return _answer(outcome)

    async def drain(self) -> None:
        """Take no more dials, and wait for those that are under way; each has a deadline of its own."""
        self._draining = True
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Give up what is under way."""
        self._draining = True
        for work in self._under_way:
            work.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _device(self, principal: Principal, device_id: str) -> Device:
        device = self._directory.device(device_id) if device_id in principal.device_ids else None
        if device is None:
            raise Refusal(
                ERROR_REASON_DEVICE_NOT_FOUND,
                "there is no such device among the caller's",
                metadata={"device_id": device_id[:64]},
            )
        return device

    def _check_ready(self, device: Device) -> None:
        if self._draining:
            raise Refusal(ERROR_REASON_SERVER_DRAINING, "the server is being stopped; dial elsewhere", retry_after=1.0)
        if not self._journal.accepts:
            raise Refusal(
                ERROR_REASON_JOURNAL_UNAVAILABLE,
                "the journal takes no entries, so a call could not be followed; nothing was dialled",
                retry_after=1.0,
            )
        if not self._sessions.is_registered(device):
            raise Refusal(
                ERROR_REASON_DEVICE_NOT_REGISTERED,
                f"Device '{device.phone_number}' is not registered.",
                metadata={"device_number": device.phone_number},
            )
        if self._engine.lines_in_use(device.id) >= device.lines:
            raise Refusal(
                ERROR_REASON_DEVICE_BUSY,
                f"Device '{device.phone_number}' has an active call on each of its lines; release or hold one first.",
                metadata={"device_number": device.phone_number},
            )

    def _begin(
        self, attempt: _Attempt, request: DialRequest, device: Device, digits: str, time_remaining: float | None
    ) -> None:
        """Order the call in a task of its own, so that a caller who goes away does not leave it half ordered."""
        record = request.outbound_record if request.HasField("outbound_record") else None
        user_data = (
            merged(record.user_data, record.other_fields, request.user_data) if record else merged(request.user_data)
        )
        check_user_data(user_data, "user_data")
        order = DialOrder(
            call_id=call_ids.call_id(self._random_bytes),
            conn_id=call_ids.conn_id(self._random_bytes),
            device_id=device.id,
            device_number=device.phone_number,
            destination=digits,
            ring_timeout=RING_TIMEOUT,
            user_data=user_data,
            caller_id=record.outbound_caller_id if record else "",
            location=request.location,
            timeout=_time_to_accept(time_remaining),
        )
        origin = CallOrigin(
            user_name=device.user_name,
            device_number=device.phone_number,
            request_id=request.request_id,
            record_handle=record.record_handle if record else None,
            campaign_name=record.campaign_name if record else "",
        )
        expectation = self._engine.expect(order.call_id, device.id, origin)
        attempt.work = asyncio.create_task(self._place(order, expectation, attempt))
        self._under_way.add(attempt.work)
        attempt.work.add_done_callback(self._under_way.discard)

    async def _place(self, order: DialOrder, expectation: Expectation, attempt: _Attempt) -> Outcome:
        try:
            try:
                async with asyncio.timeout(order.timeout):
                    await self._switch.dial(order)
                    appeared = await asyncio.shield(expectation.appeared)
            except TimeoutError:
                return self._unknown(expectation, attempt, "the switch did not answer in time")
            except OutcomeUnknown as unknown:
                return self._unknown(expectation, attempt, unknown.message)
            except SwitchRejected as rejected:
                self._engine.forget(expectation)
                return Refusal(
                    ERROR_REASON_SWITCH_REJECTED,
                    rejected.message,
                    metadata={"upstream_code": rejected.code, "upstream_message": rejected.message},
                )
            except SwitchUnavailable as unavailable:
                self._engine.forget(expectation)
                return Refusal(
                    ERROR_REASON_SWITCH_UNAVAILABLE,
                    f"the switch cannot be reached: {unavailable.message}; nothing was dialled",
                    retry_after=unavailable.retry_after,
                )
        except BaseException:
            self._engine.forget(expectation)
            raise
        log.info(
            "call dialled",
            call_id=order.call_id,
            device=order.device_number,
            user=expectation.origin.user_name,
            request_id=expectation.origin.request_id or None,
            record_handle=expectation.origin.record_handle,
        )
        return self._response(appeared)

    def _unknown(self, expectation: Expectation, attempt: _Attempt, why: str) -> Refusal:
        self._engine.free_line(expectation)
        log.warning("dial outcome unknown", call_id=expectation.call_id, reason=why)

        def settle(appeared: asyncio.Future[Appeared]) -> None:
            if not appeared.cancelled():
                attempt.settled = self._response(appeared.result())
                log.info("dial outcome settled by its event", call_id=expectation.call_id)

        expectation.appeared.add_done_callback(settle)
        asyncio.get_running_loop().call_later(SETTLE_WITHIN, self._engine.forget, expectation)
        return Refusal(
            ERROR_REASON_DIAL_OUTCOME_UNKNOWN,
            f"the call may or may not have been placed: {why}; watch the device, and repeat this Dial only with the"
            " same request_id",
            metadata={"call_id": expectation.call_id},
        )

    def _response(self, appeared: Appeared) -> DialResponse:
        return DialResponse(call=appeared.change.call, resume_token=self._watchers.token_before(appeared.position))


_NOTHING_HAPPENED = frozenset({ERROR_REASON_SWITCH_UNAVAILABLE})
"""Outcomes after which the same request_id may be tried again."""


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
        raise Refusal(ERROR_REASON_DEADLINE_EXCEEDED, "the deadline left no time to dial; nothing was dialled")
    return min(time_remaining - ANSWER_MARGIN, LONGEST_ORDER)


def _reused(request_id: str) -> Refusal:
    return Refusal(
        ERROR_REASON_REQUEST_ID_REUSED,
        "this request_id was used for another request; use a new one, best a random UUID",
        metadata={"request_id": request_id},
    )


def _overloaded() -> Refusal:
    return Refusal(
        ERROR_REASON_OVERLOADED,
        "no more request_ids can be remembered; try again later",
        metadata={"limit": "request_ids"},
        retry_after=60.0,
    )
