"""The facade in front of a GWS: the same conversations, and no fault on the way loses a change or dials twice."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bridge.gws import agent_link
from bridge.gws.settings import CredentialsFrom, Transport
from dialbridge.v1.call_pb2 import RELEASE_CAUSE_LOCAL_HANGUP, RELEASE_CAUSE_LOST
from dialbridge.v1.call_service_pb2 import DialRequest
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import DialbridgeError
from tests.end_to_end.gws_service import gws_service
from tests.end_to_end.test_seed_conversation import DIALING, REQUEST
from tests.fakes.gws import FakeGws
from tests.fakes.gws_node import NodeNotifications, require_node_server
from tests.fakes.legacy_client import DEVICE, legacy_client

RECORD = OutboundRecord(record_handle=431, phone_number="5001", outbound_caller_id="410004343")


@pytest.fixture
async def gws():
    async with FakeGws(manual=True, timeout=1.0) as gws:
        yield gws


@pytest.fixture
async def service(tmp_path, gws):
    async with gws_service(tmp_path / "data", gws) as service:
        yield service


@pytest.fixture
async def client(service):
    async with service.client() as client:
        yield client


async def refusal_of_a_dial(service):
    """What the facade says, without a client that tries again."""
    credentials = base64.b64encode(b"agent1:demo").decode()
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await CallServiceStub(channel).Dial(
                DialRequest(device_id=DEVICE, outbound_record=RECORD),
                metadata=(("authorization", f"Basic {credentials}"),),
                timeout=5,
            )
    return DialbridgeError.of(refused.value)


# ------------------------------------------------------------ the conversation


@pytest.mark.parametrize("generation", ["hybrid", "strings", "objects"])
async def test_a_record_dialled_by_grpc_is_posted_as_documented_and_its_messages_become_changes(tmp_path, generation):
    async with (
        FakeGws(manual=True, generation=generation) as gws,
        gws_service(tmp_path, gws) as service,
        service.client() as client,
    ):
        answer = await client.dial(DEVICE, RECORD)
        (call,) = gws.calls
        assert answer.call.record_handle == 431
        assert [party.digits for party in answer.call.participants] == ["5001"]
        gws.answer(call)
        await service.until(lambda service: service.states() == ["Dialing", "Established"])
        await client.hangup(answer.call.id)
        await service.until(lambda service: service.states() == ["Dialing", "Established", "Released"])
        assert {change.call.id for change in service.changes} == {answer.call.id}
        assert service.changes[-1].call.release_cause == RELEASE_CAUSE_LOCAL_HANGUP
        posted = [json.loads(request.body) for request in gws.operations("Dial")]
        assert [body["outboundRecord"]["recordHandle"] for body in posted] == [431]


async def test_the_documented_conversation_goes_through_two_bridges_to_the_byte(service, gws):
    async with service.legacy() as legacy, legacy_client(gws.url) as own:
        await legacy.listen()
        await own.listen()
        assert await legacy.request("POST", f"/me/devices/{DEVICE}/calls", REQUEST) == (200, '{"statusCode":0}')
        await legacy.until(lambda legacy: legacy.messages)
        await own.until(lambda own: own.messages)
        call = legacy.changes[0]["call"]
        assert call["id"] == own.changes[0]["call"]["id"], "clients see the ids that the GWS gave"
        plain = legacy.messages[0].replace(call["id"], "CALL").replace(call["connId"], "CONNECTION")
        assert plain.replace(service.url, "http://127.0.0.1:8080") == DIALING


async def test_user_data_keeps_order_and_integers_through_two_bridges(service):
    fields = '{"zeta":9007199254740993,"alpha":"ü","inner":{"b":1,"a":[1,2.5,null]}}'
    body = (
        f'{{"operationName":"Dial","outboundRecord":{{"recordHandle":1,"phoneNumber":"5001","otherFields":{fields}}}}}'
    )
    async with service.legacy() as legacy:
        await legacy.listen()
        assert (await legacy.request("POST", f"/me/devices/{DEVICE}/calls", body))[0] == 200
        await legacy.until(lambda legacy: legacy.messages)
        assert f'"userData":{fields},' in legacy.messages[0]


async def test_every_operation_is_passed_on(service, gws):
    async with service.legacy() as legacy:
        await legacy.listen()
        await legacy.dial("5001")
        await legacy.until(lambda legacy: legacy.messages)
        gws.answer(gws.calls[0])
        await legacy.until(lambda legacy: legacy.states == ["Dialing", "Established"])
        call_id = legacy.changes[0]["call"]["id"]
        for operation, members in (
            ("AttachUserData", {"userData": {"a": 1, "b": 2}}),
            ("UpdateUserData", {"userData": {"a": 3}}),
            ("DeleteUserDataPair", {"key": "b"}),
            ("SendDtmf", {"digits": "12"}),
            ("DeleteUserData", {}),
            ("Hangup", {}),
        ):
            assert await legacy.operate(call_id, operation, **members) == (200, '{"statusCode":0}'), operation
        await legacy.until(lambda legacy: legacy.states[-1] == "Released")
        kinds = [change["notificationType"] for change in legacy.changes[2:]]
        assert kinds == [*["AttachedDataChanged"] * 3, "DtmfSent", "AttachedDataChanged", "StatusChange"]
        assert legacy.changes[4]["call"]["userData"] == {"a": 3}


async def test_a_call_from_elsewhere_rings_and_is_answered(service, gws, client):
    gws.call_in("agent1", "0301234567")
    await service.until(lambda service: service.states() == ["Ringing"])
    await client.answer(service.changes[0].call.id)
    await service.until(lambda service: service.states() == ["Ringing", "Established"])


async def test_the_official_node_server_as_the_upstream_s_cometd(tmp_path):
    require_node_server()
    async with (
        FakeGws(manual=True, notifications=NodeNotifications()) as gws,
        gws_service(tmp_path, gws) as service,
        service.client() as client,
    ):
        await client.dial(DEVICE, RECORD)
        gws.answer(gws.calls[0])
        gws.release(gws.calls[0])
        await service.until(lambda service: service.states() == ["Dialing", "Established", "Released"])


async def test_websocket_is_taken_where_it_is_offered_and_wanted(tmp_path):
    async with (
        FakeGws(manual=True, websocket=True) as gws,
        gws_service(tmp_path, gws, transport=Transport.WEBSOCKET) as service,
        service.client() as client,
    ):
        await client.dial(DEVICE, RECORD)
        gws.release(gws.calls[0])
        await service.until(lambda service: service.states() == ["Dialing", "Released"])
        assert any(request.path.endswith("/notifications") and request.method == "GET" for request in gws.requests)


async def test_a_csrf_token_is_learned_and_sent(tmp_path):
    async with (
        FakeGws(manual=True, csrf=True) as gws,
        gws_service(tmp_path, gws) as service,
        service.client() as client,
    ):
        await client.dial(DEVICE, RECORD)
        await service.until(lambda service: service.states() == ["Dialing"])


async def test_the_caller_s_own_password_signs_in_upstream_where_the_deployment_says_so(tmp_path, gws):
    more = {"agents": {}, "credentials_from": CredentialsFrom.CALLER}
    async with gws_service(tmp_path, gws, **more) as service, service.client() as client:
        assert not any(service.switch.links().values())
        await client.dial(DEVICE, RECORD)  # is unavailable at first, and repeated by the client
        assert service.switch.links()["agent1"]
        assert gws.rings("5001") == 1


# ------------------------------------------------------------ orders and their calls


async def test_a_message_before_the_answer_finds_its_dial(service, gws, client):
    gws.faults.add("Dial", "event-first")
    answer = await client.dial(DEVICE, RECORD)
    await service.until(lambda service: service.states() == ["Dialing"])
    assert answer.call.id == service.changes[0].call.id


async def test_a_message_long_after_the_answer_finds_its_dial(service, gws, client):
    gws.faults.add("event:Dialing", "hold-back", 0.5)
    answer = await client.dial(DEVICE, RECORD, request_id="late")
    assert (answer.call.upstream_state, gws.rings("5001")) == ("Dialing", 1)


async def test_a_message_that_never_comes_is_made_good_by_reading_the_calls(service, gws, client, monkeypatch):
    monkeypatch.setattr(agent_link, "LOOK_AFTER", 0.2)
    gws.faults.add("Dial", "event-never")
    answer = await client.dial(DEVICE, RECORD)
    assert answer.call.upstream_state == "Dialing"


async def test_a_message_that_comes_twice_is_one_change(service, gws, client):
    gws.faults.add("event", "duplicate", times=3)
    await client.dial(DEVICE, RECORD)
    gws.answer(gws.calls[0])
    gws.release(gws.calls[0])
    await service.until(lambda service: service.states()[-1:] == ["Released"])
    assert service.states() == ["Dialing", "Established", "Released"]


async def test_a_message_that_was_overtaken_changes_nothing(service, gws, client):
    await client.dial(DEVICE, RECORD)
    gws.faults.add("event:Established", "swap")
    gws.answer(gws.calls[0])
    gws.release(gws.calls[0])
    await service.until(lambda service: service.states()[-1:] == ["Released"])
    await client.dial(DEVICE, "5004")
    await service.until(lambda service: service.states()[-1] == "Dialing")
    assert service.states() == ["Dialing", "Released", "Dialing"]


async def test_calls_of_two_agents_at_once_find_their_orders(tmp_path, gws):
    async with (
        gws_service(tmp_path, gws, "agent1", "agent3") as service,
        service.client() as one,
        service.client("agent3") as other,
    ):
        gws.faults.add("Dial", "event-first", times=2)
        device = "5910b027-3e64-4c85-9b9d-87248a21d8a5"  # another id upstream: the number is the same
        answers = await asyncio.gather(one.dial(DEVICE, "5001"), other.dial(device, "5001"))
        assert [answer.call.device_id for answer in answers] == [DEVICE, device]
        assert len({answer.call.id for answer in answers}) == 2


async def test_what_the_contract_does_not_know_is_passed_on_verbatim(service, gws):
    for kind in ("unknown-notification", "unknown-capability", "extra-members"):
        gws.faults.add("event:Dialing", kind)
    async with service.legacy() as legacy:
        await legacy.listen()
        await legacy.dial("5001")
        await legacy.until(lambda legacy: legacy.messages)
        (change,) = legacy.changes
        known = {"StatusChange", "AttachedDataChanged", "DtmfSent"}
        assert change["notificationType"] not in known
        offered = {"DeleteUserDataPair", "AttachUserData", "Hangup", "DeleteUserData", "SendDtmf", "UpdateUserData"}
        assert len(set(change["call"]["capabilities"]) - offered) == 1


async def test_an_unknown_state_is_a_state(service, gws, client):
    await client.dial(DEVICE, RECORD)
    gws.faults.add("event:Established", "unknown-state")
    gws.answer(gws.calls[0])
    await service.until(lambda service: len(service.changes) == 2)
    assert service.changes[1].call.upstream_state not in ("", "Dialing", "Established")
    gws.release(gws.calls[0])
    await service.until(lambda service: service.states()[-1] == "Released")


# ------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("status_code", "reason", "code"),
    [
        (1, "FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT),
        (2, "OPERATION_NOT_ALLOWED", grpc.StatusCode.FAILED_PRECONDITION),
        (3, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
        (4, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
        (5, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
        (6, "DEVICE_NOT_FOUND", grpc.StatusCode.NOT_FOUND),
        (8, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
        (10, "FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT),
        (13, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
        (19, "SWITCH_REJECTED", grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
async def test_a_refusal_has_the_upstream_s_own_code_and_words(service, gws, client, status_code, reason, code):
    gws.faults.add("Dial", "error", status_code)
    with pytest.raises(DialbridgeError) as refused:
        await client.dial(DEVICE, RECORD)
    assert (refused.value.code, refused.value.reason) == (code, reason)
    assert refused.value.metadata["upstream_code"] == str(status_code)
    assert gws.rings("5001") == 0
    await client.dial(DEVICE, RECORD)
    assert gws.rings("5001") == 1


async def test_a_device_that_is_not_registered_is_told_in_the_observed_words(service, gws):
    gws.log_out("agent1")
    async with service.legacy() as legacy:
        status, text = await legacy.dial("5001")
        assert (status, json.loads(text)) == (
            500,
            {"statusCode": 4, "statusMessage": "Device '5005' is not registered."},
        )


# ------------------------------------------------------------ faults


async def test_an_answer_that_broke_off_is_unknown_and_settled_by_its_message(service, gws, client):
    gws.faults.add("Dial", "reset-after")
    with pytest.raises(DialbridgeError) as unknown:
        await client.dial(DEVICE, RECORD, request_id="once")
    assert unknown.value.reason == "DIAL_OUTCOME_UNKNOWN"
    await service.until(lambda service: service.states() == ["Dialing"])
    answer = await client.dial(DEVICE, RECORD, request_id="once")
    assert answer.call.id == service.changes[0].call.id
    assert gws.rings("5001") == 1


async def test_a_dial_that_was_never_processed_stays_unknown_and_is_never_sent_again(service, gws, client):
    gws.faults.add("Dial", "reset-before")
    for _ in range(2):
        with pytest.raises(DialbridgeError) as unknown:
            await client.dial(DEVICE, RECORD, request_id="once")
        assert unknown.value.reason == "DIAL_OUTCOME_UNKNOWN"
    assert gws.rings("5001") == 0
    assert len(gws.operations("Dial")) == 1


async def test_a_gws_that_says_503_is_unavailable_and_dialled_again_by_the_client(service, gws, client):
    gws.faults.add("Dial", "status", 503)
    await client.dial(DEVICE, RECORD)  # the client repeats what certainly did not happen
    assert gws.rings("5001") == 1


async def test_a_slow_gws_is_unknown_at_the_caller_s_deadline(service, gws, client):
    gws.faults.add("Dial", "silent-after")
    with pytest.raises(DialbridgeError) as unknown:
        await client.dial(DEVICE, RECORD, timeout=1.0)
    assert unknown.value.code in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED)
    await service.until(lambda service: service.states() == ["Dialing"])
    assert gws.rings("5001") == 1


async def test_a_session_that_ended_is_begun_anew_under_way(service, gws, client):
    gws.expire_http_sessions("agent1")
    await client.dial(DEVICE, RECORD)
    await service.until(lambda service: service.states() == ["Dialing"])
    assert gws.rings("5001") == 1


@pytest.mark.parametrize("how", ["unknown-client", "restart", "cut", "refused-handshake"])
async def test_what_happened_while_the_link_was_down_is_told_as_the_difference(service, gws, client, how):
    await client.dial(DEVICE, RECORD)
    await service.until(lambda service: service.states() == ["Dialing"])
    gws.faults.add("event", "drop", times=2)  # what was sent into the gap is lost
    match how:
        case "unknown-client":
            gws.forget_cometd("agent1")
        case "restart":
            await gws.restart(0.1)
        case "cut":
            gws.faults.add("connect", "delay", 0.3)
            gws.cut()
        case "refused-handshake":
            gws.faults.add("handshake", "refuse")
            gws.forget_cometd("agent1")
    gws.answer(gws.calls[0])
    gws.set_user_data(gws.calls[0], {"meanwhile": 1})
    if how == "refused-handshake":
        await service.link(up=False)
        service.switch.signed_in("agent1", "demo")
    await service.until(lambda service: service.states() == ["Dialing", "Established"])
    assert [pair.key for pair in service.changes[-1].call.user_data.pairs] == ["meanwhile"]


async def test_a_call_that_ended_while_the_link_was_down_is_released_as_lost(service, gws, client):
    await client.dial(DEVICE, RECORD)
    await service.until(lambda service: service.states() == ["Dialing"])
    await gws.stop()
    gws.release(gws.calls[0])
    await gws.start()
    await service.until(lambda service: service.states() == ["Dialing", "Released"])
    assert service.changes[-1].call.release_cause == RELEASE_CAUSE_LOST


async def test_while_the_gws_is_away_dials_are_refused_at_once_with_a_time_to_come_back(service, gws):
    await gws.stop()
    await service.link(up=False)
    refused = await refusal_of_a_dial(service)
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "SWITCH_UNAVAILABLE")
    assert refused.retry_after > 0
    async with grpc.aio.insecure_channel(service.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        status = health_pb2.HealthCheckResponse

        async def of(name):
            return (await health.Check(health_pb2.HealthCheckRequest(service=name))).status

        assert await of("") == status.SERVING
        async with asyncio.timeout(5):
            while await of("switch/agent1") != status.NOT_SERVING:
                await asyncio.sleep(0.05)
        await gws.start()
        await service.link()
        async with asyncio.timeout(5):
            while await of("switch/agent1") != status.SERVING:
                await asyncio.sleep(0.05)


async def test_a_half_open_connection_is_noticed_and_mended(service, gws, client):
    await client.dial(DEVICE, RECORD)
    await service.until(lambda service: service.states() == ["Dialing"])
    gws.freeze()
    gws.answer(gws.calls[0])
    await service.link(up=False)
    gws.thaw()
    await service.until(lambda service: service.states() == ["Dialing", "Established"])


async def test_an_answer_that_was_cut_with_messages_in_it_loses_none(service, gws, client):
    gws.faults.add("connect", "cut-answer")
    await client.dial(DEVICE, RECORD)
    gws.answer(gws.calls[0])
    await service.until(lambda service: service.states()[-1:] == ["Established"])


async def test_a_changed_password_takes_the_link_down_without_trying_on(service, gws):
    gws.change_password("agent1", "secret")
    gws.expire_http_sessions("agent1")
    gws.cut()
    await service.link(up=False)
    before = len(gws.requests)
    assert (await refusal_of_a_dial(service)).reason == "SWITCH_UNAVAILABLE"
    assert len(gws.requests) - before < 5


async def test_after_a_restart_of_the_facade_its_calls_go_on_under_the_same_ids(tmp_path, gws):
    async with gws_service(tmp_path, gws, "agent1", "agent2") as service, service.client() as client:
        kept = (await client.dial(DEVICE, RECORD)).call.id
        async with service.client("agent2") as other:
            gone = (await other.dial("2b00393c-9ad3-418f-8b3d-a06cbe8af395", "5004")).call.id
    answered, released = gws.calls
    gws.answer(answered)
    gws.release(released)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(gws_service(tmp_path, gws, "agent1", "agent2"))
        client = await stack.enter_async_context(service.client("supervisor1"))
        async with asyncio.timeout(10):
            while [(call.id, call.upstream_state) for call in await client.list_calls()] != [(kept, "Established")]:
                await asyncio.sleep(0.01)
        assert gone != kept
