"""Everything that an agent does, passed on to a GWS; another dialbridge stands for it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bridge.gws.rest import Credentials
from bridge.outbound_json import outbound_events
from dialbridge.v1 import user_pb2
from dialbridge_client import Basic, Client, DialbridgeError
from tests.end_to_end.conftest import service_of
from tests.end_to_end.gws_service import gws_service
from tests.end_to_end.outbound_day import grpc_day, legacy_day, messages
from tests.fakes.legacy_client import DEVICE

BEN = "2b00393c-9ad3-418f-8b3d-a06cbe8af395"
BOSS = "91c5f3a4-0b0e-4b5c-8f1d-3a7d2c5e6f09"
AGENTS = {name: Credentials(name, "demo") for name in ("agent1", "agent2", "supervisor1")}


class Upstream:
    """The service that stands for a GWS, as `tests.end_to_end.gws_service` wants one."""

    def __init__(self, service):
        self.service = service
        self.api_url = f"{service.url}/api/v2"


@asynccontextmanager
async def two_services(tmp_path, **more):
    """The one behind, and the one in front of it."""
    async with (
        service_of(tmp_path / "behind") as behind,
        gws_service(tmp_path / "front", Upstream(behind), agents=AGENTS, **more) as front,
    ):
        yield behind, front


@pytest.fixture
async def services(tmp_path):
    async with two_services(tmp_path) as services:
        yield services


def client(service, user):
    return Client.connect(service.grpc, credentials=Basic(user, "demo"))


async def test_a_transfer_in_two_steps_and_what_is_done_on_the_way_is_done_there(services):
    behind, front = services
    async with client(front, "agent1") as ada, client(front, "agent2") as ben, client(behind, "agent1") as there:
        call = (await ada.dial(DEVICE, "5001")).call
        await behind.advance(1)
        await front.until(lambda front: front.states(call.id)[-1:] == ["Established"])
        await ada.hold(call.id)
        await front.until(lambda front: front.states(call.id)[-1:] == ["Held"])
        await ada.retrieve(call.id)
        await front.until(lambda front: front.states(call.id)[-1:] == ["Established"])
        await ada.mute_call(call.id)
        await front.until(lambda front: front.changes[-1].call.muted)
        assert (await there.get_call(call.id)).muted
        await ada.unmute_call(call.id)
        await ada.start_call_recording(call.id)
        await front.until(lambda front: front.changes[-1].call.recording_state)
        await ada.initiate_transfer(call.id, "5006")
        await front.until(lambda front: any(change.call.user_name == "agent2" for change in front.changes))
        consult = next(change.call.id for change in front.changes if change.call.user_name == "agent2")
        await ben.answer(consult)
        await front.until(lambda front: front.states(consult).count("Established") == 2)
        await ada.complete_transfer(consult)
        await front.until(
            lambda front: any((each.call.id, each.call.user_name) == (call.id, "agent2") for each in front.changes)
        )
        (left,) = await ben.list_calls()
        assert (left.id, [party.digits for party in left.participants]) == (call.id, ["5001"])


async def test_a_supervisor_listens_in_there(services):
    behind, front = services
    async with client(front, "agent1") as ada, client(front, "supervisor1") as boss:
        await boss.listen_in(BOSS, DEVICE)
        call = (await ada.dial(DEVICE, "5001")).call
        await behind.advance(1)
        await front.until(lambda front: any(change.call.device_id == BOSS for change in front.changes))
        await boss.cancel_supervisor_monitoring(BOSS)
        await front.until(
            lambda front: (
                [each.call.upstream_state for each in front.changes if each.call.device_id == BOSS][-1] == "Released"
            )
        )
        await ada.hangup(call.id)


async def test_an_agents_state_and_device_are_set_there_and_told_here(services):
    behind, front = services
    async with client(front, "agent1") as ada, client(behind, "agent1") as there:
        for state in (user_pb2.USER_STATE_READY, user_pb2.USER_STATE_AUX_WORK):
            await ada.set_agent_state(state)
            assert [device.user_state for device in await there.list_devices()] == [state]
            await until(ada, lambda device, state=state: device.user_state == state)
        await ada.set_do_not_disturb(DEVICE, True)
        await ada.set_forwarding(DEVICE, "5006")
        for service in (ada, there):
            await until(service, lambda device: (device.do_not_disturb, device.forward_to) == (True, "5006"))


async def test_what_changes_there_by_itself_is_told_here(services):
    behind, front = services
    async with client(behind, "agent1") as there, client(front, "agent1") as ada:
        await there.set_agent_state(user_pb2.USER_STATE_AFTER_CALL_WORK)
        await there.set_forwarding(DEVICE, "5006")
        await until(ada, lambda device: device.forward_to == "5006")
        await until(ada, lambda device: device.user_state == user_pb2.USER_STATE_AFTER_CALL_WORK)


async def test_what_the_gws_refuses_is_no_change_here(services):
    _, front = services
    async with client(front, "agent1") as ada:
        with pytest.raises(DialbridgeError) as refused:
            await ada.set_forwarding(DEVICE, "5005 ")
        assert refused.value.reason == "FIELD_INVALID"
        (device,) = await ada.list_devices()
        assert not device.forward_to


@pytest.mark.parametrize("day", [legacy_day, grpc_day])
async def test_the_preview_loop_is_passed_on_and_told_as_the_gws_tells_it(services, day):
    behind, front = services
    await day(front)
    there, here = told(await messages(behind)), []
    async with asyncio.timeout(10):
        while len(here) < len(there):
            here = told(await messages(front))
    assert here == there


async def test_what_the_gws_refuses_of_the_preview_loop_is_refused_here(services):
    _, front = services
    async with client(front, "agent1") as ada:
        for campaign, application, why in (
            ("Campaign1", 0, "FIELD_REQUIRED"),
            ("Campaign1", 135, "FIELD_INVALID"),
            ("Campaign9", 134, "CAMPAIGN_NOT_FOUND"),
        ):
            with pytest.raises(DialbridgeError) as refused:
                await ada.preview_loop(campaign, DEVICE, application).start()
            assert refused.value.reason == why
        loop = ada.preview_loop("Campaign1", DEVICE, 134)
        with pytest.raises(DialbridgeError) as refused:
            await loop.next()
        assert refused.value.reason == "OPERATION_NOT_ALLOWED"
        await loop.start()
        with pytest.raises(DialbridgeError) as refused:
            await loop.reject(10**9)
        assert refused.value.reason == "RECORD_NOT_FOUND"


async def test_an_empty_list_at_the_gws_is_no_record_here(services):
    _, front = services
    async with client(front, "agent1") as ada:
        loop = ada.preview_loop("Campaign1", DEVICE, 134)
        await loop.start()
        while (record := await loop.next()) is not None:
            await loop.complete(record.record_handle, "NoAnswer")
        assert await loop.next() is None


async def test_two_agents_at_the_gws_each_hear_of_their_own_records(services):
    _, front = services
    async with client(front, "agent1") as ada, client(front, "agent2") as ben:
        loops = [ada.preview_loop("Campaign1", DEVICE, 134), ben.preview_loop("Campaign1", BEN, 134)]
        await asyncio.gather(*(loop.start() for loop in loops))
        records = await asyncio.gather(*(loop.next() for loop in loops))
        assert len({record.record_handle for record in records}) == 2
        assert [record.device_path for record in records] == [f"/devices/{DEVICE}", f"/devices/{BEN}"]


def told(found):
    """What legacy clients are told, without the references, which are the front's own at the GWS."""
    for message in found:
        message.reference_id = ""
    return [event for message in found for event in outbound_events(message)]


async def until(client, condition):
    """Read the device until ``condition`` holds."""
    async with asyncio.timeout(10):
        while not condition((await client.list_devices())[0]):
            await asyncio.sleep(0.01)
