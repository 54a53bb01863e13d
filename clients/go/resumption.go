package dialbridge

import (
	"math"
	"time"

	"google.golang.org/grpc/codes"

	v1 "dialbridge/v1"
)

// What to do when a watch or a dial was interrupted. Nothing here waits, and chance is an argument.

const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 10 * time.Second
)

type next int

const (
	// giveUp: trying again gives the same answer.
	giveUp next = iota
	// resume: go on with the last token; nothing was lost.
	resume
	// beginAnew: the token is of no use any more; begin with a snapshot, which replaces what was known.
	beginAnew
)

type step struct {
	next  next
	pause time.Duration
}

// pauseBefore is the pause before attempt 1, 2, …; spread, between 0 and 1, keeps many clients from coming back at once.
func pauseBefore(attempt int, spread float64) time.Duration {
	longest := min(float64(shortestPause)*math.Pow(2, float64(min(attempt-1, 16))), float64(longestPause))
	return time.Duration(longest * (0.5 + spread/2))
}

// afterWatch says how a watch goes on; attempt counts the failures since anything was heard, from 1.
func afterWatch(err *Error, attempt int, spread float64) step {
	if err.Reason == v1.ErrorReason_ERROR_REASON_RESUME_TOKEN_EXPIRED {
		return step{next: beginAnew}
	}
	switch err.Code {
	case codes.Unavailable, codes.ResourceExhausted, codes.Internal, codes.Unknown, codes.Aborted,
		codes.DeadlineExceeded, codes.Canceled:
	default:
		return step{next: giveUp}
	}
	pause := pauseBefore(attempt, spread)
	if err.RetryAfter != nil {
		// The server knows best, but a server that says "at once" again and again is not asked without end.
		if attempt == 1 {
			pause = 0
		}
		pause += *err.RetryAfter
	}
	return step{resume, pause}
}

// afterDial says whether the same Dial may be sent again; only ever with its request_id, which makes it safe.
func afterDial(err *Error, attempt int, spread float64) step {
	switch {
	case err.Reason == v1.ErrorReason_ERROR_REASON_UNSPECIFIED && err.Code == codes.Unavailable:
	case err.Reason == v1.ErrorReason_ERROR_REASON_SWITCH_UNAVAILABLE:
	case err.Reason == v1.ErrorReason_ERROR_REASON_SERVER_DRAINING:
	case err.Reason == v1.ErrorReason_ERROR_REASON_JOURNAL_UNAVAILABLE:
	default:
		return step{next: giveUp}
	}
	pause := pauseBefore(attempt, spread)
	if err.RetryAfter != nil {
		pause = max(pause, *err.RetryAfter)
	}
	return step{resume, pause}
}
