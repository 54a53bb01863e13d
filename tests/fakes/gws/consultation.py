"""Transfers, conferences and swapping two calls on top of the switch; what the documents leave open is kept minimal.

When a transfer or conference is completed, the far end of the consultation joins the original call and keeps talking
there. An agent who was consulted is told with ParticipantsUpdated of the original call.
"""

from typing import Any

from .calls import Call, Party, State
from .switch import Switch


def initiate(switch: Switch, call: Call, party: Party, number: str, user_data: dict[str, Any]) -> None:
    """InitiateTransfer and InitiateConference: the call is held, a consult call is dialled."""
    assert party.device
    if party.state is State.ESTABLISHED:
        switch.hold(call, party, extensions=False)
    consult = switch.dial(party.device, number, user_data or call.user_data, parent=call)
    if consult is None and party.state is State.HELD:
        switch.retrieve(call, party)


def pair(call: Call) -> tuple[Call, Call] | None:
    """Original and consultation, whichever of the two is given."""
    if call.parent:
        return call.parent, call
    return (call, call.consult) if call.consult else None


def complete_transfer(switch: Switch, original: Call, consult: Call, party: Party) -> None:
    """The agent leaves both calls, the others are left talking to each other."""
    _join(switch, original, consult)
    _leave(switch, original, party.device)
    _leave(switch, consult, party.device)
    _settle(switch, original)
    _tell_others(switch, original, None)
    for far in [one for one in original.parties if one.state is State.RINGING and one.device is None]:
        switch.reach(original, far)  # transferred before it answered: it goes on ringing


def complete_conference(switch: Switch, original: Call, consult: Call, party: Party) -> None:
    """The consultation ends for the agent, the original has all of them."""
    _join(switch, original, consult)
    _leave(switch, consult, party.device)
    _settle(switch, original)
    own = original.party(party.device) if party.device else None
    if own:
        original.owner = own
        switch.retrieve(original, own)
        switch.tell(original, own, "ParticipantsUpdated", True)
    _tell_others(switch, original, own)


def single_step_transfer(switch: Switch, call: Call, party: Party, number: str) -> None:
    """The agent leaves, the destination is rung in its place."""
    far = Party(number, State.RINGING, party.since)
    call.leave(party)
    call.parties.append(far)
    switch.tell(call, party, "StatusChange", True)
    switch.reach(call, far)


def single_step_conference(switch: Switch, call: Call, party: Party, number: str) -> None:
    """The destination is rung and joins when it answers."""
    far = Party(number, State.RINGING, party.since)
    call.owner = party
    call.parties.append(far)
    switch.reach(call, far)


def swap(switch: Switch, call: Call, other: Call, party: Party) -> bool:
    """Hold one, retrieve the other; false where they are not one held and one talking."""
    others = other.party(party.device) if party.device else None
    if others is None or {party.state, others.state} != {State.HELD, State.ESTABLISHED}:
        return False
    (talking, mine), (held, theirs) = sorted(((call, party), (other, others)), key=lambda one: one[1].state)
    mine.state, theirs.state = State.HELD, State.ESTABLISHED
    switch.tell(held, theirs, "StatusChange", True)
    switch.tell(talking, mine, "StatusChange", True)
    return True


def _join(switch: Switch, original: Call, consult: Call) -> None:
    moving = [party for party in consult.parties if party.here and party.number not in _numbers(original)]
    for party in moving:
        party.last_others = consult.others(party)
    for party in moving:
        consult.parties.remove(party)
        consult.parties.append(Party(party.number, State.RELEASED, party.since, last_others=party.last_others))
        original.parties.append(party)
    for party in consult.parties:
        if party.here:
            party.last_others = tuple(one.number for one in moving)


def _leave(switch: Switch, call: Call, device: Any) -> None:
    party = call.party(device)
    if party is None:
        return
    last_others = call.others(party) or party.last_others
    call.leave(party)
    party.last_others = last_others
    switch.tell(call, party, "StatusChange", True)


def _settle(switch: Switch, original: Call) -> None:
    if original.consult:
        original.consult.parent = None
        original.consult = None


def _tell_others(switch: Switch, call: Call, told: Party | None) -> None:
    for party in call.parties:
        if party.device and party.here and party is not told:
            switch.tell(call, party, "ParticipantsUpdated", True)


def _numbers(call: Call) -> set[str]:
    return {party.number for party in call.parties if party.here}
