"""Dial: once, in order, and honestly."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1 import error_reason_pb2 as reasons
from dialbridge.v1.call_service_pb2 import DialRequest, WatchCallsRequest, WatchCallsResponse
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData
from server import dialing as module
from server.authentication import Authenticator
from server.call_events import CallReleased
from server.directory import Directory
from server.house import running
from server.journal import JournalUnavailable
from server.journal.database import Database
from server.journal.memory import MemoryJournal
from server.journal.sqlite import MIGRATIONS, Retention, SqliteJournal
from server.refusals import Refusal
from server.switch import OutcomeUnknown, SwitchRejected, SwitchUnavailable
from tests.fakes.manual_time import ManualTime
from tests.fakes.no_campaigns import NoCampaigns
from tests.fakes.scripted_switch import ScriptedSwitch, appeared

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
OTHER_DEVICE = "2b00393c-9ad3-418f-8b3d-a06cbe8af395"


class Rig:
    """A house around a scripted switch."""

    def __init__(self, house, switch, journal, directory):
        self.house, self.switch, self.journal, self.directory = house, switch, journal, directory

    async def dial(self, user="agent1", time_remaining=None, **request):
        request = {"device_id": DEVICE, "destination": "5001"} | request
        if "outbound_record" in request:
            del request["destination"]
        return await self.house.dialing.dial(self.directory.principal(user), DialRequest(**request), time_remaining)

    async def refusal(self, **arguments):
        with pytest.raises(Refusal) as refused:
            await self.dial(**arguments)
        return refused.value

    async def release(self, call_id, device=DEVICE):
        self.switch.tell(
            CallReleased(call_id=call_id, device_id=device, at=1002.0, cause=pb.RELEASE_CAUSE_REMOTE_HANGUP)
        )
        while self.house.calls.live.get(call_id, device):
            await asyncio.sleep(0.001)


@asynccontextmanager
async def rig_of(journal, switch=None, directory=None):
    directory = directory or Directory.demo()
    time = ManualTime()
    authenticator = Authenticator(directory, b"k" * 32, time)
    switch = switch or ScriptedSwitch()
    try:
        async with running(directory, authenticator, switch, journal, NoCampaigns(), time) as house:
            yield Rig(house, switch, journal, directory)
    finally:
        authenticator.close()


@pytest.fixture
async def rig():
    async with rig_of(MemoryJournal("00" * 8)) as rig:
        yield rig


def data(**pairs):
    return UserData(pairs=[{"key": key, "value": {"string_value": value}} for key, value in pairs.items()])


async def test_a_dial_returns_the_call_and_a_token_that_tells_all_of_it(rig):
    response = await rig.dial(outbound_record=OutboundRecord(record_handle=431, phone_number="5001", campaign_name="C"))
    call = response.call
    assert (call.state, call.dnis, call.record_handle, call.campaign_name) == (pb.CALL_STATE_DIALING, "5001", 431, "C")
    request = WatchCallsRequest(resume_token=response.resume_token)
    followed = rig.house.calls.watch(rig.directory.principal("agent1"), request)
    watch = rig.house.watchers.watch(followed, request, unstick=lambda: None)
    await anext(watch)
    first = WatchCallsResponse.FromString(await anext(watch)).changes.status_changes[0]
    assert (first.call.id, first.call.sequence) == (call.id, 1)
    await watch.aclose()


async def test_the_data_of_record_and_request_is_put_on_the_call_and_what_is_given_later_wins(rig):
    response = await rig.dial(
        outbound_record=OutboundRecord(
            record_handle=431, phone_number="5001", user_data=data(a="1", b="1"), other_fields=data(b="2", c="2")
        ),
        user_data=data(c="3", d="3"),
    )
    assert response.call.user_data == data(a="1", b="2", c="3", d="3")


async def test_an_event_that_outruns_the_answer_of_the_switch_finds_its_dial(rig):
    async def late(order):
        rig.switch.tell(appeared(order))
        await asyncio.sleep(0.01)

    rig.switch.on_dial = late
    response = await rig.dial(request_id="r1")
    assert response.call.state == pb.CALL_STATE_DIALING


@pytest.mark.parametrize(
    ("user", "request_", "reason"),
    [
        ("agent3", {"outbound_record": OutboundRecord(record_handle=1, phone_number="5001")}, "FEATURE_MISSING"),
        ("agent1", {"device_id": OTHER_DEVICE}, "DEVICE_NOT_FOUND"),
        ("agent1", {"device_id": "nonsense"}, "DEVICE_NOT_FOUND"),
        ("supervisor1", {}, "DEVICE_NOT_FOUND"),
        ("agent1", {"destination": "abc"}, "FIELD_INVALID"),
        ("agent1", {"user_data": data(a="x" * 70_000)}, "FIELD_INVALID"),
        ("agent1", {"time_remaining": 0.01}, "DEADLINE_EXCEEDED"),
    ],
)
async def test_what_may_not_be_is_refused_before_the_switch_is_asked(rig, user, request_, reason):
    refused = await rig.refusal(user=user, **request_)
    assert refused.reason == reasons.ErrorReason.Value(f"ERROR_REASON_{reason}")
    assert rig.switch.orders == []


async def test_validate_only_checks_everything_and_dials_nothing(rig):
    response = await rig.dial(validate_only=True, request_id="r1")
    assert not response.HasField("call")
    assert rig.switch.orders == []
    await rig.dial(request_id="r1")
    refused = await rig.refusal(validate_only=True)
    assert refused.reason == reasons.ERROR_REASON_DEVICE_BUSY


async def test_a_device_with_an_active_call_takes_no_second_one_until_it_is_released(rig):
    call = (await rig.dial()).call
    assert (await rig.refusal()).reason == reasons.ERROR_REASON_DEVICE_BUSY
    await rig.release(call.id)
    await rig.dial()


async def test_two_dials_at_once_on_one_device_give_one_call(rig):
    answers = await asyncio.gather(rig.dial(), rig.dial(), return_exceptions=True)
    assert [getattr(answer, "reason", None) for answer in answers] == [None, reasons.ERROR_REASON_DEVICE_BUSY]
    assert len(rig.switch.orders) == 1


async def test_a_device_dials_only_with_a_session_where_the_contact_centre_demands_one():
    text = (
        '[contact_center]\nname="N"\nrequire_session=true\n'
        '[[users]]\nuser_name="agent1"\npassword_hash="$argon2id$x"\n'
        f'[[devices]]\nid="{DEVICE}"\nphone_number="5005"\nuser_name="agent1"\n'
    )
    async with rig_of(MemoryJournal("00" * 8), directory=Directory.from_toml(text, "f")) as rig:
        refused = await rig.refusal()
        assert refused.reason == reasons.ERROR_REASON_DEVICE_NOT_REGISTERED
        assert refused.text == "Device '5005' is not registered."
        await rig.house.devices.start_session(DEVICE, None)
        await rig.dial()


async def test_what_the_switch_rejects_is_told_with_its_own_words_and_leaves_the_line_free(rig):
    async def reject(order):
        raise SwitchRejected("Invalid destination", code="71")

    rig.switch.on_dial = reject
    refused = await rig.refusal()
    assert refused.reason == reasons.ERROR_REASON_SWITCH_REJECTED
    assert refused.metadata == {"upstream_code": "71", "upstream_message": "Invalid destination"}
    rig.switch.on_dial = rig.switch.accept
    await rig.dial()


JOURNALS = pytest.mark.parametrize("durable", [False, True], ids=["memory", "sqlite"])


def journal_of(durable, directory):
    return SqliteJournal(Database(directory, MIGRATIONS), Retention()) if durable else MemoryJournal("00" * 8)


@JOURNALS
async def test_the_same_request_again_gives_the_first_outcome_and_one_call(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:
        first = await rig.dial(request_id="r1")
        assert await rig.dial(request_id="r1") == first
        await rig.release(first.call.id)
        assert await rig.dial(request_id="r1") == first
        assert len(rig.switch.orders) == 1


@JOURNALS
async def test_fifty_who_send_the_same_request_at_once_get_one_call(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:
        answers = await asyncio.gather(*(rig.dial(request_id="r1") for _ in range(50)))
        assert len({answer.SerializeToString() for answer in answers}) == 1
        assert len(rig.switch.orders) == 1


@JOURNALS
async def test_the_same_request_id_with_another_request_is_an_error_before_and_after(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:
        answers = await asyncio.gather(
            rig.dial(request_id="r1"), rig.dial(request_id="r1", destination="5002"), return_exceptions=True
        )
        assert answers[1].reason == reasons.ERROR_REASON_REQUEST_ID_REUSED
        refused = await rig.refusal(request_id="r1", destination="5002")
        assert refused.reason == reasons.ERROR_REASON_REQUEST_ID_REUSED
        assert len(rig.switch.orders) == 1


@JOURNALS
async def test_a_request_id_is_the_users_own(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:
        await rig.dial(request_id="r1")
        await rig.dial(user="agent2", device_id=OTHER_DEVICE, request_id="r1", destination="5002")
        assert len(rig.switch.orders) == 2


@JOURNALS
async def test_a_rejection_by_the_switch_is_remembered_and_unavailability_is_not(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:

        async def reject(order):
            raise SwitchRejected("no", code="1")

        async def unavailable(order):
            raise SwitchUnavailable("gone")

        rig.switch.on_dial = reject
        first = await rig.refusal(request_id="r1")
        rig.switch.on_dial = rig.switch.accept
        again = await rig.refusal(request_id="r1")
        assert (first.reason, first.text, first.metadata) == (again.reason, again.text, again.metadata)

        rig.switch.on_dial = unavailable
        refused = await rig.refusal(request_id="r2")
        assert (refused.reason, refused.retry_after) == (reasons.ERROR_REASON_SWITCH_UNAVAILABLE, 1.0)
        rig.switch.on_dial = rig.switch.accept
        await rig.dial(request_id="r2")


@JOURNALS
async def test_a_validation_failure_and_a_busy_device_are_not_remembered(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:
        await rig.refusal(request_id="r1", destination="x")
        call = (await rig.dial()).call
        await rig.refusal(request_id="r1")
        await rig.release(call.id)
        await rig.dial(request_id="r1")


@JOURNALS
async def test_an_unknown_outcome_is_told_never_repeated_and_settled_by_the_calls_first_event(durable, tmp_path):
    async with rig_of(journal_of(durable, tmp_path)) as rig:

        async def vanish(order):
            raise OutcomeUnknown("connection reset")

        rig.switch.on_dial = vanish
        refused = await rig.refusal(request_id="r1")
        assert refused.reason == reasons.ERROR_REASON_DIAL_OUTCOME_UNKNOWN
        rig.switch.on_dial = rig.switch.accept
        assert (await rig.refusal(request_id="r1")).reason == reasons.ERROR_REASON_DIAL_OUTCOME_UNKNOWN
        (order,) = rig.switch.orders
        rig.switch.tell(appeared(order))
        while not rig.house.calls.live.views(order.call_id):
            await asyncio.sleep(0.001)
        settled = await rig.dial(request_id="r1")
        assert settled.call.id == order.call_id
        assert len(rig.switch.orders) == 1


async def test_a_switch_that_does_not_answer_within_the_deadline_leaves_the_outcome_unknown(rig):
    async def hang(order):
        await asyncio.Event().wait()

    rig.switch.on_dial = hang
    refused = await rig.refusal(time_remaining=module.ANSWER_MARGIN + 0.02)
    assert refused.reason == reasons.ERROR_REASON_DIAL_OUTCOME_UNKNOWN
    rig.switch.on_dial = rig.switch.accept
    await rig.dial()


async def test_a_caller_who_goes_away_does_not_stop_the_call(rig):
    accept = asyncio.Event()

    async def slow(order):
        await accept.wait()
        await rig.switch.accept(order)

    rig.switch.on_dial = slow
    caller = asyncio.ensure_future(rig.dial(request_id="r1"))
    while not rig.switch.orders:
        await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    accept.set()
    assert (await rig.dial(request_id="r1")).call.id == rig.switch.orders[0].call_id


async def test_while_draining_dials_under_way_finish_and_new_ones_are_refused(rig):
    accept = asyncio.Event()

    async def slow(order):
        await accept.wait()
        await rig.switch.accept(order)

    rig.switch.on_dial = slow
    caller = asyncio.ensure_future(rig.dial())
    while not rig.switch.orders:
        await asyncio.sleep(0.001)
    draining = asyncio.ensure_future(rig.house.dialing.drain())
    await asyncio.sleep(0)
    refused = await rig.refusal(user="agent2", device_id=OTHER_DEVICE)
    assert refused.reason == reasons.ERROR_REASON_SERVER_DRAINING
    accept.set()
    await draining
    assert (await caller).call.id


async def test_while_the_journal_takes_no_entries_nothing_is_dialled(rig, monkeypatch):
    monkeypatch.setattr(MemoryJournal, "accepts", False)
    assert (await rig.refusal()).reason == reasons.ERROR_REASON_JOURNAL_UNAVAILABLE
    assert (await rig.refusal(request_id="r1")).reason == reasons.ERROR_REASON_JOURNAL_UNAVAILABLE
    assert rig.switch.orders == []


async def test_a_change_that_the_journal_refuses_is_recorded_when_it_takes_entries_again(rig, monkeypatch):
    monkeypatch.setattr("server.recorder.RETRY_AFTER", 0.001)
    real, refusals = rig.journal.append, []

    def append(records):
        if len(refusals) == 3:
            return real(records)
        refusals.append(records)
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(JournalUnavailable("disk full"))
        return refused

    monkeypatch.setattr(rig.journal, "append", append)
    call = (await rig.dial()).call
    assert len(refusals) == 3
    assert rig.journal.newest == 1
    assert rig.house.calls.live.get(call.id, DEVICE)


async def test_after_a_restart_live_calls_are_found_again_and_those_the_switch_lost_are_released(tmp_path):
    async with rig_of(journal_of(True, tmp_path)) as rig:
        kept = (await rig.dial(request_id="r1")).call
        lost = (await rig.dial(user="agent2", device_id=OTHER_DEVICE)).call
    switch = ScriptedSwitch()
    switch.known.add((kept.id, DEVICE))
    async with rig_of(journal_of(True, tmp_path), switch) as rig:
        assert [live.call.id for live in rig.house.calls.live] == [kept.id]
        entries = await rig.journal.read(rig.journal.newest - 1, 10)
        released = WatchCallsResponse().changes.status_changes.add()
        released.ParseFromString(entries[0].payload)
        assert (released.call.id, released.call.release_cause) == (lost.id, pb.RELEASE_CAUSE_LOST)
        assert (await rig.refusal()).reason == reasons.ERROR_REASON_DEVICE_BUSY
        assert (await rig.dial(request_id="r1")).call.id == kept.id
        await rig.release(kept.id)
        await rig.dial()


async def test_a_request_that_was_begun_before_a_crash_and_never_seen_again_is_unknown(tmp_path):
    async with rig_of(journal_of(True, tmp_path)) as rig:

        async def crash(order):
            raise OutcomeUnknown("killed")

        rig.switch.on_dial = crash
        await rig.refusal(request_id="r1")
    async with rig_of(journal_of(True, tmp_path)) as rig:
        assert (await rig.refusal(request_id="r1")).reason == reasons.ERROR_REASON_DIAL_OUTCOME_UNKNOWN
        assert rig.switch.orders == []
