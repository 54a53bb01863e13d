"""Which operations a call offers in which situation; whether the switch can do them is its own word; pure.

GWS reference, capabilities per state. The order means nothing but in ``Dialing``, where it is that of Dial Preview
Record.
"""

from functools import lru_cache
from typing import NamedTuple

from dialbridge.v1 import call_pb2 as pb
from dialbridge.v1.call_pb2 import Call, CallState, Capability, RecordingState, SupervisorRole

Capabilities = tuple[Capability.ValueType, ...]

DIALING: Capabilities = (
    pb.CAPABILITY_DELETE_USER_DATA_PAIR,
    pb.CAPABILITY_ATTACH_USER_DATA,
    pb.CAPABILITY_HANGUP,
    pb.CAPABILITY_DELETE_USER_DATA,
    pb.CAPABILITY_SEND_DTMF,
    pb.CAPABILITY_UPDATE_USER_DATA,
)
USER_DATA: Capabilities = (
    pb.CAPABILITY_DELETE_USER_DATA,
    pb.CAPABILITY_ATTACH_USER_DATA,
    pb.CAPABILITY_DELETE_USER_DATA_PAIR,
    pb.CAPABILITY_UPDATE_USER_DATA,
)
RINGING: Capabilities = (pb.CAPABILITY_ANSWER, *USER_DATA)
"""No Hangup: a ringing call is answered or left to ring."""
_ANSWERED: Capabilities = (
    pb.CAPABILITY_SINGLE_STEP_TRANSFER,
    pb.CAPABILITY_INITIATE_CONFERENCE,
    pb.CAPABILITY_SINGLE_STEP_CONFERENCE,
    pb.CAPABILITY_INITIATE_TRANSFER,
    pb.CAPABILITY_HANGUP,
    *USER_DATA,
)
ESTABLISHED: Capabilities = (*_ANSWERED, pb.CAPABILITY_HOLD, pb.CAPABILITY_SEND_DTMF)
HELD: Capabilities = (*_ANSWERED, pb.CAPABILITY_RETRIEVE)
PAIRED_ESTABLISHED: Capabilities = (
    pb.CAPABILITY_SWAP_CALLS,
    pb.CAPABILITY_COMPLETE_CONFERENCE,
    pb.CAPABILITY_COMPLETE_TRANSFER,
)
"""What the one of two calls that is talked on has beside `ESTABLISHED`."""
PAIRED_HELD: Capabilities = (*_ANSWERED, pb.CAPABILITY_SWAP_CALLS, pb.CAPABILITY_COMPLETE_TRANSFER)
"""No Retrieve: the two calls are swapped."""
RECORDING: dict[RecordingState.ValueType, Capabilities] = {
    pb.RECORDING_STATE_UNSPECIFIED: (),
    pb.RECORDING_STATE_STOPPED: (pb.CAPABILITY_START_CALL_RECORDING,),
    pb.RECORDING_STATE_RECORDING: (pb.CAPABILITY_PAUSE_CALL_RECORDING, pb.CAPABILITY_STOP_CALL_RECORDING),
    pb.RECORDING_STATE_PAUSED: (pb.CAPABILITY_RESUME_CALL_RECORDING, pb.CAPABILITY_STOP_CALL_RECORDING),
}
CONFERENCE_OWNER: Capabilities = (pb.CAPABILITY_REMOVE_PARTICIPANT_FROM_CONFERENCE, pb.CAPABILITY_CLEAR_CALL)
SUPERVISOR: dict[SupervisorRole.ValueType, Capabilities] = {
    pb.SUPERVISOR_ROLE_LISTEN_IN: (pb.CAPABILITY_SWITCH_TO_COACH, pb.CAPABILITY_SWITCH_TO_BARGE_IN),
    pb.SUPERVISOR_ROLE_COACH: (pb.CAPABILITY_SWITCH_TO_LISTEN_IN, pb.CAPABILITY_SWITCH_TO_BARGE_IN),
    pb.SUPERVISOR_ROLE_BARGE_IN: (pb.CAPABILITY_SWITCH_TO_LISTEN_IN, pb.CAPABILITY_SWITCH_TO_COACH),
}


class Situation(NamedTuple):
    """What of a call decides what it offers."""

    state: CallState.ValueType
    is_paired: bool = False
    recording_state: RecordingState.ValueType = pb.RECORDING_STATE_UNSPECIFIED
    is_muted: bool = False
    owns_conference: bool = False
    supervisor_role: SupervisorRole.ValueType = pb.SUPERVISOR_ROLE_UNSPECIFIED
    monitored_user_muted: bool = False

    @classmethod
    def of(cls, call: Call) -> "Situation":
        """The situation that ``call`` is in."""
        return cls(
            call.state,
            bool(call.paired_call_id),
            call.recording_state,
            call.muted,
            call.conference_owner,
            call.supervisor_role,
            call.monitored_user_muted,
        )


def capabilities(situation: Situation) -> Capabilities:
    """Every operation that is valid in ``situation``, each once."""
    match situation.state:
        case pb.CALL_STATE_DIALING:
            return (*DIALING, pb.CAPABILITY_COMPLETE_TRANSFER) if situation.is_paired else DIALING
        case pb.CALL_STATE_RINGING:
            return RINGING
        case pb.CALL_STATE_ESTABLISHED if situation.supervisor_role:
            return _of_supervisor(situation)
        case pb.CALL_STATE_ESTABLISHED:
            mute = pb.CAPABILITY_UNMUTE_CALL if situation.is_muted else pb.CAPABILITY_MUTE_CALL
            return (
                *ESTABLISHED,
                *(PAIRED_ESTABLISHED if situation.is_paired else ()),
                *RECORDING[situation.recording_state],
                mute,
                *(CONFERENCE_OWNER if situation.owns_conference else ()),
            )
        case pb.CALL_STATE_HELD:
            return PAIRED_HELD if situation.is_paired else HELD
        case _:
            return ()


def _of_supervisor(situation: Situation) -> Capabilities:
    muted = situation.monitored_user_muted
    return (
        pb.CAPABILITY_HANGUP,
        *USER_DATA,
        pb.CAPABILITY_REMOVE_PARTICIPANT_FROM_CONFERENCE,
        pb.CAPABILITY_UNMUTE_MONITORED_USER if muted else pb.CAPABILITY_MUTE_MONITORED_USER,
        *SUPERVISOR[situation.supervisor_role],
    )


@lru_cache(maxsize=1024)
def offered(situation: Situation, operations: frozenset[Capability.ValueType]) -> Capabilities:
    """The operations of ``situation`` that a switch with ``operations`` can do, so that what is offered works."""
    return tuple(capability for capability in capabilities(situation) if capability in operations)
