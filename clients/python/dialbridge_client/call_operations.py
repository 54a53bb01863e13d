"""The operations on calls, for both clients: what is asked, not how it is sent.

Each returns once the switch has accepted it; what becomes of the call, the call's changes tell. All raise
`DialbridgeError`, with the reason ``OPERATION_NOT_ALLOWED`` where the call does not offer the operation now.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from dialbridge.v1 import call_service_pb2 as calls
from dialbridge_client.user_data import Pairs, to_contract

Done = TypeVar("Done")
"""Nothing, or the wait for it."""
ConsultId = TypeVar("ConsultId")
"""The id of a consultation call, or the wait for it."""


class CallOperations(ABC, Generic[Done, ConsultId]):
    """One method for each operation."""

    @abstractmethod
    def _do(self, operation: str, request: Any) -> Done: ...

    @abstractmethod
    def _consult(self, operation: str, request: Any) -> ConsultId: ...

    def answer(self, call_id: str) -> Done:
        """Answer a ringing call."""
        return self._do("Answer", calls.AnswerRequest(call_id=call_id))

    def hangup(self, call_id: str) -> Done:
        """Hang up."""
        return self._do("Hangup", calls.HangupRequest(call_id=call_id))

    def hold(self, call_id: str) -> Done:
        """Put the call on hold."""
        return self._do("Hold", calls.HoldRequest(call_id=call_id))

    def retrieve(self, call_id: str) -> Done:
        """Take it off hold; another call that the device talks on is held for it."""
        return self._do("Retrieve", calls.RetrieveRequest(call_id=call_id))

    def mute_call(self, call_id: str) -> Done:
        """Mute the microphone of the device."""
        return self._do("MuteCall", calls.MuteCallRequest(call_id=call_id))

    def unmute_call(self, call_id: str) -> Done:
        """Unmute it."""
        return self._do("UnmuteCall", calls.UnmuteCallRequest(call_id=call_id))

    def start_call_recording(self, call_id: str) -> Done:
        """Begin to record."""
        return self._do("StartCallRecording", calls.StartCallRecordingRequest(call_id=call_id))

    def pause_call_recording(self, call_id: str) -> Done:
        """Pause the recording."""
        return self._do("PauseCallRecording", calls.PauseCallRecordingRequest(call_id=call_id))

    def resume_call_recording(self, call_id: str) -> Done:
        """Go on recording."""
        return self._do("ResumeCallRecording", calls.ResumeCallRecordingRequest(call_id=call_id))

    def stop_call_recording(self, call_id: str) -> Done:
        """End the recording."""
        return self._do("StopCallRecording", calls.StopCallRecordingRequest(call_id=call_id))

    def clear_call(self, call_id: str) -> Done:
        """Release all parties. For the owner of a conference."""
        return self._do("ClearCall", calls.ClearCallRequest(call_id=call_id))

    def mute_monitored_user(self, call_id: str) -> Done:
        """As a supervisor, mute the agent."""
        return self._do("MuteMonitoredUser", calls.MuteMonitoredUserRequest(call_id=call_id))

    def unmute_monitored_user(self, call_id: str) -> Done:
        """Unmute the agent."""
        return self._do("UnmuteMonitoredUser", calls.UnmuteMonitoredUserRequest(call_id=call_id))

    def switch_to_listen_in(self, call_id: str) -> Done:
        """As a supervisor, be heard by nobody."""
        return self._do("SwitchToListenIn", calls.SwitchToListenInRequest(call_id=call_id))

    def switch_to_coach(self, call_id: str) -> Done:
        """As a supervisor, be heard by the agent alone."""
        return self._do("SwitchToCoach", calls.SwitchToCoachRequest(call_id=call_id))

    def switch_to_barge_in(self, call_id: str) -> Done:
        """As a supervisor, be heard by everybody."""
        return self._do("SwitchToBargeIn", calls.SwitchToBargeInRequest(call_id=call_id))

    def delete_user_data(self, call_id: str) -> Done:
        """Remove all user data."""
        return self._do("DeleteUserData", calls.DeleteUserDataRequest(call_id=call_id))

    def send_dtmf(self, call_id: str, digits: str) -> Done:
        """Send digits."""
        return self._do("SendDtmf", calls.SendDtmfRequest(call_id=call_id, digits=digits))

    def attach_user_data(self, call_id: str, pairs: Pairs) -> Done:
        """Add pairs, also where a key is there already."""
        return self._do("AttachUserData", calls.AttachUserDataRequest(call_id=call_id, user_data=to_contract(pairs)))

    def update_user_data(self, call_id: str, pairs: Pairs) -> Done:
        """Add pairs and overwrite those whose key is there already."""
        return self._do("UpdateUserData", calls.UpdateUserDataRequest(call_id=call_id, user_data=to_contract(pairs)))

    def delete_user_data_pair(self, call_id: str, key: str) -> Done:
        """Remove the pairs with one key."""
        return self._do("DeleteUserDataPair", calls.DeleteUserDataPairRequest(call_id=call_id, key=key))

    def single_step_transfer(self, call_id: str, destination: str, pairs: Pairs = ()) -> Done:
        """Transfer at once, and leave."""
        request = calls.SingleStepTransferRequest(
            call_id=call_id, destination=destination, user_data=to_contract(pairs)
        )
        return self._do("SingleStepTransfer", request)

    def single_step_conference(self, call_id: str, destination: str, pairs: Pairs = ()) -> Done:
        """Take a destination into the call at once."""
        request = calls.SingleStepConferenceRequest(
            call_id=call_id, destination=destination, user_data=to_contract(pairs)
        )
        return self._do("SingleStepConference", request)

    def initiate_transfer(self, call_id: str, destination: str, pairs: Pairs = ()) -> ConsultId:
        """Hold the call and consult a destination; the new call's id, empty if the switch names it later."""
        request = calls.InitiateTransferRequest(call_id=call_id, destination=destination, user_data=to_contract(pairs))
        return self._consult("InitiateTransfer", request)

    def initiate_conference(self, call_id: str, destination: str, pairs: Pairs = ()) -> ConsultId:
        """Hold the call and consult a destination; the new call's id, empty if the switch names it later."""
        request = calls.InitiateConferenceRequest(
            call_id=call_id, destination=destination, user_data=to_contract(pairs)
        )
        return self._consult("InitiateConference", request)

    def complete_transfer(self, call_id: str, other_call_id: str = "") -> Done:
        """Connect the other parties of both calls, and leave both."""
        return self._do("CompleteTransfer", calls.CompleteTransferRequest(call_id=call_id, other_call_id=other_call_id))

    def complete_conference(self, call_id: str, other_call_id: str = "") -> Done:
        """Join both calls."""
        return self._do(
            "CompleteConference", calls.CompleteConferenceRequest(call_id=call_id, other_call_id=other_call_id)
        )

    def swap_calls(self, call_id: str, other_call_id: str) -> Done:
        """Hold the one that is talked on, and retrieve the other."""
        return self._do("SwapCalls", calls.SwapCallsRequest(call_id=call_id, other_call_id=other_call_id))

    def remove_participant(self, call_id: str, participant: str) -> Done:
        """Take the party with this number out of a conference."""
        request = calls.RemoveParticipantFromConferenceRequest(call_id=call_id, participant=participant)
        return self._do("RemoveParticipantFromConference", request)

    def listen_in(self, device_id: str, target_device_id: str) -> Done:
        """As a supervisor, monitor the calls of a device from one's own; heard by nobody."""
        request = calls.ListenInRequest(device_id=device_id, target_device_id=target_device_id)
        return self._do("ListenIn", request)

    def coach(self, device_id: str, target_device_id: str) -> Done:
        """The same, heard by the agent alone."""
        return self._do("Coach", calls.CoachRequest(device_id=device_id, target_device_id=target_device_id))

    def barge_in(self, device_id: str, target_device_id: str) -> Done:
        """The same, heard by everybody."""
        return self._do("BargeIn", calls.BargeInRequest(device_id=device_id, target_device_id=target_device_id))

    def cancel_supervisor_monitoring(self, device_id: str) -> Done:
        """Monitor no more, and leave the call."""
        request = calls.CancelSupervisorMonitoringRequest(device_id=device_id)
        return self._do("CancelSupervisorMonitoring", request)
