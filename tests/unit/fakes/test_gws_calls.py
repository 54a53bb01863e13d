"""What the numbers do, and what can be done with a call."""

import pytest

from tests.fakes.gws import FakeGws, State
from tests.fakes.gws_agent import Agent

OTHER = "631608b3-ceb1-472b-ba05-2ae39555b0d1"
ESTABLISHED = 11


@pytest.fixture
async def gws():
    async with FakeGws(speed=50, event_lag=0.001) as gws:
        yield gws


@pytest.fixture
async def agent(gws):
    async with Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        yield agent


@pytest.fixture
async def colleague(gws):
    async with Agent(gws, "agent2", device=OTHER) as agent:
        await agent.start()
        await agent.listen()
        yield agent


async def test_5001_rings_and_answers(gws, agent):
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    assert gws.rings("5001") == 1
    assert len(agent.call["capabilities"]) == ESTABLISHED
    assert agent.events[-1]["extensions"] == {"WrapUpTime": 0, "BusinessCall": 0}


async def test_5002_is_busy_and_never_rings(gws, agent):
    await agent.dial("5002")
    await agent.until("Dialing", "Released")
    assert gws.rings("5002") == 0
    assert agent.call["capabilities"] == [] and agent.events[-1]["extensions"] == {"BusinessCall": 0}
    assert [one["phoneNumber"] for one in agent.call["participants"]] == ["5002"]


async def test_5003_rings_and_gives_up(gws, agent):
    await agent.dial("5003")
    await agent.until("Dialing", "Released")
    assert gws.rings("5003") == 1 and not gws.calls[0].answered


async def test_5004_answers_and_hangs_up(agent):
    await agent.dial("5004")
    await agent.until("Dialing", "Established", "Released")


async def test_5099_is_an_error_message_and_no_call(gws, agent):
    assert (await agent.dial("5099"))[0] == 200
    (message,) = await gws.until(lambda: agent.events)
    assert message["messageType"] == "ErrorMessage" and message["errorCode"] == 71 and "call" not in message
    assert gws.calls == []


async def test_5098_fails_after_dialing(gws, agent):
    await agent.dial("5098")
    await gws.until(lambda: len(agent.events) == 3)
    assert [event["messageType"] for event in agent.events] == [
        "CallStateChangeMessage",
        "ErrorMessage",
        "CallStateChangeMessage",
    ]
    assert agent.call["state"] == "Released"


async def test_a_long_number_is_an_outbound_call(agent):
    await agent.dial("+4930123456")
    await agent.until("Dialing", "Established")
    assert agent.call["callType"] == "Outbound"


async def test_a_released_call_is_not_found_any_more(agent):
    await agent.dial("5002")
    await agent.until("Dialing", "Released")
    assert (await agent.get(f"/me/calls/{agent.call['id']}"))[0] == 404
    assert (await agent.on_call("Hangup"))[1]["statusCode"] == 6


async def test_a_call_goes_through_hold_retrieve_and_hangup(agent):
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    assert (await agent.on_call("Retrieve"))[1]["statusCode"] == 2
    await agent.on_call("Hold")
    await agent.until("Dialing", "Established", "Held")
    assert "SendDtmf" not in agent.call["capabilities"] and "Retrieve" in agent.call["capabilities"]
    await agent.on_call("Retrieve")
    await agent.until("Dialing", "Established", "Held", "Established")
    await agent.on_call("Hangup")
    await agent.until("Dialing", "Established", "Held", "Established", "Released")


async def test_digits_are_told_as_sent(gws, agent):
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    assert (await agent.on_call("SendDtmf"))[1]["statusCode"] == 1
    assert (await agent.on_call("SendDtmf", digits="12a"))[1]["statusCode"] == 10
    assert (await agent.on_call("SendDtmf", digits="12"))[0] == 200
    await agent.until("Dialing", "Established", "Established")
    assert agent.events[-1]["notificationType"] == "DtmfSent"


async def test_user_data_changes_are_told_without_extensions(gws, agent):
    await agent.dial("5001", userData={"a": "1"})
    await agent.until("Dialing", "Established")
    seen = []
    for name, more in (
        ("AttachUserData", {"userData": {"b": "2"}}),
        ("UpdateUserData", {"userData": {"a": "3"}}),
        ("DeleteUserDataPair", {"key": "b"}),
        ("DeleteUserData", {}),
    ):
        before = len(agent.events)
        assert (await agent.on_call(name, **more))[0] == 200
        await gws.until(lambda before=before: len(agent.events) > before)
        assert agent.events[-1]["notificationType"] == "AttachedDataChanged" and "extensions" not in agent.events[-1]
        seen.append(agent.call.get("userData"))
    assert seen == [{"a": "1", "b": "2"}, {"a": "3", "b": "2"}, {"a": "3"}, None]


async def test_a_colleague_rings_answers_and_hears_of_the_end(gws, agent, colleague):
    await agent.dial("5006")
    await colleague.until("Ringing")
    assert "Hangup" not in colleague.call["capabilities"]
    assert colleague.call["participants"][0]["digits"] == "5005" and colleague.call["dnis"] == "5006"
    await colleague.on_call("Answer")
    await agent.until("Dialing", "Established")
    await agent.on_call("Hangup")
    await agent.until("Dialing", "Established", "Released")
    await colleague.until("Ringing", "Established", "Released")
    assert agent.call["id"] == colleague.call["id"]


async def test_a_call_from_outside_rings_until_it_is_answered(gws, agent):
    call = gws.call_in("agent1", "03012345")
    await agent.until("Ringing")
    assert agent.call["callType"] == "Inbound" and agent.call["ani"] == "03012345"
    await agent.on_call("Answer")
    await agent.until("Ringing", "Established")
    gws.release(call)
    await agent.until("Ringing", "Established", "Released")


async def test_by_hand_nothing_happens_but_what_the_test_does():
    async with FakeGws(manual=True) as gws, Agent(gws) as agent:
        await agent.start()
        await agent.listen()
        await agent.dial("5002")
        await agent.until("Dialing")
        gws.answer(gws.calls[0])
        await agent.until("Dialing", "Established")
        gws.release(gws.calls[0])
        await agent.until("Dialing", "Established", "Released")


async def consulting(agent, operation):
    """A call to 5001 held while 5111 was consulted and answered; the ids of both."""
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    original = agent.call["id"]
    await agent.on_call(operation, destination={"phoneNumber": "5111"})
    await agent.until("Dialing", "Established", "Held", "Dialing", "Established")
    assert agent.events[2]["call"]["id"] == original and "extensions" not in agent.events[2]
    consult = agent.call
    assert consult["callType"] == "Consult" and consult["parentCallPath"] == f"/calls/{original}"
    assert consult["parentCallUri"].endswith(f"/me/calls/{original}")
    return original, consult["id"]


async def test_a_completed_transfer_releases_the_original_first(gws, agent):
    original, consult = await consulting(agent, "InitiateTransfer")
    assert (await agent.on_call("CompleteTransfer", consult))[0] == 200
    await agent.until("Dialing", "Established", "Held", "Dialing", "Established", "Released", "Released")
    assert [event["call"]["id"] for event in agent.events[-2:]] == [original, consult]
    left = [party.number for party in gws.calls[0].parties if party.here]
    assert left == ["5001", "5111"] and gws.calls[1].released


async def test_a_completed_conference_has_both_others(gws, agent):
    original, consult = await consulting(agent, "InitiateConference")
    assert "CompleteConference" in agent.call["capabilities"]
    await agent.on_call("CompleteConference", consult)
    await gws.until(lambda: agent.events[-1]["notificationType"] == "ParticipantsUpdated")
    released, established = agent.events[-3:-1]
    assert (released["call"]["id"], released["call"]["state"]) == (consult, "Released")
    assert (established["call"]["id"], established["call"]["state"]) == (original, "Established")
    assert [one["digits"] for one in agent.call["participants"]] == ["5001", "5111"]
    await agent.on_call("RemoveParticipantFromConference", participant="5111")
    await gws.until(lambda: len(agent.call["participants"]) == 1)
    assert agent.events[-1]["notificationType"] == "ParticipantsUpdated"


async def test_swapping_retrieves_one_and_holds_the_other(gws, agent):
    original, consult = await consulting(agent, "InitiateTransfer")
    uri = f"{gws.api_url}/me/calls/{original}"
    assert (await agent.on_call("SwapCalls", consult, otherCallUri=uri))[0] == 200
    await gws.until(lambda: len(agent.events) == 7)
    assert [(one["call"]["id"], one["call"]["state"]) for one in agent.events[-2:]] == [
        (original, "Established"),
        (consult, "Held"),
    ]


async def test_a_hangup_of_the_consultation_leaves_the_original_to_be_retrieved(gws, agent):
    original, consult = await consulting(agent, "InitiateTransfer")
    await agent.on_call("Hangup", consult)
    assert (await agent.on_call("Retrieve", original))[0] == 200


async def test_a_single_step_transfer_leaves_the_others_talking(gws, agent):
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    await agent.on_call("SingleStepTransfer", destination={"phoneNumber": "5222"})
    await agent.until("Dialing", "Established", "Released")
    talking = State.ESTABLISHED
    await gws.until(
        lambda: (
            [(one.number, one.state) for one in gws.calls[0].parties if one.here]
            == [("5001", talking), ("5222", talking)]
        )
    )


async def test_a_single_step_conference_adds_a_participant(gws, agent):
    await agent.dial("5001")
    await agent.until("Dialing", "Established")
    await agent.on_call("SingleStepConference", destination={"phoneNumber": "5222"})
    await gws.until(lambda: agent.events[-1]["notificationType"] == "ParticipantsUpdated")
    assert [one["digits"] for one in agent.call["participants"]] == ["5001", "5222"]
