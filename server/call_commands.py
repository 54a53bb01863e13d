"""What may be asked of a switch about a call: one class for each operation, named as the operation is."""

from dataclasses import dataclass

from dialbridge.v1.user_data_pb2 import UserData


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer a ringing call."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """Hang up."""


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """Send digits to the other party."""

    digits: str


@dataclass(frozen=True, slots=True)
class AttachUserData:
    """Add pairs, also where a key is there already."""

    user_data: UserData


@dataclass(frozen=True, slots=True)
class UpdateUserData:
    """Add pairs and overwrite those whose key is there already."""

    user_data: UserData


@dataclass(frozen=True, slots=True)
class DeleteUserData:
    """Remove all user data."""


@dataclass(frozen=True, slots=True)
class DeleteUserDataPair:
    """Remove the pairs with one key."""

    key: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the call on hold."""


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take the call off hold; another call that the device talks on is held for it."""


@dataclass(frozen=True, slots=True)
class SwapCalls:
    """Hold the one of two calls that is talked on, and retrieve the other."""

    other_call_id: str


@dataclass(frozen=True, slots=True)
class SingleStepTransfer:
    """Connect the other party with a destination, and leave."""

    destination: str
    user_data: UserData
    location: str


@dataclass(frozen=True, slots=True)
class InitiateTransfer:
    """Hold the call and dial a destination, to transfer the one to the other. The ids are the server's choice."""

    destination: str
    user_data: UserData
    location: str
    consult_call_id: str
    consult_conn_id: str


@dataclass(frozen=True, slots=True)
class CompleteTransfer:
    """Connect the other parties of both calls, and leave both."""

    other_call_id: str = ""
    """Empty: the call that this one is paired with."""


@dataclass(frozen=True, slots=True)
class SingleStepConference:
    """Take a destination into the call."""

    destination: str
    user_data: UserData
    location: str


@dataclass(frozen=True, slots=True)
class InitiateConference:
    """Hold the call and dial a destination, to join the two."""

    destination: str
    user_data: UserData
    location: str
    consult_call_id: str
    consult_conn_id: str


@dataclass(frozen=True, slots=True)
class CompleteConference:
    """Join both calls in the one that was there first."""

    other_call_id: str = ""
    """Empty: the call that this one is paired with."""


@dataclass(frozen=True, slots=True)
class RemoveParticipantFromConference:
    """Take the party with this number out."""

    participant: str


@dataclass(frozen=True, slots=True)
class MuteCall:
    """Mute the microphone of the device."""


@dataclass(frozen=True, slots=True)
class UnmuteCall:
    """Unmute it."""


@dataclass(frozen=True, slots=True)
class StartCallRecording:
    """Begin to record."""


@dataclass(frozen=True, slots=True)
class PauseCallRecording:
    """Pause the recording."""


@dataclass(frozen=True, slots=True)
class ResumeCallRecording:
    """Go on recording."""


@dataclass(frozen=True, slots=True)
class StopCallRecording:
    """End the recording."""


@dataclass(frozen=True, slots=True)
class ClearCall:
    """Release all parties."""


@dataclass(frozen=True, slots=True)
class MuteMonitoredUser:
    """As a supervisor, mute the agent."""


@dataclass(frozen=True, slots=True)
class UnmuteMonitoredUser:
    """Unmute the agent."""


@dataclass(frozen=True, slots=True)
class SwitchToListenIn:
    """As a supervisor, be heard by nobody."""


@dataclass(frozen=True, slots=True)
class SwitchToCoach:
    """As a supervisor, be heard by the agent alone."""


@dataclass(frozen=True, slots=True)
class SwitchToBargeIn:
    """As a supervisor, be heard by everybody."""


CallCommand = (
    Answer
    | Hangup
    | Hold
    | Retrieve
    | SendDtmf
    | AttachUserData
    | UpdateUserData
    | DeleteUserData
    | DeleteUserDataPair
    | SwapCalls
    | SingleStepTransfer
    | InitiateTransfer
    | CompleteTransfer
    | SingleStepConference
    | InitiateConference
    | CompleteConference
    | RemoveParticipantFromConference
    | MuteCall
    | UnmuteCall
    | StartCallRecording
    | PauseCallRecording
    | ResumeCallRecording
    | StopCallRecording
    | ClearCall
    | MuteMonitoredUser
    | UnmuteMonitoredUser
    | SwitchToListenIn
    | SwitchToCoach
    | SwitchToBargeIn
)
