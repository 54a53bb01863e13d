"""The documented preview dial, as bytes."""

import asyncio

from tests.fakes.gws import FakeGws
from tests.fakes.gws_agent import DEVICE, PREVIEW, Agent

MESSAGE = (
    '{"data":{"notificationType":"StatusChange",'
    '"call":{"id":"013V08JRL498H1OI04000VTAES00000G","state":"Dialing","callUuid":"013V08JRL498H1OI04000VTAES00000G",'
    '"connId":"0071023821aec010",'
    '"deviceUri":"http://127.0.0.1:8080/api/v2/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a",'
    '"participants":[{"e164Number":"","formattedPhoneNumber":"5001","phoneNumber":"5001","digits":"5001"}],'
    '"dnis":"5001","callType":"Internal",'
    '"capabilities":["DeleteUserDataPair","AttachUserData","Hangup","DeleteUserData","SendDtmf","UpdateUserData"],'
    '"duration":"0","mute":"Off","supervisorListeningIn":false,"monitoredUserMuted":false,'
    '"uri":"http://127.0.0.1:8080/api/v2/me/calls/013V08JRL498H1OI04000VTAES00000G",'
    '"path":"/calls/013V08JRL498H1OI04000VTAES00000G"},'
    '"phoneNumber":"5005",'
    '"extensions":{"WrapUpTime":0,"BusinessCall":0},'
    '"messageType":"CallStateChangeMessage"},'
    '"channel":"/v2/me/calls"}'
)


async def test_the_preview_dial_and_its_message_are_the_documented_bytes():
    async with FakeGws(public_url="http://127.0.0.1:8080/api/v2") as gws, Agent(gws) as agent:
        gws.next_call_ids("013V08JRL498H1OI04000VTAES00000G", "0071023821aec010")
        await agent.start()
        await agent.handshake()
        await agent.subscribe("/v2/me/calls")
        await agent.connect()
        held = asyncio.create_task(agent.connect())
        await gws.until(lambda: len(gws.operations("connect")) == 2)
        assert await agent.request("POST", f"/me/devices/{DEVICE}/calls", PREVIEW) == (200, '{"statusCode":0}')
        await held
        assert agent.raw[-1] == f'[{MESSAGE},{{"id":"3","channel":"/meta/connect","successful":true}}]'


async def test_the_handshake_is_answered_as_documented():
    async with FakeGws() as gws, Agent(gws) as agent:
        assert await agent.handshake() == {
            "minimumVersion": "1.0",
            "clientId": agent.client_id,
            "supportedConnectionTypes": ["long-polling"],
            "advice": {"interval": 0, "timeout": 30000, "reconnect": "retry"},
            "channel": "/meta/handshake",
            "id": "1",
            "version": "1.0",
            "successful": True,
        }


async def test_a_record_and_a_destination_carry_their_user_data():
    async with FakeGws(manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        record = {
            "recordHandle": 1,
            "phoneNumber": "5001",
            "userData": {"a": "record", "b": "record"},
            "otherFields": {"b": "other", "c": "other"},
        }
        await agent.post(
            f"/me/devices/{DEVICE}/calls", operationName="Dial", outboundRecord=record, userData={"c": "top"}
        )
        assert gws.calls[0].user_data == {"a": "record", "b": "other", "c": "top"}
        assert gws.calls[0].outbound_record == record


async def test_the_generation_of_strings_names_calls_by_their_connection():
    async with FakeGws(generation="strings", manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        await agent.dial()
        await agent.until("Dialing")
        assert agent.call["id"] == agent.call["connId"] != agent.call["callUuid"]
        assert agent.call["participants"] == ["5001"]
        assert agent.call["participantsInfo"][0]["digits"] == "5001"
        assert next(iter(agent.events[0])) == "messageType"
        assert (await agent.on_call("Hangup"))[0] == 200


async def test_the_generation_of_objects_has_monitoring_and_no_wrap_up_time():
    async with FakeGws(generation="objects", metrics=True, manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        await agent.dial()
        await agent.until("Dialing")
        assert agent.call["monitoring"] is False
        assert agent.events[0]["extensions"] == {"BusinessCall": 0}
        assert agent.events[0]["metrics"]["eventProcessing"]["serverGenerationTimestamp"] > 0


async def test_extensions_can_be_left_out():
    async with FakeGws(extensions=False, manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        await agent.dial()
        await agent.until("Dialing")
        assert "extensions" not in agent.events[0]
