package dialbridge

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	v1 "dialbridge/v1"
)

const (
	domain       = "dialbridge"
	reasonPrefix = "ERROR_REASON_"
)

// Error is a request that was answered with an error, or not answered.
type Error struct {
	// Code is the gRPC status code.
	Code codes.Code
	// Reason is unspecified where no dialbridge answered, or one that knows more reasons than this client.
	Reason v1.ErrorReason
	// Text is a sentence for people.
	Text string
	// Metadata has the facts that v1.ErrorReason documents for the reason.
	Metadata map[string]string
	// RetryAfter is when trying again makes sense; nil where the server does not say.
	RetryAfter *time.Duration
	// RequestID is what the server's log has the error under.
	RequestID string

	cause error
}

func (e *Error) Error() string {
	if e.Reason == v1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		return fmt.Sprintf("%s: %s", e.Code, e.Text)
	}
	return fmt.Sprintf("%s: %s", e.Reason.String()[len(reasonPrefix):], e.Text)
}

// Unwrap returns the error of gRPC, so that status.Code works on this one too.
func (e *Error) Unwrap() error {
	return e.cause
}

// errorOf says what err, which is not nil, tells.
func errorOf(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	told := status.Convert(err)
	failed := &Error{Code: told.Code(), Text: told.Message(), cause: err}
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == domain {
				failed.Reason = v1.ErrorReason(v1.ErrorReason_value[reasonPrefix+detail.Reason])
				failed.Metadata = detail.Metadata
			}
		case *errdetails.RetryInfo:
			pause := detail.GetRetryDelay().AsDuration()
			failed.RetryAfter = &pause
		case *errdetails.RequestInfo:
			failed.RequestID = detail.RequestId
		}
	}
	return failed
}

func unavailable(text string) *Error {
	return &Error{Code: codes.Unavailable, Text: text, cause: status.Error(codes.Unavailable, text)}
}
