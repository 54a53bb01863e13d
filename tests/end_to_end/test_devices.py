"""Devices as legacy clients see them, and what becomes of them when the service is killed."""

import json

import aiohttp

from dialbridge.v1 import call_pb2, user_pb2
from dialbridge_client import Basic, Client
from tests.fakes.node_cometd import node_cometd
from tests.fakes.process import KILL, serve

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
OK = (200, '{"statusCode":0}')


async def test_an_agents_states_and_device_are_told_to_the_official_client(service):
    authorization = aiohttp.encode_basic_auth("agent1", "demo")
    async with (
        service.legacy() as rest,
        node_cometd(f"{service.url}/api/v2/notifications", "long-polling", authorization) as node,
    ):
        await node.do("handshake")
        await node.until(lambda fact: fact.get("handshake"))
        await node.do("subscribe", channel="/v2/me/devices")
        await node.until(lambda fact: fact.get("subscribed"))

        async def told():
            data = (await node.until(lambda fact: "event" in fact))["data"]
            assert data["messageType"] == "DeviceStateChangeMessage"
            (device,) = data["devices"]
            return device

        async def post(path, operation, **members):
            return await rest.request("POST", path, {"operationName": operation, **members})

        status, text = await post("/me/channels/voice", "Ready")
        assert (status, json.loads(text)) == (
            500,
            {"statusCode": 4, "statusMessage": "Device '5005' is not registered."},
        )
        assert await post("/me", "StartContactCenterSession", channels=["voice"]) == OK
        assert [(await told())["userState"]["state"] for _ in range(2)] == ["LoggedIn", "NotReady"]
        for operation, mode in (("Ready", None), ("AuxWork", "AuxWork"), ("AfterCallWork", "AfterCallWork")):
            assert await post("/me/channels/voice", operation) == OK
            assert (await told())["userState"].get("workMode") == mode
        at = f"/me/devices/{DEVICE}"
        assert await post(at, "DoNotDisturbOn") == OK
        assert (await told())["doNotDisturb"] == "On"
        assert await post(at, "ForwardCallsOn", forwardTo="5006") == OK
        forwarded = await told()
        assert (forwarded["forwardTo"], forwarded["capabilities"]) == ("5006", ["DoNotDisturbOff", "ForwardCallsOff"])
        assert json.loads((await rest.request("GET", at))[1])["device"] == forwarded
        assert await post(at, "DoNotDisturbOff") == OK
        assert await post(at, "ForwardCallsOff") == OK
        assert "forwardTo" not in [await told(), await told()][1]
        assert (await post(at, "ForwardCallsOn"))[0] == 400
        assert (await post("/me/channels/voice", "Sleep"))[0] == 403


async def test_a_call_to_an_agent_who_is_not_to_be_disturbed_is_busy(service):
    async with service.client("agent2") as ben, service.client() as ada:
        (device,) = (await ben.current_user()).devices
        await ben.set_do_not_disturb(device.id, True)
        watch = ada.watch()
        await anext(watch)
        await ada.dial(DEVICE, "5006")
        await service.advance(2)
        changes = [await anext(watch) for _ in range(2)]
        assert changes[-1].change.call.release_cause == call_pb2.RELEASE_CAUSE_BUSY
        await watch.aclose()


async def test_what_was_set_is_there_again_after_a_kill(tmp_path):
    async with serve(tmp_path / "data") as process:
        async with Client.connect(process.grpc, credentials=Basic("agent1", "demo")) as client:
            await client.start_contact_center_session()
            await client.set_agent_state(user_pb2.USER_STATE_READY)
            await client.set_forwarding(DEVICE, "5006")
        process.send(KILL)
        await process.ended()
    async with (
        serve(tmp_path / "data") as process,
        Client.connect(process.grpc, credentials=Basic("agent1", "demo")) as client,
        Client.connect(process.grpc, credentials=Basic("agent2", "demo")) as ben,
    ):
        (device,) = await client.list_devices()
        assert (device.user_state, device.forward_to) == (user_pb2.USER_STATE_READY, "5006")
        (own,) = await ben.list_devices()
        watch = ben.watch()
        await anext(watch)
        async with Client.connect(process.grpc, credentials=Basic("supervisor1", "demo")) as boss:
            (elsewhere,) = (await boss.current_user()).devices
            await boss.dial(elsewhere.id, "5005")
        assert (await anext(watch)).change.call.device_id == own.id
        await watch.aclose()
