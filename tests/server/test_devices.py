"""Devices and agent state over a real socket."""

import asyncio

import grpc
import pytest

from dialbridge.v1 import call_pb2, user_pb2
from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1 import device_service_pb2 as pb
from dialbridge.v1 import user_service_pb2 as users
from dialbridge.v1.device_service_pb2_grpc import DeviceServiceStub
from server.device_commands import DeviceReport, EndSession, SetAgentState, SetDoNotDisturb, SetForwarding, StartSession
from server.switch import OutcomeUnknown, SwitchRejected, SwitchUnavailable
from tests.server.test_grpc import error_of

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
SUPERVISOR = "91c5f3a4-0b0e-4b5c-8f1d-3a7d2c5e6f09"
SESSION = users.StartContactCenterSessionRequest(channels=["voice"])


@pytest.fixture
def devices(grpc_channel):
    return DeviceServiceStub(grpc_channel)


async def told(devices, metadata):
    """What was told from the beginning to now."""
    request = pb.WatchDevicesRequest(earliest=True)
    request.heartbeat_interval.FromSeconds(1)
    stream, changes = devices.WatchDevices(request, metadata=metadata), []
    async for message in stream:
        changes += message.changes.device_changes
        if message.WhichOneof("message") == "heartbeat":
            break
    stream.cancel()
    return changes


def state(name):
    return user_pb2.UserState.Value(f"USER_STATE_{name}")


def states(changes):
    return [user_pb2.UserState.Name(change.device.user_state).removeprefix("USER_STATE_") for change in changes]


async def test_an_agents_day_is_told_step_by_step(devices, user_stub, switch, as_):
    ada = as_("agent1")
    await user_stub.StartContactCenterSession(SESSION, metadata=ada)
    for name in ("READY", "AUX_WORK", "AFTER_CALL_WORK", "NOT_READY"):
        await devices.SetAgentState(pb.SetAgentStateRequest(user_state=state(name)), metadata=ada)
    await user_stub.EndContactCenterSession(users.EndContactCenterSessionRequest(), metadata=ada)
    changes = await told(devices, ada)
    assert states(changes) == [
        *("LOGGED_IN", "NOT_READY", "READY", "AUX_WORK", "AFTER_CALL_WORK", "NOT_READY", "LOGGED_OUT")
    ]
    assert {change.device.id for change in changes} == {DEVICE}
    assert all(change.position and change.resume_token and change.HasField("event_time") for change in changes)
    assert [command for _, command in switch.device_commands] == [
        StartSession(),
        *(SetAgentState(state(name)) for name in ("READY", "AUX_WORK", "AFTER_CALL_WORK", "NOT_READY")),
        EndSession(),
    ]


async def test_do_not_disturb_and_forwarding_are_set_offered_the_other_way_round_and_taken_back(devices, switch, as_):
    ada = as_("agent1")
    await devices.SetDoNotDisturb(pb.SetDoNotDisturbRequest(device_id=DEVICE, do_not_disturb=True), metadata=ada)
    await devices.SetForwarding(pb.SetForwardingRequest(device_id=DEVICE, forward_to="+1 410 5550100"), metadata=ada)
    (device,) = (await devices.ListDevices(pb.ListDevicesRequest(), metadata=ada)).devices
    assert (device.do_not_disturb, device.forward_to) == (True, "+14105550100")
    assert list(device.capabilities) == [
        user_pb2.DEVICE_CAPABILITY_DO_NOT_DISTURB_OFF,
        user_pb2.DEVICE_CAPABILITY_FORWARD_CALLS_OFF,
    ]
    await devices.SetForwarding(pb.SetForwardingRequest(device_id=DEVICE), metadata=ada)
    await devices.SetDoNotDisturb(pb.SetDoNotDisturbRequest(device_id=DEVICE), metadata=ada)
    last = (await told(devices, ada))[-1].device
    assert (last.do_not_disturb, last.forward_to) == (False, "")
    assert [command for _, command in switch.device_commands] == [
        SetDoNotDisturb(True),
        SetForwarding("+14105550100"),
        SetForwarding(""),
        SetDoNotDisturb(False),
    ]


async def test_a_session_that_is_started_again_goes_on_as_it_was(devices, user_stub, as_):
    ada = as_("agent1")
    await user_stub.StartContactCenterSession(SESSION, metadata=ada)
    await devices.SetAgentState(pb.SetAgentStateRequest(user_state=state("READY")), metadata=ada)
    await user_stub.StartContactCenterSession(SESSION, metadata=ada)
    assert states(await told(devices, ada)) == ["LOGGED_IN", "NOT_READY", "READY", "READY"]


async def test_agents_see_their_own_devices_and_supervisors_all(devices, user_stub, as_):
    for name in ("agent1", "agent2"):
        await user_stub.StartContactCenterSession(SESSION, metadata=as_(name))
    assert len((await devices.ListDevices(pb.ListDevicesRequest(), metadata=as_("supervisor1"))).devices) == 4
    assert {change.device.user_name for change in await told(devices, as_("supervisor1"))} == {"agent1", "agent2"}
    assert {change.device.user_name for change in await told(devices, as_("agent2"))} == {"agent2"}


async def test_a_watch_begins_with_the_devices_as_they_are_and_goes_on_where_it_broke_off(devices, user_stub, as_):
    ada = as_("agent1")
    await user_stub.StartContactCenterSession(SESSION, metadata=ada)
    stream = devices.WatchDevices(pb.WatchDevicesRequest(), metadata=ada)
    messages = [await stream.read() for _ in range(3)]
    assert [message.WhichOneof("message") for message in messages] == ["started", "snapshot", "snapshot_end"]
    assert [device.user_state for device in messages[1].snapshot.devices] == [state("NOT_READY")]
    stream.cancel()
    await devices.SetAgentState(pb.SetAgentStateRequest(user_state=state("READY")), metadata=ada)
    again = devices.WatchDevices(pb.WatchDevicesRequest(resume_token=messages[-1].resume_token), metadata=ada)
    assert (await again.read()).started.resumed
    assert states((await again.read()).changes.device_changes) == ["READY"]
    again.cancel()


async def test_whom_a_supervisor_monitors_is_told_of_the_supervisors_device(devices, grpc_stub, switch, as_):
    async def agree(*_):
        pass

    switch.supervise = switch.end_supervision = agree
    boss = as_("supervisor1")
    request = calls.CoachRequest(device_id=SUPERVISOR, target_device_id=DEVICE, mode=calls.MONITORING_MODE_NEXT_CALL)
    await grpc_stub.Coach(request, metadata=boss)
    cancel = calls.CancelSupervisorMonitoringRequest(device_id=SUPERVISOR)
    await grpc_stub.CancelSupervisorMonitoring(cancel, metadata=boss)
    began, ended = (change.device for change in await told(devices, boss))
    monitoring = began.supervisor_monitoring
    assert (monitoring.role, monitoring.target_device_id) == (call_pb2.SUPERVISOR_ROLE_COACH, DEVICE)
    assert monitoring.next_call_only
    assert user_pb2.DEVICE_CAPABILITY_CANCEL_SUPERVISOR_MONITORING in began.capabilities
    assert not ended.HasField("supervisor_monitoring")
    assert user_pb2.DEVICE_CAPABILITY_LISTEN_IN in ended.capabilities


@pytest.mark.parametrize(
    ("name", "request_", "reason"),
    [
        ("SetAgentState", pb.SetAgentStateRequest(), "FIELD_REQUIRED"),
        ("SetAgentState", pb.SetAgentStateRequest(user_state=user_pb2.USER_STATE_LOGGED_IN), "FIELD_REQUIRED"),
        ("SetAgentState", pb.SetAgentStateRequest(user_state=user_pb2.USER_STATE_READY), "DEVICE_NOT_REGISTERED"),
        (
            "SetAgentState",
            pb.SetAgentStateRequest(device_id=SUPERVISOR, user_state=user_pb2.USER_STATE_READY),
            "DEVICE_NOT_FOUND",
        ),
        ("SetDoNotDisturb", pb.SetDoNotDisturbRequest(), "FIELD_REQUIRED"),
        ("SetDoNotDisturb", pb.SetDoNotDisturbRequest(device_id=SUPERVISOR), "DEVICE_NOT_FOUND"),
        ("SetForwarding", pb.SetForwardingRequest(device_id=DEVICE, forward_to="x"), "FIELD_INVALID"),
        ("SetForwarding", pb.SetForwardingRequest(device_id=DEVICE, forward_to="5005"), "FIELD_INVALID"),
        ("SetForwarding", pb.SetForwardingRequest(forward_to="5006"), "FIELD_REQUIRED"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_its_reason_and_told_to_nobody(
    devices, switch, as_, name, request_, reason
):
    _, info, _ = await error_of(getattr(devices, name)(request_, metadata=as_("agent1")))
    assert info.reason == reason
    assert switch.device_commands == []
    assert await told(devices, as_("supervisor1")) == []


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (SwitchRejected("no"), grpc.StatusCode.FAILED_PRECONDITION),
        (SwitchUnavailable("away"), grpc.StatusCode.UNAVAILABLE),
        (OutcomeUnknown("silent"), grpc.StatusCode.DEADLINE_EXCEEDED),
    ],
)
async def test_what_the_switch_does_not_take_is_no_change(devices, switch, as_, failure, code):
    async def fail(*_):
        raise failure

    switch.on_device = fail
    request = pb.SetDoNotDisturbRequest(device_id=DEVICE, do_not_disturb=True)
    assert (await error_of(devices.SetDoNotDisturb(request, metadata=as_("agent1"))))[0] is code
    assert await told(devices, as_("agent1")) == []


async def test_a_session_that_the_switch_refuses_is_told_with_its_channel(user_stub, switch, as_):
    async def fail(*_):
        raise SwitchRejected("no place")

    switch.on_device = fail
    (result,) = (await user_stub.StartContactCenterSession(SESSION, metadata=as_("agent1"))).results
    assert (result.channel, result.reason_text) == ("voice", "no place")


async def test_changes_of_one_device_come_one_after_the_other(devices, switch, as_):
    ada, order, gate = as_("agent1"), [], asyncio.Event()

    async def slowly(_, command):
        order.append(command)
        if len(order) == 1:
            await gate.wait()

    switch.on_device = slowly
    on = devices.SetDoNotDisturb(pb.SetDoNotDisturbRequest(device_id=DEVICE, do_not_disturb=True), metadata=ada)
    while not order:
        await asyncio.sleep(0)
    off = devices.SetDoNotDisturb(pb.SetDoNotDisturbRequest(device_id=DEVICE), metadata=ada)
    gate.set()
    await asyncio.gather(on, off)
    assert order == [SetDoNotDisturb(True), SetDoNotDisturb(False)]
    assert [change.device.do_not_disturb for change in await told(devices, ada)] == [True, False]


@pytest.fixture
def reporting_switch(switch):
    """A switch that knows devices better than the server; asked for before the house is built."""
    switch.reports = asyncio.Queue()
    return switch


async def until(devices, metadata, count):
    async with asyncio.timeout(5):
        while len(changes := await told(devices, metadata)) < count:
            pass
    return changes


async def test_what_a_switch_reports_is_told_once_and_an_operation_only_when_it_is_reported(
    reporting_switch, devices, as_
):
    ada = as_("agent1")
    report = DeviceReport(DEVICE, state("READY"), do_not_disturb=True, forward_to="")
    for _ in range(2):
        reporting_switch.reports.put_nowait(report)
    await until(devices, ada, 1)
    await devices.SetAgentState(pb.SetAgentStateRequest(user_state=state("NOT_READY")), metadata=ada)
    reporting_switch.reports.put_nowait(DeviceReport(DEVICE, state("NOT_READY"), True, ""))
    changes = await until(devices, ada, 2)
    assert states(changes) == ["READY", "NOT_READY"]
    assert all(change.device.do_not_disturb for change in changes)
    reporting_switch.reports.put_nowait(None)
