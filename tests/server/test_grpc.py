"""The facade over a real socket, by clients that know only the contract."""

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1 import call_service_pb2 as calls
from dialbridge.v1 import user_service_pb2 as users
from dialbridge.v1.call_service_pb2_grpc import CallServiceStub
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.user_data_pb2 import UserData
from server.call_events import CallAppeared, CallEstablished, CallReleased
from server.switch import OutcomeUnknown

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
OTHER_DEVICE = "2b00393c-9ad3-418f-8b3d-a06cbe8af395"
DIAL = calls.DialRequest(device_id=DEVICE, outbound_record=OutboundRecord(record_handle=431, phone_number="5001"))


async def error_of(call):
    """The status code, the ErrorInfo and the other details of a call that is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return facts_of(raised.value)


def facts_of(error):
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "dialbridge"
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return error.code(), info, status.details[1:]


async def changes(stream):
    """Every change of a watch."""
    async for message in stream:
        for change in message.changes.status_changes:
            yield change


async def drained(stream):
    async for _ in stream:
        pass


async def test_a_dial_is_followed_to_its_end(grpc_stub, switch, as_):
    answer = await grpc_stub.Dial(DIAL, metadata=as_("agent1"))
    assert answer.call.state == pb.CALL_STATE_DIALING
    facts = {"call_id": answer.call.id, "device_id": DEVICE}
    switch.tell(CallEstablished(**facts, at=1001.0))
    switch.tell(CallReleased(**facts, at=1002.0, cause=pb.RELEASE_CAUSE_REMOTE_HANGUP))
    stream = grpc_stub.WatchCalls(calls.WatchCallsRequest(resume_token=answer.resume_token), metadata=as_("agent1"))
    seen = []
    async for change in changes(stream):
        seen.append((change.call.state, change.call.sequence))
        if change.call.state == pb.CALL_STATE_RELEASED:
            assert change.call.release_cause == pb.RELEASE_CAUSE_REMOTE_HANGUP
            break
    stream.cancel()
    assert seen == [(pb.CALL_STATE_DIALING, 1), (pb.CALL_STATE_ESTABLISHED, 2), (pb.CALL_STATE_RELEASED, 3)]


async def test_a_watch_begins_with_started_and_a_snapshot(grpc_stub, as_):
    call = (await grpc_stub.Dial(DIAL, metadata=as_("agent1"))).call
    stream = grpc_stub.WatchCalls(calls.WatchCallsRequest(), metadata=as_("supervisor1"))
    arms = [await stream.read() for _ in range(3)]
    assert [message.WhichOneof("message") for message in arms] == ["started", "snapshot", "snapshot_end"]
    assert [each.id for each in arms[1].snapshot.calls] == [call.id]
    assert all(message.resume_token for message in arms)
    stream.cancel()


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [("agent1", "wrong", "NOT_AUTHENTICATED"), ("nobody", "demo", "NOT_AUTHENTICATED")],
)
async def test_wrong_credentials_are_refused_on_every_rpc(grpc_stub, user_stub, as_, name, password, reason):
    for call in (
        grpc_stub.Dial(DIAL, metadata=as_(name, password)),
        grpc_stub.ListCalls(calls.ListCallsRequest(), metadata=as_(name, password)),
        grpc_stub.WatchCalls(calls.WatchCallsRequest(), metadata=as_(name, password)).read(),
        user_stub.SignIn(users.SignInRequest(), metadata=as_(name, password)),
    ):
        code, info, _ = await error_of(call)
        assert (code, info.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_no_credentials_are_refused_with_what_is_missing(grpc_stub):
    code, info, _ = await error_of(grpc_stub.Dial(DIAL))
    assert (code, info.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED")


async def test_a_token_of_sign_in_is_taken_in_place_of_the_password(grpc_stub, user_stub, as_):
    answer = await user_stub.SignIn(users.SignInRequest(), metadata=as_("agent1"))
    assert answer.user.user_name == "agent1"
    await grpc_stub.Dial(DIAL, metadata=(("authorization", f"Bearer {answer.access_token}"),))


async def test_an_error_names_the_field_the_reason_and_the_log_line(grpc_stub, as_):
    call = grpc_stub.Dial(calls.DialRequest(device_id=DEVICE, destination="abc"), metadata=as_("agent1"))
    code, info, details = await error_of(call)
    assert (code, info.reason, info.metadata["field"]) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "FIELD_INVALID",
        "destination",
    )
    bad_request, request = error_details_pb2.BadRequest(), error_details_pb2.RequestInfo()
    assert details[0].Unpack(bad_request)
    assert bad_request.field_violations[0].field == "destination"
    assert details[1].Unpack(request)
    assert request.request_id


async def test_an_agent_sees_and_controls_only_their_own_calls(grpc_stub, switch, as_):
    call = (await grpc_stub.Dial(DIAL, metadata=as_("agent1"))).call
    other = as_("agent2")
    for refused in (
        grpc_stub.GetCall(calls.GetCallRequest(call_id=call.id), metadata=other),
        grpc_stub.Hangup(calls.HangupRequest(call_id=call.id), metadata=other),
        grpc_stub.Hangup(calls.HangupRequest(call_id=call.id), metadata=as_("supervisor1")),
        grpc_stub.Hangup(calls.HangupRequest(call_id=call.id, device_id=OTHER_DEVICE), metadata=as_("agent1")),
    ):
        code, info, _ = await error_of(refused)
        assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "CALL_NOT_FOUND")
    assert not (await grpc_stub.ListCalls(calls.ListCallsRequest(), metadata=other)).calls
    assert (await grpc_stub.GetCall(calls.GetCallRequest(call_id=call.id), metadata=as_("supervisor1"))).call.id
    assert switch.commands == []


async def test_an_operation_that_is_not_offered_now_does_not_reach_the_switch(grpc_stub, switch, as_):
    call = (await grpc_stub.Dial(DIAL, metadata=as_("agent1"))).call
    code, info, _ = await error_of(grpc_stub.Answer(calls.AnswerRequest(call_id=call.id), metadata=as_("agent1")))
    assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OPERATION_NOT_ALLOWED")
    assert dict(info.metadata) == {"operation": "Answer", "state": "DIALING"}
    assert switch.commands == []


def data(**pairs):
    return UserData(pairs=[{"key": key, "value": {"int_value": value}} for key, value in pairs.items()])


async def test_every_operation_reaches_the_switch_as_what_it_is(grpc_stub, switch, as_):
    call_id = (await grpc_stub.Dial(DIAL, metadata=as_("agent1"))).call.id
    me = as_("agent1")
    await grpc_stub.SendDtmf(calls.SendDtmfRequest(call_id=call_id, digits="5#"), metadata=me)
    await grpc_stub.AttachUserData(calls.AttachUserDataRequest(call_id=call_id, user_data=data(a=1)), metadata=me)
    await grpc_stub.UpdateUserData(calls.UpdateUserDataRequest(call_id=call_id, user_data=data(a=2)), metadata=me)
    await grpc_stub.DeleteUserDataPair(calls.DeleteUserDataPairRequest(call_id=call_id, key="a"), metadata=me)
    await grpc_stub.DeleteUserData(calls.DeleteUserDataRequest(call_id=call_id), metadata=me)
    await grpc_stub.Hangup(calls.HangupRequest(call_id=call_id), metadata=me)
    assert {(call, device) for call, device, _ in switch.commands} == {(call_id, DEVICE)}
    assert [type(command).__name__ for _, _, command in switch.commands] == [
        "SendDtmf",
        "AttachUserData",
        "UpdateUserData",
        "DeleteUserDataPair",
        "DeleteUserData",
        "Hangup",
    ]


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("SendDtmf", calls.SendDtmfRequest(call_id="x"), "digits"),
        ("SendDtmf", calls.SendDtmfRequest(call_id="x", digits="hello"), "digits"),
        ("DeleteUserDataPair", calls.DeleteUserDataPairRequest(call_id="x"), "key"),
        ("Hangup", calls.HangupRequest(), "call_id"),
        ("ListCalls", calls.ListCallsRequest(page_size=-1), "page_size"),
        ("ListCalls", calls.ListCallsRequest(page_token="?"), "page_token"),
    ],
)
async def test_what_an_operation_lacks_is_named(grpc_stub, as_, method, request_, field):
    code, info, _ = await error_of(getattr(grpc_stub, method)(request_, metadata=as_("agent1")))
    assert (code, info.metadata["field"]) == (grpc.StatusCode.INVALID_ARGUMENT, field)


async def test_calls_are_listed_in_pages_in_the_order_of_their_appearance(grpc_stub, switch, as_):
    for number in range(5):
        switch.tell(
            CallAppeared(
                call_id=f"call{number}",
                device_id=DEVICE,
                at=1000.0,
                conn_id="0" * 16,
                state=pb.CALL_STATE_RINGING,
                call_type=pb.CALL_TYPE_INBOUND,
                participants=(),
            )
        )
    me, seen, token = as_("agent1"), [], ""
    while len((await grpc_stub.ListCalls(calls.ListCallsRequest(), metadata=me)).calls) < 5:
        await asyncio.sleep(0.001)
    while True:
        page = await grpc_stub.ListCalls(calls.ListCallsRequest(page_size=2, page_token=token), metadata=me)
        seen.append([call.id for call in page.calls])
        token = page.next_page_token
        if not token:
            break
    assert seen == [["call0", "call1"], ["call2", "call3"], ["call4"]]


async def test_the_callers_deadline_ends_a_dial_that_the_switch_does_not_answer(grpc_stub, switch, as_):
    async def hang(order):
        await asyncio.Event().wait()

    switch.on_dial = hang
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await grpc_stub.Dial(DIAL, metadata=as_("agent1"), timeout=0.2)
    assert raised.value.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNKNOWN)
    assert 0 < switch.orders[0].timeout < 0.2


async def test_an_unknown_outcome_is_unknown_on_the_wire(grpc_stub, switch, as_):
    async def vanish(order):
        raise OutcomeUnknown("reset")

    switch.on_dial = vanish
    code, info, _ = await error_of(grpc_stub.Dial(DIAL, metadata=as_("agent1")))
    assert (code, info.reason) == (grpc.StatusCode.UNKNOWN, "DIAL_OUTCOME_UNKNOWN")


async def test_the_rich_error_is_found_by_the_library_that_grpc_offers_for_it(grpc_stub, as_):
    call = grpc_stub.Dial(calls.DialRequest(), metadata=as_("agent1"))
    with pytest.raises(grpc.aio.AioRpcError):
        await call
    status = await rpc_status.aio.from_call(call)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_a_defect_is_an_internal_error_that_names_the_log_line_and_nothing_else(grpc_stub, switch, as_):
    async def broken(order):
        raise ZeroDivisionError("secret detail")

    switch.on_dial = broken
    code, info, _ = await error_of(grpc_stub.Dial(DIAL, metadata=as_("agent1")))
    assert (code, info.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    switch.on_dial = switch.accept
    await grpc_stub.Dial(DIAL, metadata=as_("agent1"))


async def test_a_watch_that_is_asked_for_in_no_known_words_ends_with_an_error_and_others_go_on(
    grpc_channel, grpc_stub, as_
):
    malformed = grpc_channel.unary_stream("/dialbridge.v1.CallService/WatchCalls")(b"\xff\xff", metadata=as_("agent1"))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await malformed.read()
    assert error.value.code() in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)
    watch = grpc_stub.WatchCalls(calls.WatchCallsRequest(), metadata=as_("agent1"))
    assert (await watch.read()).HasField("started")
    watch.cancel()


async def test_a_watcher_is_told_when_the_server_drains(grpc_stub, house, as_):
    stream = grpc_stub.WatchCalls(calls.WatchCallsRequest(), metadata=as_("supervisor1"))
    await stream.read()
    await stream.read()
    house.watchers.drain()
    code, info, _ = await error_of(stream.read())
    assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING")


async def test_a_client_that_does_not_read_is_cut_off_and_others_are_not(house, grpc_addr, switch, as_):
    house.watchers._log._retain = 64
    big = UserData(pairs=[{"key": "k", "value": {"string_value": "x" * 20_000}}])
    options = [("grpc.http2.lookahead_bytes", 65_536), ("grpc.http2.bdp_probe", 0)]
    async with (
        grpc.aio.insecure_channel(grpc_addr, options=options) as channel,
        grpc.aio.insecure_channel(grpc_addr) as other,
    ):
        slow = CallServiceStub(channel).WatchCalls(calls.WatchCallsRequest(), metadata=as_("supervisor1"))
        quick = CallServiceStub(other).WatchCalls(calls.WatchCallsRequest(), metadata=as_("supervisor1"))
        unread = aiter(slow)
        await anext(unread)
        while (await anext(aiter(quick))).WhichOneof("message") != "snapshot_end":
            pass  # from here on everything is told as a change
        seen = 0
        reading = changes(quick)
        for number in range(2000):
            switch.tell(
                CallAppeared(
                    call_id=f"call{number}",
                    device_id=DEVICE,
                    at=1000.0,
                    conn_id="0" * 16,
                    state=pb.CALL_STATE_RINGING,
                    call_type=pb.CALL_TYPE_INBOUND,
                    participants=(),
                    user_data=big,
                )
            )
            await anext(reading)
            seen += 1
            if house.watchers.cut_off:
                break
        assert house.watchers.cut_off == 1
        assert seen > 64
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await drained(unread)
        code, info, _ = facts_of(raised.value)
        assert (code, info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_CONSUMER")
        quick.cancel()


async def test_the_health_service_answers_for_the_server_and_each_service(grpc_channel, grpc_server):
    health = health_pb2_grpc.HealthStub(grpc_channel)
    for service in ("", "dialbridge.v1.CallService", "dialbridge.v1.UserService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    await grpc_server.health.set_serving(False)
    answer = await health.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_reflection_lists_the_services(grpc_channel):
    stub = reflection_pb2_grpc.ServerReflectionStub(grpc_channel)
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await call.read()
    names = {service.name for service in answer.list_services_response.service}
    assert {"dialbridge.v1.CallService", "dialbridge.v1.UserService", "grpc.health.v1.Health"} <= names


async def test_a_blocking_client_can_use_the_server_too(grpc_addr, as_):
    def dial():
        with grpc.insecure_channel(grpc_addr) as channel:
            return CallServiceStub(channel).Dial(DIAL, metadata=as_("agent1"), timeout=10)

    assert (await asyncio.to_thread(dial)).call.id


async def test_who_is_called_and_what_is_theirs(user_stub, as_):
    answer = await user_stub.GetCurrentUser(users.GetCurrentUserRequest(), metadata=as_("agent1"))
    assert answer.user.first_name == "Ada"
    assert [(device.id, device.phone_number) for device in answer.devices] == [(DEVICE, "5005")]
    assert [feature.id for feature in answer.features] == [
        "api-voice",
        "api-voice-outbound",
        "api-supervisor-monitoring",
    ]


async def test_a_session_opens_on_the_channels_that_there_are(user_stub, as_):
    request = users.StartContactCenterSessionRequest(channels=["voice", "chat"])
    answer = await user_stub.StartContactCenterSession(request, metadata=as_("agent1"))
    assert [(result.channel, bool(result.reason)) for result in answer.results] == [("voice", False), ("chat", True)]
    await user_stub.EndContactCenterSession(users.EndContactCenterSessionRequest(), metadata=as_("agent1"))
    code, info, _ = await error_of(
        user_stub.StartContactCenterSession(users.StartContactCenterSessionRequest(), metadata=as_("agent1"))
    )
    assert (code, info.metadata["field"]) == (grpc.StatusCode.INVALID_ARGUMENT, "channels")
