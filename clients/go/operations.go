package dialbridge

import (
	"context"

	v1 "dialbridge/v1"
)

// The operations on calls return once the switch has accepted them; what becomes of the call, Watch tells.

// Hold puts the call on hold.
func (c *Client) Hold(ctx context.Context, callID string) error {
	_, err := c.calls.Hold(ctx, &v1.HoldRequest{CallId: callID})
	return err
}

// Retrieve takes the call off hold; another call that the device talks on is held for it.
func (c *Client) Retrieve(ctx context.Context, callID string) error {
	_, err := c.calls.Retrieve(ctx, &v1.RetrieveRequest{CallId: callID})
	return err
}

// MuteCall mutes the device's microphone.
func (c *Client) MuteCall(ctx context.Context, callID string) error {
	_, err := c.calls.MuteCall(ctx, &v1.MuteCallRequest{CallId: callID})
	return err
}

// UnmuteCall unmutes it.
func (c *Client) UnmuteCall(ctx context.Context, callID string) error {
	_, err := c.calls.UnmuteCall(ctx, &v1.UnmuteCallRequest{CallId: callID})
	return err
}

// StartCallRecording begins to record.
func (c *Client) StartCallRecording(ctx context.Context, callID string) error {
	_, err := c.calls.StartCallRecording(ctx, &v1.StartCallRecordingRequest{CallId: callID})
	return err
}

// PauseCallRecording pauses the recording.
func (c *Client) PauseCallRecording(ctx context.Context, callID string) error {
	_, err := c.calls.PauseCallRecording(ctx, &v1.PauseCallRecordingRequest{CallId: callID})
	return err
}

// ResumeCallRecording goes on recording.
func (c *Client) ResumeCallRecording(ctx context.Context, callID string) error {
	_, err := c.calls.ResumeCallRecording(ctx, &v1.ResumeCallRecordingRequest{CallId: callID})
	return err
}

// StopCallRecording ends the recording.
func (c *Client) StopCallRecording(ctx context.Context, callID string) error {
	_, err := c.calls.StopCallRecording(ctx, &v1.StopCallRecordingRequest{CallId: callID})
	return err
}

// ClearCall releases all parties of a conference.
func (c *Client) ClearCall(ctx context.Context, callID string) error {
	_, err := c.calls.ClearCall(ctx, &v1.ClearCallRequest{CallId: callID})
	return err
}

// MuteMonitoredUser mutes the agent whose call a supervisor is on.
func (c *Client) MuteMonitoredUser(ctx context.Context, callID string) error {
	_, err := c.calls.MuteMonitoredUser(ctx, &v1.MuteMonitoredUserRequest{CallId: callID})
	return err
}

// UnmuteMonitoredUser unmutes the agent.
func (c *Client) UnmuteMonitoredUser(ctx context.Context, callID string) error {
	_, err := c.calls.UnmuteMonitoredUser(ctx, &v1.UnmuteMonitoredUserRequest{CallId: callID})
	return err
}

// SwitchToListenIn goes on as a supervisor whom nobody hears.
func (c *Client) SwitchToListenIn(ctx context.Context, callID string) error {
	_, err := c.calls.SwitchToListenIn(ctx, &v1.SwitchToListenInRequest{CallId: callID})
	return err
}

// SwitchToCoach goes on as a supervisor whom the agent hears.
func (c *Client) SwitchToCoach(ctx context.Context, callID string) error {
	_, err := c.calls.SwitchToCoach(ctx, &v1.SwitchToCoachRequest{CallId: callID})
	return err
}

// SwitchToBargeIn goes on as a supervisor whom everybody hears.
func (c *Client) SwitchToBargeIn(ctx context.Context, callID string) error {
	_, err := c.calls.SwitchToBargeIn(ctx, &v1.SwitchToBargeInRequest{CallId: callID})
	return err
}

// SingleStepTransfer transfers the call at once.
func (c *Client) SingleStepTransfer(ctx context.Context, callID, destination string, data *v1.UserData) error {
	_, err := c.calls.SingleStepTransfer(ctx, &v1.SingleStepTransferRequest{CallId: callID, Destination: destination, UserData: data})
	return err
}

// SingleStepConference takes somebody else into the call at once.
func (c *Client) SingleStepConference(ctx context.Context, callID, destination string, data *v1.UserData) error {
	_, err := c.calls.SingleStepConference(ctx, &v1.SingleStepConferenceRequest{CallId: callID, Destination: destination, UserData: data})
	return err
}

// InitiateTransfer holds the call and consults somebody else; it returns the new call's id, empty where the switch names it later.
func (c *Client) InitiateTransfer(ctx context.Context, callID, destination string, data *v1.UserData) (string, error) {
	answer, err := c.calls.InitiateTransfer(ctx, &v1.InitiateTransferRequest{CallId: callID, Destination: destination, UserData: data})
	return answer.GetConsultCallId(), err
}

// InitiateConference holds the call and consults somebody else; it returns the new call's id, empty where the switch names it later.
func (c *Client) InitiateConference(ctx context.Context, callID, destination string, data *v1.UserData) (string, error) {
	answer, err := c.calls.InitiateConference(ctx, &v1.InitiateConferenceRequest{CallId: callID, Destination: destination, UserData: data})
	return answer.GetConsultCallId(), err
}

// CompleteTransfer connects the other parties of both calls of a consultation; otherCallID may be empty.
func (c *Client) CompleteTransfer(ctx context.Context, callID, otherCallID string) error {
	_, err := c.calls.CompleteTransfer(ctx, &v1.CompleteTransferRequest{CallId: callID, OtherCallId: otherCallID})
	return err
}

// CompleteConference joins both calls of a consultation; otherCallID may be empty.
func (c *Client) CompleteConference(ctx context.Context, callID, otherCallID string) error {
	_, err := c.calls.CompleteConference(ctx, &v1.CompleteConferenceRequest{CallId: callID, OtherCallId: otherCallID})
	return err
}

// SwapCalls holds the one of two calls that is talked on and retrieves the other.
func (c *Client) SwapCalls(ctx context.Context, callID, otherCallID string) error {
	_, err := c.calls.SwapCalls(ctx, &v1.SwapCallsRequest{CallId: callID, OtherCallId: otherCallID})
	return err
}

// RemoveParticipantFromConference takes the party with this number out of a conference.
func (c *Client) RemoveParticipantFromConference(ctx context.Context, callID, participant string) error {
	_, err := c.calls.RemoveParticipantFromConference(ctx, &v1.RemoveParticipantFromConferenceRequest{CallId: callID, Participant: participant})
	return err
}

// ListenIn monitors the calls of another device from a supervisor's own; nobody hears the supervisor.
func (c *Client) ListenIn(ctx context.Context, deviceID, targetDeviceID string) error {
	_, err := c.calls.ListenIn(ctx, &v1.ListenInRequest{DeviceId: deviceID, TargetDeviceId: targetDeviceID})
	return err
}

// Coach monitors; the agent hears the supervisor.
func (c *Client) Coach(ctx context.Context, deviceID, targetDeviceID string) error {
	_, err := c.calls.Coach(ctx, &v1.CoachRequest{DeviceId: deviceID, TargetDeviceId: targetDeviceID})
	return err
}

// BargeIn monitors; everybody hears the supervisor.
func (c *Client) BargeIn(ctx context.Context, deviceID, targetDeviceID string) error {
	_, err := c.calls.BargeIn(ctx, &v1.BargeInRequest{DeviceId: deviceID, TargetDeviceId: targetDeviceID})
	return err
}

// CancelSupervisorMonitoring monitors no more.
func (c *Client) CancelSupervisorMonitoring(ctx context.Context, deviceID string) error {
	_, err := c.calls.CancelSupervisorMonitoring(ctx, &v1.CancelSupervisorMonitoringRequest{DeviceId: deviceID})
	return err
}
