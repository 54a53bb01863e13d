// The adapter through which the conformance scenarios drive the Go client: commands and answers are JSON lines.
// tests/interop/conformance/README.md has them.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"dialbridge"
	"dialbridge/v1"
)

type command struct {
	Do           string         `json:"do"`
	Target       string         `json:"target"`
	CA           string         `json:"ca"`
	User         string         `json:"user"`
	Password     string         `json:"password"`
	Token        string         `json:"token"`
	Device       string         `json:"device"`
	Number       string         `json:"number"`
	RecordHandle int64          `json:"record_handle"`
	UserData     map[string]any `json:"user_data"`
	RequestID    string         `json:"request_id"`
	Timeout      float64        `json:"timeout"`
	CallID       string         `json:"call_id"`
	Digits       string         `json:"digits"`
	Key          string         `json:"key"`
	Calls        []string       `json:"calls"`
	ResumeToken  string         `json:"resume_token"`
	Heartbeat    float64        `json:"heartbeat"`
}

type fact map[string]any

// adapter has the client under test and its one watch.
type adapter struct {
	client *dialbridge.Client
	stop   context.CancelFunc
	watch  sync.WaitGroup
	taking sync.Mutex // held while the watch is paused
	paused bool
	output sync.Mutex
}

func main() {
	adapter := &adapter{stop: func() {}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var command command
		if err := json.Unmarshal(lines.Bytes(), &command); err != nil {
			log.Fatal(err)
		}
		answer, err := adapter.do(command)
		if err != nil {
			answer = fact{"error": described(err)}
		}
		answer["answer"] = command.Do
		adapter.tell(answer)
	}
}

func (a *adapter) tell(fact fact) {
	line, err := json.Marshal(fact)
	if err != nil {
		log.Fatal(err)
	}
	a.output.Lock()
	defer a.output.Unlock()
	fmt.Println(string(line))
}

func (a *adapter) do(command command) (fact, error) {
	ctx := context.Background()
	if command.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, seconds(command.Timeout))
		defer cancel()
	}
	nothing := fact{}
	switch command.Do {
	case "connect":
		return nothing, a.connect(command)
	case "sign_in":
		response, err := a.client.SignIn(ctx)
		return fact{"token": response.GetAccessToken()}, err
	case "dial":
		return a.dial(ctx, command)
	case "get_call":
		call, err := a.client.GetCall(ctx, command.CallID)
		data := fact{}
		for _, pair := range dialbridge.Pairs(call.GetUserData()) {
			data[pair.Key] = pair.Value
		}
		return fact{"state": call.GetState().String(), "user_data": data}, err
	case "list_calls":
		calls, err := a.client.ListCalls(ctx, nil)
		return fact{"calls": ids(calls)}, err
	case "answer":
		return nothing, a.client.Answer(ctx, command.CallID)
	case "hangup":
		return nothing, a.client.Hangup(ctx, command.CallID)
	case "hold":
		return nothing, a.client.Hold(ctx, command.CallID)
	case "retrieve":
		return nothing, a.client.Retrieve(ctx, command.CallID)
	case "initiate_transfer":
		consult, err := a.client.InitiateTransfer(ctx, command.CallID, command.Number, nil)
		return fact{"call_id": consult}, err
	case "complete_transfer":
		return nothing, a.client.CompleteTransfer(ctx, command.CallID, "")
	case "send_dtmf":
		return nothing, a.client.SendDTMF(ctx, command.CallID, command.Digits)
	case "attach_user_data":
		return nothing, a.client.AttachUserData(ctx, command.CallID, userData(command))
	case "update_user_data":
		return nothing, a.client.UpdateUserData(ctx, command.CallID, userData(command))
	case "delete_user_data":
		return nothing, a.client.DeleteUserData(ctx, command.CallID)
	case "delete_user_data_pair":
		return nothing, a.client.DeleteUserDataPair(ctx, command.CallID, command.Key)
	case "watch":
		ctx, a.stop = context.WithCancel(context.Background())
		a.watch.Add(1)
		go func() {
			defer a.watch.Done()
			a.follow(ctx, command)
		}()
		return nothing, nil
	case "pause", "go_on":
		if paused := command.Do == "pause"; paused != a.paused {
			a.paused = paused
			if paused {
				a.taking.Lock()
			} else {
				a.taking.Unlock()
			}
		}
		return nothing, nil
	case "close":
		err := a.client.Close()
		a.watch.Wait()
		return nothing, err
	case "stop":
		a.stop()
		a.watch.Wait()
		return nothing, nil
	default:
		return nil, fmt.Errorf("no such command: %s", command.Do)
	}
}

func (a *adapter) connect(command command) error {
	transport := dialbridge.Plaintext()
	if command.CA != "" {
		certificate, err := os.ReadFile(command.CA)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(certificate)
		transport = dialbridge.TLS(&tls.Config{RootCAs: roots})
	}
	credentials := dialbridge.Basic(command.User, command.Password)
	if command.Token != "" {
		credentials = dialbridge.Bearer(command.Token)
	}
	client, err := dialbridge.Connect(command.Target, credentials, transport)
	if a.client != nil {
		a.client.Close()
	}
	a.client = client
	return err
}

func (a *adapter) dial(ctx context.Context, command command) (fact, error) {
	request := &v1.DialRequest{
		DeviceId:  command.Device,
		Target:    &v1.DialRequest_Destination{Destination: command.Number},
		UserData:  userData(command),
		RequestId: command.RequestID,
	}
	if command.RecordHandle != 0 {
		record := &v1.OutboundRecord{RecordHandle: command.RecordHandle, PhoneNumber: command.Number}
		request.Target = &v1.DialRequest_OutboundRecord{OutboundRecord: record}
	}
	response, err := a.client.Dial(ctx, request)
	return fact{"call_id": response.GetCall().GetId(), "resume_token": response.GetResumeToken()}, err
}

func (a *adapter) follow(ctx context.Context, command command) {
	options := dialbridge.WatchOptions{ResumeToken: command.ResumeToken, Heartbeat: seconds(command.Heartbeat)}
	if len(command.Calls) > 0 {
		options.Only = &v1.CallFilter{CallIds: command.Calls}
	}
	for event, err := range a.client.Watch(ctx, options) {
		switch event := event.(type) {
		case dialbridge.Replaced:
			a.tell(fact{"event": "replaced", "calls": ids(event.Calls), "token": event.Token})
		case dialbridge.Changed:
			a.tell(fact{
				"event": "changed", "call_id": event.Call.Id, "device_id": event.Call.DeviceId,
				"sequence": event.Call.Sequence, "position": event.Position,
				"request_id": event.RequestId, "state": event.Call.State.String(),
				"cause": event.Call.ReleaseCause.String(), "token": event.Token,
			})
		case dialbridge.Interrupted:
			a.tell(fact{"event": "interrupted", "error": described(event.Err)})
		case dialbridge.Resumed:
			a.tell(fact{"event": "resumed"})
		}
		if err != nil && status.Code(err) != codes.Canceled {
			a.tell(fact{"event": "ended", "error": described(err)})
		}
		a.taking.Lock()
		a.taking.Unlock() // had only to wait while the watch is paused
	}
}

func described(err error) fact {
	var failed *dialbridge.Error
	if !errors.As(err, &failed) {
		log.Fatal(err)
	}
	reason := ""
	if failed.Reason != v1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		reason = failed.Reason.String()[len("ERROR_REASON_"):]
	}
	return fact{"code": codeNames[failed.Code], "reason": reason, "metadata": failed.Metadata}
}

var codeNames = map[codes.Code]string{}

func init() {
	for _, name := range []string{
		"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
	} {
		var code codes.Code
		if err := code.UnmarshalJSON([]byte(`"` + name + `"`)); err != nil {
			log.Fatal(err)
		}
		codeNames[code] = name
	}
}

func userData(command command) *v1.UserData {
	var pairs []dialbridge.Pair
	for key, value := range command.UserData {
		if number, is := value.(float64); is && number == float64(int64(number)) {
			value = int64(number)
		}
		pairs = append(pairs, dialbridge.Pair{Key: key, Value: value})
	}
	slices.SortFunc(pairs, func(a, b dialbridge.Pair) int { return strings.Compare(a.Key, b.Key) })
	data, err := dialbridge.UserData(pairs...)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

func ids(calls []*v1.Call) []string {
	found := []string{}
	for _, call := range calls {
		found = append(found, call.Id)
	}
	return found
}

func seconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Second))
}
