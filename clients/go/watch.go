package dialbridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	v1 "dialbridge/v1"
)

const (
	defaultHeartbeat = 15 * time.Second
	// firstMessageWithin is the deadline of a watch's first message, before the server has said how often it is heard of.
	firstMessageWithin = 10 * time.Second
	// silentIntervals is how many heartbeat intervals of silence mean that the connection is dead; v1.Started.
	silentIntervals = 2.5
)

// WatchOptions say what to follow, and from where. The zero value follows all calls that the user may see, from now.
type WatchOptions struct {
	// Only is which calls to follow. Nil: all that the user may see.
	Only *v1.CallFilter
	// ResumeToken is where to begin: after an event that had it, or with a new call from its DialResponse.
	ResumeToken string
	// Heartbeat is how often to hear of the server when nothing happens, from 1 to 60 seconds. Zero: 15 seconds.
	Heartbeat time.Duration
}

// Event is what a watch tells: Replaced, Changed, Interrupted or Resumed.
type Event interface{ event() }

// Replaced has the calls as they are now. What was known before and is not found here is over.
type Replaced struct {
	Calls []*v1.Call
	Token string
}

// Changed is one change of one call.
type Changed struct {
	*v1.StatusChange
	// Token goes on after this change.
	Token string
}

// Interrupted says that the watch is taken up again after a pause; nothing has to be done.
type Interrupted struct {
	Err   *Error
	Pause time.Duration
}

// Resumed says that the watch goes on where it was interrupted; nothing was lost.
type Resumed struct{}

func (Replaced) event()    {}
func (Changed) event()     {}
func (Interrupted) event() {}
func (Resumed) event()     {}

// Watch follows calls through restarts of the server, dead connections and cut-offs. It begins with Replaced, or where
// the resume token stands; a change that was told before is not told again. It ends when the loop is left, or with one
// error: that of ctx, or one that trying again does not mend, such as wrong credentials or a closed client.
func (c *Client) Watch(ctx context.Context, options WatchOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.closed, cancel)()
		follower := follower{token: options.ResumeToken}
		failures := 0
		for {
			failed := c.stream(ctx, options, follower.token, func(message *v1.WatchCallsResponse) bool {
				failures = 0
				for _, event := range follower.take(message) {
					if !yield(event, nil) {
						return false
					}
				}
				return true
			})
			if failed == nil {
				return
			}
			if ctx.Err() != nil {
				yield(nil, errorOf(status.FromContextError(ctx.Err()).Err()))
				return
			}
			failures++
			step := afterWatch(failed, failures, c.spread())
			if step.next == giveUp {
				yield(nil, failed)
				return
			}
			follower.interrupt(step.next)
			if !yield(Interrupted{failed, step.pause}, nil) {
				return
			}
			if err := c.sleep(ctx, step.pause); err != nil {
				yield(nil, errorOf(status.FromContextError(err).Err()))
				return
			}
		}
	}
}

// stream gives the messages of one RPC to take, and says why it ended; nil when take returned false.
func (c *Client) stream(
	ctx context.Context, options WatchOptions, token string, take func(*v1.WatchCallsResponse) bool,
) *Error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := firstMessageWithin
	silent := errors.New("silent")
	timer := time.AfterFunc(silence, func() { cancel(silent) })
	defer timer.Stop()
	why := func(err error) *Error {
		if context.Cause(ctx) == silent {
			return unavailable(fmt.Sprintf("nothing was heard of the server for %s", silence))
		}
		if errors.Is(err, io.EOF) {
			return unavailable("the stream ended")
		}
		return errorOf(err)
	}
	heartbeat := options.Heartbeat
	if heartbeat == 0 {
		heartbeat = defaultHeartbeat
	}
	messages, err := c.calls.WatchCalls(ctx, &v1.WatchCallsRequest{
		Filter:            options.Only,
		Start:             &v1.WatchCallsRequest_ResumeToken{ResumeToken: token},
		HeartbeatInterval: durationpb.New(heartbeat),
	})
	if err != nil {
		return why(err)
	}
	for {
		message, err := messages.Recv()
		if err != nil {
			return why(err)
		}
		timer.Stop() // a reader that takes its time is not a server that is silent
		if started := message.GetStarted(); started != nil {
			silence = time.Duration(float64(started.HeartbeatInterval.AsDuration()) * silentIntervals)
		}
		if !take(message) {
			return nil
		}
		timer.Reset(silence)
	}
}

// follower turns messages into events, over all streams of one watch. It waits for nothing.
type follower struct {
	token       string
	position    int64 // of the newest change that was told
	begun       int64 // the position at which the snapshot was made
	snapshot    []*v1.Call
	interrupted bool
}

func (f *follower) take(response *v1.WatchCallsResponse) []Event {
	var events []Event
	switch message := response.Message.(type) {
	case *v1.WatchCallsResponse_Started:
		f.snapshot, f.begun = nil, message.Started.Position
		if message.Started.Resumed && f.interrupted {
			f.interrupted = false
			events = append(events, Resumed{})
		}
	case *v1.WatchCallsResponse_Snapshot:
		f.snapshot = append(f.snapshot, message.Snapshot.Calls...)
	case *v1.WatchCallsResponse_SnapshotEnd:
		events = append(events, Replaced{f.snapshot, response.ResumeToken})
		f.snapshot, f.position, f.interrupted = nil, f.begun, false
	case *v1.WatchCallsResponse_Changes:
		for _, change := range message.Changes.StatusChanges {
			if change.Position > f.position {
				f.position = change.Position
				events = append(events, Changed{change, change.ResumeToken})
			}
		}
	}
	f.token = response.ResumeToken
	return events
}

func (f *follower) interrupt(next next) {
	f.interrupted = true
	if next == beginAnew {
		f.token = ""
	}
}
