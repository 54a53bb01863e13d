"""The documented conversation, byte for byte but for generated ids, and the same calls on every wire."""

import json
import re
from unittest.mock import ANY

import pytest

from dialbridge.v1.call_pb2 import CallState, ReleaseCause
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import Replaced
from tests.fakes.legacy_client import DEVICE

REQUEST = (
    '{"operationName":"Dial","devicePath":"/devices/1234567890",'
    '"outboundRecord":{"recordHandle":431,"phoneNumber":"5001","outboundCallerId":"410004343","otherFields":{}}}'
)
DIALING = (
    '{"data":{"notificationType":"StatusChange","call":{"id":"CALL","state":"Dialing","callUuid":"CALL",'
    '"connId":"CONNECTION","deviceUri":"http://127.0.0.1:8080/api/v2/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a",'
    '"participants":[{"e164Number":"","formattedPhoneNumber":"5001","phoneNumber":"5001","digits":"5001"}],'
    '"dnis":"5001","callType":"Internal",'
    '"capabilities":["DeleteUserDataPair","AttachUserData","Hangup","DeleteUserData","SendDtmf","UpdateUserData"],'
    '"duration":"0","mute":"Off","supervisorListeningIn":false,"monitoredUserMuted":false,'
    '"uri":"http://127.0.0.1:8080/api/v2/me/calls/CALL","path":"/calls/CALL"},"phoneNumber":"5005",'
    '"extensions":{"WrapUpTime":0,"BusinessCall":0},"messageType":"CallStateChangeMessage"},"channel":"/v2/me/calls"}'
)


@pytest.mark.parametrize("channel", ["/v2/me/calls", "/v2/me/*"])
async def test_the_documented_dial_is_answered_and_told_to_the_byte(service, channel):
    async with service.legacy() as client:
        await client.listen(channel)
        assert await client.request("POST", f"/me/devices/{DEVICE}/calls", REQUEST) == (200, '{"statusCode":0}')
        await client.until(lambda client: client.messages)
        message = client.messages[0]
        call = client.changes[0]["call"]
        assert re.fullmatch(r"[0-9A-Z]{32}", call["id"])
        assert re.fullmatch(r"[0-9a-f]{16}", call["connId"])
        assert message.replace(call["id"], "CALL").replace(call["connId"], "CONNECTION") == DIALING


async def test_a_record_s_fields_are_on_the_call_the_same_values_in_the_same_order(service):
    fields = (
        '{"GSW_RECORD_HANDLE":9007199254740993,"zeta":"last first","alpha":-9223372036854775808,'
        '"list":[1,2.5,true,null],"inner":{"b":1,"a":2},"Ünïcode":"☎"}'
    )
    record = f'{{"recordHandle":431,"phoneNumber":"5001","otherFields":{fields}}}'
    body = f'{{"operationName":"Dial","outboundRecord":{record}}}'
    async with service.legacy() as client:
        await client.listen()
        assert await client.request("POST", f"/me/devices/{DEVICE}/calls", body) == (200, '{"statusCode":0}')
        await client.until(lambda client: client.messages)
        assert f'"userData":{fields},' in client.messages[0]
        await service.advance(2)
        await client.until(lambda client: len(client.messages) == 2)
        assert f'"userData":{fields},' in client.messages[1]
        call_id = client.changes[0]["call"]["id"]
        status, text = await client.request("GET", f"/me/calls/{call_id}")
        assert status == 200
        assert f'"userData":{fields}' in text


PLAN = {
    "5001": (["Dialing", "Established"], None),
    "5002": (["Dialing", "Released"], "RELEASE_CAUSE_BUSY"),
    "5003": (["Dialing", "Released"], "RELEASE_CAUSE_NO_ANSWER"),
    "5004": (["Dialing", "Established", "Released"], "RELEASE_CAUSE_REMOTE_HANGUP"),
    "5099": (["Dialing", "Released"], "RELEASE_CAUSE_INVALID_NUMBER"),
    "5551234": (["Dialing", "Established"], None),
}


@pytest.mark.parametrize("number", PLAN)
async def test_every_number_of_the_plan_is_told_alike_on_both_wires(service, number):
    states, cause = PLAN[number]
    async with service.legacy() as legacy, service.client() as client:
        await legacy.listen()
        watch = client.watch()
        assert await anext(watch) == Replaced((), ANY)
        assert await legacy.dial(number) == (200, '{"statusCode":0}')
        await service.advance(25)
        watched = [(await anext(watch)).change for _ in states]
        await watch.aclose()
        await legacy.until(lambda legacy: len(legacy.messages) == len(states))
        assert legacy.states == states
        assert [CallState.Name(change.call.state).removeprefix("CALL_STATE_").title() for change in watched] == states
        assert [change.call.id for change in watched] == [change["call"]["id"] for change in legacy.changes]
        last = watched[-1].call
        assert (ReleaseCause.Name(last.release_cause) if cause else None) == cause
        assert (json.loads(legacy.messages[-1])["data"]["call"]["capabilities"] == []) == (cause is not None)


async def test_a_call_dialed_by_grpc_is_told_to_the_legacy_client_as_its_own(service):
    async with service.legacy() as legacy, service.client() as client:
        await legacy.listen()
        answer = await client.dial(DEVICE, OutboundRecord(record_handle=431, phone_number="5001"))
        await legacy.until(lambda legacy: legacy.messages)
        call_id = legacy.changes[0]["call"]["id"]
        assert call_id == answer.call.id
        assert legacy.messages[0].replace(call_id, "CALL").replace(answer.call.conn_id, "CONNECTION") == DIALING
        assert (await legacy.operate(call_id, "Hangup")) == (200, '{"statusCode":0}')
        await legacy.until(lambda legacy: legacy.states == ["Dialing", "Released"])
        assert await client.list_calls() == []


async def test_two_agents_see_their_own_sides_of_one_call(service):
    async with service.legacy() as ann, service.legacy("agent2") as ben:
        await ann.listen()
        await ben.listen()
        await ann.dial("5006")
        await ben.until(lambda ben: ben.states == ["Ringing"])
        await ann.until(lambda ann: ann.states == ["Dialing"])
        call_id = ben.changes[0]["call"]["id"]
        assert ann.changes[0]["call"]["id"] == call_id
        assert [change["phoneNumber"] for change in (*ann.changes, *ben.changes)] == ["5005", "5006"]
        assert await ben.operate(call_id, "Answer") == (200, '{"statusCode":0}')
        await ann.until(lambda ann: ann.states == ["Dialing", "Established"])
        await ben.until(lambda ben: ben.states == ["Ringing", "Established"])
        assert await ann.operate(call_id, "Hangup") == (200, '{"statusCode":0}')
        await ann.until(lambda ann: ann.states[-1] == "Released")
        await ben.until(lambda ben: ben.states[-1] == "Released")


async def test_every_operation_on_user_data_and_digits_is_told(service):
    async with service.legacy() as client:
        await client.listen()
        await client.dial("5001", otherFields={"kept": 1})
        await service.advance(1)
        await client.until(lambda client: client.states == ["Dialing", "Established"])
        call = client.changes[-1]["call"]
        done = '{"statusCode":0}'
        assert (await client.operate(call["id"], "AttachUserData", userData={"a": 1, "b": 2}))[1] == done
        assert (await client.operate(call["id"], "UpdateUserData", userData={"a": 3}))[1] == done
        assert (await client.operate(call["id"], "DeleteUserDataPair", key="b"))[1] == done
        await client.until(lambda client: len(client.messages) == 5)
        assert [change["notificationType"] for change in client.changes[2:]] == ["AttachedDataChanged"] * 3
        assert client.changes[-1]["call"]["userData"] == {"kept": 1, "a": 3}
        assert (await client.operate(call["id"], "DeleteUserData"))[1] == done
        assert (await client.operate(call["id"], "SendDtmf", digits="123#"))[1] == done
        assert (await client.operate(call["id"], "Hangup"))[1] == done
        await client.until(lambda client: client.states[-1] == "Released")
        assert await client.calls() == []


async def test_a_watcher_that_comes_later_sees_the_calls_that_there_are(service):
    async with service.legacy() as legacy, service.client() as client, service.client("supervisor1") as supervisor:
        await legacy.dial("5001")
        await service.advance(2)
        for each in (client, supervisor):
            watch = each.watch()
            event = await anext(watch)
            assert isinstance(event, Replaced)
            assert [CallState.Name(call.state) for call in event.calls] == ["CALL_STATE_ESTABLISHED"]
            await watch.aclose()
