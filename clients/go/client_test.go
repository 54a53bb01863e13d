package dialbridge

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	v1 "dialbridge/v1"
)

func TestAnErrorHasEverythingThatTheServerSaid(t *testing.T) {
	told, _ := status.New(codes.ResourceExhausted, "too many").WithDetails(
		&errdetails.ErrorInfo{Domain: "dialbridge", Reason: "OVERLOADED", Metadata: map[string]string{"limit": "calls"}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)},
		&errdetails.RequestInfo{RequestId: "r1"},
	)
	failed := errorOf(fmt.Errorf("wrapped: %w", told.Err()))
	if failed.Code != codes.ResourceExhausted || failed.Reason != v1.ErrorReason_ERROR_REASON_OVERLOADED ||
		failed.Metadata["limit"] != "calls" || *failed.RetryAfter != 3*time.Second || failed.RequestID != "r1" {
		t.Errorf("got %+v", failed)
	}
	if status.Code(failed) != codes.ResourceExhausted {
		t.Errorf("gRPC reads it as %v", status.Code(failed))
	}
	if !strings.HasPrefix(failed.Error(), "OVERLOADED: ") {
		t.Errorf("it reads %q", failed)
	}
}

func TestAReasonOfSomebodyElseIsNone(t *testing.T) {
	told, _ := status.New(codes.Internal, "no").WithDetails(&errdetails.ErrorInfo{Domain: "proxy", Reason: "OVERLOADED"})
	if failed := errorOf(told.Err()); failed.Reason != v1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		t.Errorf("got %v", failed.Reason)
	}
	if failed := errorOf(errors.New("a plain one")); failed.Code != codes.Unknown {
		t.Errorf("got %v", failed.Code)
	}
}

func TestCredentialsDoNotShowTheirSecret(t *testing.T) {
	shown := fmt.Sprintf("%v %+v %#v %s", Basic("ann", "secret"), Bearer("secret"), Bearer("secret"), Basic("ann", "secret"))
	if strings.Contains(shown, "secret") || strings.Contains(shown, "YW5u") {
		t.Errorf("it shows %s", shown)
	}
	metadata, _ := Basic("ann", "secret").GetRequestMetadata(t.Context())
	if metadata["authorization"] != "Basic YW5uOnNlY3JldA==" {
		t.Errorf("got %v", metadata)
	}
}

func TestUserDataKeepsOrderKindAndRepeatedKeys(t *testing.T) {
	pairs := []Pair{
		{"tier", "gold"}, {"tier", nil}, {"n", int64(1) << 62}, {"x", 1.5}, {"yes", true},
		{"list", []any{"a", int64(2)}}, {"nested", []Pair{{"k", "v"}}},
	}
	data, err := UserData(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	if got := Pairs(data); !reflect.DeepEqual(got, pairs) {
		t.Errorf("got %v", got)
	}
	if _, err := UserData(Pair{"when", []any{time.Now()}}); err == nil || !strings.Contains(err.Error(), "when") {
		t.Errorf("a time is refused with the key, not with %v", err)
	}
}
