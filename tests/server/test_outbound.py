"""The preview loop over a real socket, on a real store."""

import time

import grpc
import pytest

from dialbridge.v1 import call_pb2, call_service_pb2
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2_grpc import OutboundServiceStub
from server.authentication import Authenticator
from server.call_events import CallEstablished
from server.campaigns import demo
from server.campaigns.contact_server import CampaignContactServer
from server.campaigns.store import CampaignStore
from server.directory import Directory
from server.house import running
from server.journal.memory import MemoryJournal
from server.time_source import SystemTime
from tests.server.test_grpc import error_of

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
OPERATION = pb.OutboundOperation(campaign_name="Campaign1", reference_id="r")


class LeapingTime(SystemTime):
    """The system's, and what a test adds to it."""

    ahead = 0.0

    def now(self):
        return super().now() + self.ahead


@pytest.fixture
def clock():
    return LeapingTime()


@pytest.fixture
async def store(tmp_path):
    store = CampaignStore(tmp_path)
    await store.change(demo.put_in)
    return store


@pytest.fixture
async def house(switch, store, clock):
    directory = Directory.demo()
    authenticator = Authenticator(directory, b"k" * 32, clock)
    journal = MemoryJournal("00" * 8)
    async with running(directory, authenticator, switch, journal, CampaignContactServer(store), clock) as house:
        yield house
    authenticator.close()


@pytest.fixture
def outbound(grpc_channel):
    return OutboundServiceStub(grpc_channel)


class Agent:
    """One agent in the loop."""

    def __init__(self, stub, user, metadata):
        self.stub = stub
        self.metadata = metadata
        self.user = user

    def __getattr__(self, name):
        method, request = getattr(self.stub, name), getattr(pb, f"{name}Request")

        def ask(**fields):
            fields.setdefault("operation", OPERATION)
            return method(request(**fields), metadata=self.metadata)

        return ask

    async def pull(self):
        return (await self.GetPreviewRecord()).record.record_handle


@pytest.fixture
async def ada(outbound, as_):
    agent = Agent(outbound, "agent1", as_("agent1"))
    await agent.StartPreviewSession()
    return agent


@pytest.fixture
async def ben(outbound, as_):
    agent = Agent(outbound, "agent2", as_("agent2"))
    await agent.StartPreviewSession()
    return agent


async def told(outbound, metadata):
    """What was told from the beginning to now."""
    request = pb.WatchOutboundRequest(earliest=True)
    request.heartbeat_interval.FromSeconds(1)
    stream, messages = outbound.WatchOutbound(request, metadata=metadata), []
    async for message in stream:
        messages += message.changes.messages
        if message.WhichOneof("message") == "heartbeat":
            break
    stream.cancel()
    return messages


def kinds(messages):
    names = [pb.OutboundNotificationType.Name(message.notification_type) for message in messages]
    return [name.removeprefix("OUTBOUND_NOTIFICATION_TYPE_") for name in names]


async def test_a_session_gives_records_and_every_operation_its_message(outbound, ada):
    first = await ada.GetPreviewRecord()
    record = first.record
    assert (record.record_handle, record.phone_number, record.campaign_name) == (1, "5001", "Campaign1")
    assert first.lease_end_time.seconds == pytest.approx(time.time() + demo.CAMPAIGN.lease, abs=60)
    assert {pair.key for pair in record.user_data.pairs} >= {"GSW_RECORD_HANDLE", "GSW_PHONE", "customer"}
    await ada.UpdateRecord(record=OutboundRecord(record_handle=1, phone_type="Mobile", call_result="NoAnswer"))
    await ada.CompleteRecord(record_handle=1)
    await ada.RejectRecord(record_handle=await ada.pull())
    chained = (await ada.GetPreviewRecord()).record
    others = (await ada.GetChainedRecord(record_handle=chained.record_handle)).records
    assert [other.phone_number for other in others] == ["5004"]
    later = pb.RescheduleRecordRequest(record_handle=chained.record_handle, operation=OPERATION)
    later.callback_type = pb.CALLBACK_TYPE_CAMPAIGN
    later.callback_time.FromSeconds(int(time.time()) + 3600)
    await outbound.RescheduleRecord(later, metadata=ada.metadata)
    await ada.DoNotCallRecord(record_handle=others[0].record_handle)
    added = await ada.AddRecord(record=OutboundRecord(calling_list="CallingList1", phone_number="5006"))
    assert added.record.record_handle > 8
    await ada.EndPreviewSession()
    messages = await told(outbound, ada.metadata)
    assert kinds(messages) == [
        "PREVIEW_SESSION_STARTED",
        "PREVIEW_RECORD",
        "UPDATE_CALL_COMPLETION_STATS_ACKNOWLEDGE",
        "RECORD_PROCESSED_ACKNOWLEDGE",
        "PREVIEW_RECORD",
        "RECORD_REJECT_ACKNOWLEDGE",
        "PREVIEW_RECORD",
        "CHAINED_RECORD",
        "CHAINED_RECORDS_DATA_END",
        "SCHEDULED_RECORD_RESCHEDULE_ACKNOWLEDGE",
        "DO_NOT_CALL_ACKNOWLEDGE",
        "ADD_RECORD_ACKNOWLEDGE",
        "PREVIEW_SESSION_ENDED",
    ]
    assert {message.reference_id for message in messages} == {"r"}
    assert {(message.user_name, message.device_id) for message in messages} == {("agent1", DEVICE)}
    assert [message.position for message in messages] == sorted({message.position for message in messages})


async def test_two_agents_never_get_the_same_record_and_see_their_own_news(outbound, ada, ben):
    handles = [await ada.pull(), await ben.pull(), await ada.pull(), await ben.pull()]
    assert len(set(handles)) == 4
    assert {message.user_name for message in await told(outbound, ben.metadata)} == {"agent2"}


async def test_a_supervisor_sees_the_news_of_all(outbound, ada, ben, as_):
    messages = await told(outbound, as_("supervisor1"))
    assert {message.user_name for message in messages} == {"agent1", "agent2"}


async def test_what_an_agent_had_goes_back_with_the_session_and_when_the_lease_ends(ada, ben, clock):
    first = await ada.pull()
    await ada.EndPreviewSession()
    assert await ben.pull() == first
    clock.ahead += demo.CAMPAIGN.lease
    await ada.StartPreviewSession()
    assert await ada.pull() == first
    code, info, _ = await error_of(ben.CompleteRecord(record_handle=first))
    assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND")


async def test_an_agent_who_talks_keeps_the_record_past_the_lease(ada, ben, clock, grpc_stub):
    record = (await ada.GetPreviewRecord()).record
    dial = call_service_pb2.DialRequest(device_id=DEVICE, outbound_record=record)
    assert (await grpc_stub.Dial(dial, metadata=ada.metadata)).call.state == call_pb2.CALL_STATE_DIALING
    clock.ahead += demo.CAMPAIGN.lease + 1
    assert await ben.pull() != record.record_handle
    await ada.CompleteRecord(record_handle=record.record_handle, call_result="Answer")


async def test_when_nothing_is_to_be_called_the_answer_is_empty_and_the_news_an_error(outbound, ada):
    while await ada.pull():
        pass
    last = (await told(outbound, ada.metadata))[-1]
    assert kinds([last]) == ["ERROR"]
    assert last.error_message == "No record is to be called now."


async def test_no_dial_and_no_transfer_reaches_a_number_of_the_do_not_call_list(ada, grpc_stub, switch):
    await ada.DoNotCallRecord(phone_number="+1 (410) 555-0100")
    record = OutboundRecord(record_handle=5, phone_number="+14105550100")
    for target in ({"destination": "14105550100"}, {"outbound_record": record}):
        dial = call_service_pb2.DialRequest(device_id=DEVICE, **target)
        code, info, _ = await error_of(grpc_stub.Dial(dial, metadata=ada.metadata))
        assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "DO_NOT_CALL")
    assert switch.orders == []
    dial = call_service_pb2.DialRequest(device_id=DEVICE, destination="5001")
    call = (await grpc_stub.Dial(dial, metadata=ada.metadata)).call
    switch.tell(CallEstablished(call_id=call.id, device_id=DEVICE, at=1001.0))
    for name in ("SingleStepTransfer", "InitiateTransfer", "SingleStepConference", "InitiateConference"):
        request = getattr(call_service_pb2, f"{name}Request")(call_id=call.id, destination="1-410-555-0100")
        code, info, _ = await error_of(getattr(grpc_stub, name)(request, metadata=ada.metadata))
        assert (name, info.reason) == (name, "DO_NOT_CALL")
    assert switch.commands == []


@pytest.mark.parametrize(
    ("user", "name", "fields", "reason"),
    [
        ("agent3", "StartPreviewSession", {}, "FEATURE_MISSING"),
        ("agent1", "StartPreviewSession", {"operation": pb.OutboundOperation()}, "FIELD_REQUIRED"),
        ("agent1", "StartPreviewSession", {"operation": {"campaign_name": "None"}}, "CAMPAIGN_NOT_FOUND"),
        (
            "agent1",
            "StartPreviewSession",
            {"operation": {"campaign_name": "Campaign1", "device_id": "x"}},
            "DEVICE_NOT_FOUND",
        ),
        (
            "agent1",
            "StartPreviewSession",
            {"operation": {"campaign_name": "Campaign1", "application_id": 7}},
            "FIELD_INVALID",
        ),
        (
            "agent1",
            "StartPreviewSession",
            {"operation": {"campaign_name": "Campaign1", "reference_id": "x" * 129}},
            "FIELD_INVALID",
        ),
        ("agent2", "GetPreviewRecord", {}, "NO_PREVIEW_SESSION"),
        ("agent1", "CompleteRecord", {}, "FIELD_REQUIRED"),
        ("agent1", "CompleteRecord", {"record_handle": 1}, "RECORD_NOT_FOUND"),
        ("agent1", "CompleteRecord", {"record_handle": 1, "call_result": "x" * 65}, "FIELD_INVALID"),
        ("agent1", "CompleteRecord", {"record_handle": 1, "phone_number": "x"}, "FIELD_INVALID"),
        ("agent1", "UpdateRecord", {"record": {"phone_number": "5001"}}, "FIELD_REQUIRED"),
        ("agent1", "RescheduleRecord", {"record_handle": 1}, "FIELD_REQUIRED"),
        ("agent1", "RescheduleRecord", {"record_handle": 1, "callback_type": 1}, "FIELD_REQUIRED"),
        (
            "agent1",
            "RescheduleRecord",
            {"record_handle": 1, "callback_type": 1, "callback_time": {"seconds": 1433917552}},
            "FIELD_INVALID",
        ),
        ("agent1", "DoNotCallRecord", {}, "FIELD_REQUIRED"),
        ("agent1", "DoNotCallRecord", {"phone_number": "x"}, "FIELD_INVALID"),
        ("agent1", "AddRecord", {"record": {"phone_number": "5001"}}, "FIELD_REQUIRED"),
        ("agent1", "AddRecord", {"record": {"calling_list": "CallingList1"}}, "FIELD_REQUIRED"),
        ("agent1", "AddRecord", {"record": {"phone_number": "5001", "calling_list": "Other"}}, "FIELD_INVALID"),
        (
            "agent1",
            "AddRecord",
            {"record": {"phone_number": "5001", "calling_list": "CallingList1", "time_zone": "Mars"}},
            "FIELD_INVALID",
        ),
        (
            "agent1",
            "AddRecord",
            {"record": {"phone_number": "5001", "calling_list": "CallingList1", "until_seconds": 86_401}},
            "FIELD_INVALID",
        ),
    ],
)
async def test_what_cannot_be_done_is_refused_with_its_reason_and_told_to_nobody(
    outbound, ada, as_, user, name, fields, reason
):
    before = len(await told(outbound, as_("supervisor1")))
    _, info, _ = await error_of(getattr(Agent(outbound, user, as_(user)), name)(**fields))
    assert info.reason == reason
    assert len(await told(outbound, as_("supervisor1"))) == before


async def test_a_watch_goes_on_where_it_broke_off(outbound, ada):
    await ada.pull()
    messages = await told(outbound, ada.metadata)
    await ada.pull()
    stream = outbound.WatchOutbound(
        pb.WatchOutboundRequest(resume_token=messages[-1].resume_token), metadata=ada.metadata
    )
    assert (await stream.read()).started.resumed
    assert kinds((await stream.read()).changes.messages) == ["PREVIEW_RECORD"]
    stream.cancel()


async def test_who_watches_from_now_on_gets_no_past(outbound, ada):
    stream = outbound.WatchOutbound(pb.WatchOutboundRequest(), metadata=ada.metadata)
    assert [(await stream.read()).WhichOneof("message") for _ in range(2)] == ["started", "snapshot_end"]
    await ada.pull()
    assert kinds((await stream.read()).changes.messages) == ["PREVIEW_RECORD"]
    stream.cancel()


async def test_calls_and_campaigns_share_a_journal_and_each_watch_sees_its_own(outbound, ada, grpc_stub):
    await grpc_stub.Dial(call_service_pb2.DialRequest(device_id=DEVICE, destination="5001"), metadata=ada.metadata)
    await ada.pull()
    watch = call_service_pb2.WatchCallsRequest(earliest=True)
    watch.heartbeat_interval.FromSeconds(1)
    stream, changes = grpc_stub.WatchCalls(watch, metadata=ada.metadata), []
    async for message in stream:
        changes += message.changes.status_changes
        if message.WhichOneof("message") == "heartbeat":
            break
    stream.cancel()
    assert len(changes) == 1
    assert kinds(await told(outbound, ada.metadata)) == ["PREVIEW_SESSION_STARTED", "PREVIEW_RECORD"]


async def test_a_personal_callback_is_the_agents_own(outbound, ada, ben, clock):
    handle = await ada.pull()
    later = pb.RescheduleRecordRequest(
        operation=OPERATION, record_handle=handle, callback_type=pb.CALLBACK_TYPE_PERSONAL
    )
    later.callback_time.FromSeconds(int(clock.now()) + 60)
    await outbound.RescheduleRecord(later, metadata=ada.metadata)
    clock.ahead += 61
    assert await ben.pull() != handle
    assert await ada.pull() == handle
