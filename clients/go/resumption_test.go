package dialbridge

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	v1 "dialbridge/v1"
)

func after(seconds float64) *time.Duration {
	pause := time.Duration(seconds * float64(time.Second))
	return &pause
}

func TestHowAWatchGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		err     *Error
		attempt int
		want    step
	}{
		"a lost connection is taken up again": {
			&Error{Code: codes.Unavailable}, 1, step{resume, 75 * time.Millisecond}},
		"a server that drains says when to come back": {
			&Error{Code: codes.Unavailable, Reason: v1.ErrorReason_ERROR_REASON_SERVER_DRAINING, RetryAfter: after(1)},
			1, step{resume, time.Second}},
		"a slow consumer goes on at once": {
			&Error{Code: codes.ResourceExhausted, Reason: v1.ErrorReason_ERROR_REASON_SLOW_CONSUMER, RetryAfter: after(0)},
			1, step{resume, 0}},
		"a server that says at once again and again is not asked without end": {
			&Error{Code: codes.ResourceExhausted, RetryAfter: after(0)}, 2, step{resume, 150 * time.Millisecond}},
		"an expired token is followed by a snapshot": {
			&Error{Code: codes.OutOfRange, Reason: v1.ErrorReason_ERROR_REASON_RESUME_TOKEN_EXPIRED}, 1, step{beginAnew, 0}},
		"wrong credentials stay wrong": {
			&Error{Code: codes.Unauthenticated, Reason: v1.ErrorReason_ERROR_REASON_NOT_AUTHENTICATED}, 1, step{giveUp, 0}},
		"a request that cannot be stays so": {
			&Error{Code: codes.InvalidArgument, Reason: v1.ErrorReason_ERROR_REASON_FIELD_INVALID}, 1, step{giveUp, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := afterWatch(test.err, test.attempt, 0.5); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestWhetherADialIsSentAgain(t *testing.T) {
	for name, test := range map[string]struct {
		err  *Error
		want step
	}{
		"no answer": {&Error{Code: codes.Unavailable}, step{resume, 75 * time.Millisecond}},
		"a server that drains": {
			&Error{Code: codes.Unavailable, Reason: v1.ErrorReason_ERROR_REASON_SERVER_DRAINING, RetryAfter: after(1)},
			step{resume, time.Second}},
		"a switch that cannot be reached": {
			&Error{Code: codes.Unavailable, Reason: v1.ErrorReason_ERROR_REASON_SWITCH_UNAVAILABLE},
			step{resume, 75 * time.Millisecond}},
		"an outcome that nobody knows is the application's to settle": {
			&Error{Code: codes.Unknown, Reason: v1.ErrorReason_ERROR_REASON_DIAL_OUTCOME_UNKNOWN}, step{giveUp, 0}},
		"a deadline that passed": {&Error{Code: codes.DeadlineExceeded}, step{giveUp, 0}},
		"a busy device": {
			&Error{Code: codes.FailedPrecondition, Reason: v1.ErrorReason_ERROR_REASON_DEVICE_BUSY}, step{giveUp, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := afterDial(test.err, 1, 0.5); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPausesDoubleUpToALimitAndAreSpread(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 7: 6400 * time.Millisecond, 8: longestPause, 1000: longestPause,
	} {
		if got := pauseBefore(attempt, 1); got != want {
			t.Errorf("attempt %d: got %v, want %v", attempt, got, want)
		}
		if got := pauseBefore(attempt, 0); got != want/2 {
			t.Errorf("attempt %d without spread: got %v, want %v", attempt, got, want/2)
		}
	}
}
