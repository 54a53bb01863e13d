"""Three agents and a supervisor do whatever their calls offer, and what they do not: what the exchange tells is always
a life that the life cycle allows, and everybody on a call sees the same call."""

import contextlib
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.user_data_pb2 import UserData, UserDataPair, Value
from server import call_commands as commands
from server.call_events import CallAppeared
from server.capabilities import Situation, capabilities
from server.life_cycle import CallOrigin, first_change, next_change
from server.switch import DialOrder, SupervisionOrder, SwitchRejected
from server.switches.exchange import Exchange
from server.switches.scenario import Scenario

NUMBERS = {"d5": "5005", "d6": "5006", "d7": "5007", "d9": "5009"}
DEVICES = {number: device for device, number in NUMBERS.items()}
SUPERVISOR = "d9"
AGENTS = ["d5", "d6", "d7"]
TARGETS = ["5001", "5002", "5004", "5005", "5006", "5007", "5099"]
EVERYTHING = frozenset(pb.Capability.values())
DATA = UserData(pairs=[UserDataPair(key="a", value=Value(int_value=1))])
OPERATIONS = sorted([each.__name__ for each in commands.CallCommand.__args__])


def capability(name):
    words = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)
    return pb.Capability.Value(f"CAPABILITY{words}")


class AgentsAtWork(RuleBasedStateMachine):
    """The exchange, and what has been told of it."""

    def __init__(self):
        super().__init__()
        self.switch = Exchange(
            Scenario.demo(), local_devices=DEVICES, lines=dict.fromkeys(NUMBERS, 1), chance=random.Random(0)
        )
        self.now = 0.0
        self.calls = 0
        self.views = {}

    def take(self, events):
        for event in events:
            key = (event.call_id, event.device_id)
            known = self.views.get(key)
            if isinstance(event, CallAppeared):
                assert known is None or known.call.state == pb.CALL_STATE_RELEASED
                self.views[key] = first_change(event, CallOrigin("", ""), EVERYTHING)
            else:
                self.views[key] = next_change(known, event, EVERYTHING)  # raises what cannot be

    def live(self):
        return {key: change.call for key, change in self.views.items() if change.call.state != pb.CALL_STATE_RELEASED}

    def new_id(self):
        self.calls += 1
        return f"c{self.calls}"

    def command(self, name, call, draw):
        kind = getattr(commands, name)
        match name:
            case "SendDtmf":
                return kind("1")
            case "AttachUserData" | "UpdateUserData":
                return kind(DATA)
            case "DeleteUserDataPair":
                return kind("a")
            case "SwapCalls":
                return kind(call.paired_call_id)
            case "SingleStepTransfer" | "SingleStepConference":
                return kind(draw(st.sampled_from(TARGETS)), UserData(), "")
            case "InitiateTransfer" | "InitiateConference":
                return kind(draw(st.sampled_from(TARGETS)), UserData(), "", self.new_id(), "0" * 16)
            case "RemoveParticipantFromConference":
                return kind(draw(st.sampled_from([each.phone_number for each in call.participants])))
            case _:
                return kind()

    @rule(device=st.sampled_from(AGENTS), to=st.sampled_from(TARGETS))
    def dial(self, device, to):
        in_use = [call for (_, at), call in self.live().items() if at == device and call.state != pb.CALL_STATE_HELD]
        if to == NUMBERS[device] or in_use:  # which the server refuses before it asks the switch
            return
        order = DialOrder(self.new_id(), "0" * 16, device, NUMBERS[device], to, 60.0)
        self.take(self.switch.dial(order, self.now))

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def an_operation_that_is_offered_is_done_and_told(self, data):
        key = data.draw(st.sampled_from(sorted(self.live())))
        call = self.live()[key]
        offered = [name for name in OPERATIONS if capability(name) in call.capabilities]
        if data.draw(st.booleans()):  # what moves calls, more often than what changes their data
            offered = [name for name in offered if "UserData" not in name] or offered
        name = data.draw(st.sampled_from(offered))
        command = self.command(name, call, data.draw)
        if getattr(command, "destination", None) == NUMBERS[key[1]]:
            return  # the device itself is no destination
        events = self.switch.control(*key, command, self.now)
        assert any((event.call_id, event.device_id) == key for event in events) or name.startswith("Initiate"), name
        assert events
        self.take(events)

    @precondition(lambda self: self.live())
    @rule(data=st.data(), name=st.sampled_from(OPERATIONS))
    def an_operation_that_is_not_offered_harms_nothing(self, data, name):
        key = data.draw(st.sampled_from(sorted(self.live())))
        call = self.live()[key]
        if capability(name) in call.capabilities or not call.participants:
            return
        with contextlib.suppress(SwitchRejected):
            self.take(self.switch.control(*key, self.command(name, call, data.draw), self.now))

    @rule(
        agent=st.sampled_from(AGENTS),
        role=st.sampled_from(list(pb.SupervisorRole.values())[1:]),
        every_call=st.booleans(),
    )
    def a_supervisor_begins(self, agent, role, every_call):
        self.take(self.switch.supervise(SUPERVISOR, SupervisionOrder(agent, role, every_call), self.now))

    @rule()
    def a_supervisor_ends(self):
        with contextlib.suppress(SwitchRejected):
            self.take(self.switch.end_supervision(SUPERVISOR, self.now))

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds):
        self.now += seconds
        self.take(self.switch.advance(self.now))

    @invariant()
    def what_was_told_is_what_is(self):
        assert {tuple(view) for view in self.switch.views()} == set(self.live())

    @invariant()
    def everybody_on_a_call_sees_the_same_call(self):
        sides = {}
        for call in self.live().values():
            sides.setdefault(call.id, []).append(call)
        for calls in sides.values():
            assert len({each.user_data.SerializeToString() for each in calls}) == 1
            parties = [each for each in calls if each.supervisor_role in (0, pb.SUPERVISOR_ROLE_BARGE_IN)]
            for call in calls:
                seen = sorted(party.phone_number for party in call.participants)
                assert seen
                for other in parties:
                    if other is not call:
                        assert NUMBERS[other.device_id] in seen
                assert not call.conference_owner or len(seen) > 1
            assert sum(each.conference_owner for each in calls) <= 1
            talking = [each.recording_state for each in calls if each.state == pb.CALL_STATE_ESTABLISHED]
            assert len(set(talking)) <= 1

    @invariant()
    def what_a_call_offers_is_what_the_table_says(self):
        for call in self.live().values():
            assert tuple(call.capabilities) == capabilities(Situation.of(call))

    @invariant()
    def the_other_call_of_a_consultation_is_there(self):
        live = self.live()
        for (_, device), call in live.items():
            assert not call.paired_call_id or (call.paired_call_id, device) in live

    @invariant()
    def nobody_talks_on_two_calls_at_once(self):
        for device in NUMBERS:
            talking = [
                call
                for (_, at), call in self.live().items()
                if at == device and call.state == pb.CALL_STATE_ESTABLISHED and not call.supervisor_role
            ]
            assert len(talking) <= 1

    def teardown(self):
        while answered := [key for key, call in self.live().items() if call.state != pb.CALL_STATE_RINGING]:
            self.take(self.switch.control(*answered[0], commands.Hangup(), self.now))
        self.take(self.switch.advance(self.now + 1e6))
        assert self.switch.views() == []
        assert self.switch.next_due is None
        assert self.switch._room.calls == {}
        assert self.switch._room._at == {}


AgentsAtWork.TestCase.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
TestAgentsAtWork = AgentsAtWork.TestCase
