package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/protobuf/encoding/protowire"
)

const watchMethod = "/dialbridge.v1.CallService/WatchCalls"

var watchDescription = &grpc.StreamDesc{StreamName: "WatchCalls", ServerStreams: true}

// Field numbers of WatchCallsResponse and StatusChanges in the contract.
const (
	tokenField, snapshotEndField, changesField, heartbeatField, elementField = 1, 4, 5, 6, 1
)

type seen struct {
	changes   int
	following bool // the snapshot is complete
	live      bool // or all that was missed has been told
	token     string
}

// look reads the frame of a WatchCallsResponse and counts the changes in it, decoding none.
func look(message []byte) seen {
	var found seen
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 || kind != protowire.BytesType {
			fail("not a WatchCallsResponse")
		}
		value, more := protowire.ConsumeBytes(message[size:])
		message = message[size+more:]
		switch number {
		case tokenField:
			found.token = string(value)
		case snapshotEndField:
			found.following, found.live = true, true
		case heartbeatField:
			found.live = true
		case changesField:
			for len(value) > 0 {
				size := protowire.ConsumeFieldValue(elementField, protowire.BytesType, value[1:])
				value = value[1+size:]
				found.changes++
			}
		}
	}
	return found
}

func open(ctx context.Context, connection *grpc.ClientConn, request []byte) (grpc.ClientStream, error) {
	stream, err := connection.NewStream(ctx, watchDescription, watchMethod)
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(&request); err != nil {
		return nil, err
	}
	return stream, stream.CloseSend()
}

type delivery struct {
	watcher, changes int
	at               time.Time
}

func watch(arguments []string) Result {
	flags := flag.NewFlagSet("watch", flag.ExitOnError)
	address := flags.String("address", "", "host:port of the server")
	control := flags.String("control", "", "host:port that publishes one change for each line")
	watchers := flags.Int("n", 1, "watchers")
	perConnection := flags.Int("per-connection", 1, "watchers that share a connection")
	window := flags.Int64("window", 8, "changes on their way at most")
	seconds := flags.Float64("seconds", 3, "how long to measure")
	warmUp := flags.Float64("warm-up", 0.7, "seconds before")
	pidsText := flags.String("pids", "", "processes of the server")
	credentials := flags.String("credentials", "", "name:password")
	requestText := flags.String("request", "", "serialised WatchCallsRequest in hexadecimal")
	idle := flags.Float64("idle", 0, "only hold the streams for so many seconds and measure memory")
	bystanders := flags.Int("bystanders", 0, "other watchers, who are told nothing of what is published")
	bystander := flags.String("bystander", "", "name:password of these")
	check(flags.Parse(arguments))
	request, err := hex.DecodeString(*requestText)
	check(err)
	pids := pidsOf(*pidsText)
	var result Result
	result.RSSBefore = rssOf(pids)
	deliveries := make(chan delivery, 4096)
	var connection *grpc.ClientConn
	for number := range *watchers + *bystanders {
		if number%*perConnection == 0 {
			connection = connect(*address)
		}
		who := *credentials
		if number >= *watchers {
			who = *bystander
		}
		stream, err := open(signed(who), connection, request)
		check(err)
		var message []byte
		for following := false; !following; {
			check(stream.RecvMsg(&message))
			following = look(message).following
		}
		go func() {
			for {
				var message []byte
				if stream.RecvMsg(&message) != nil {
					return
				}
				changes := look(message).changes
				if changes > 0 && number >= *watchers {
					fail("a bystander was told of a change")
				}
				if changes > 0 {
					deliveries <- delivery{number, changes, time.Now()}
				}
			}
		}()
	}
	result.RSSAfter = rssOf(pids)
	if *idle > 0 {
		time.Sleep(time.Duration(*idle * float64(time.Second)))
		result.Count, result.RSSAfter = int64(*watchers), rssOf(pids)
		return result
	}
	p := newPublisher(*control, *watchers, *window)
	p.fill()
	began := time.Now()
	var clock stopwatch
	for {
		select {
		case got := <-deliveries:
			p.received(got.watcher, got.changes, got.at)
			if p.measuring {
				result.Messages++
			}
		case <-time.After(2 * time.Second):
			fail("nothing came for two seconds; %d of %d changes are done", p.done, len(p.sent))
		}
		if len(deliveries) > 0 {
			continue
		}
		now := time.Now()
		if !p.measuring && now.Sub(began).Seconds() > *warmUp {
			p.measuring = true
			clock = newStopwatch(pids)
		}
		if p.measuring && now.Sub(clock.began).Seconds() > *seconds {
			break
		}
		p.fill()
	}
	clock.read(&result)
	result.Count = p.delivered
	result.Latency = p.latencies.milliseconds()
	return result
}

// resume lets watchers begin, says "ready" on standard output, waits until the server goes away and comes back, and
// tells when each had its place again and everything that it missed.
func resume(arguments []string) Result {
	flags := flag.NewFlagSet("resume", flag.ExitOnError)
	address := flags.String("address", "", "host:port of the server")
	watchers := flags.Int("n", 1000, "watchers")
	credentials := flags.String("credentials", "", "name:password")
	within := flags.Float64("within", 60, "seconds that it may take")
	check(flags.Parse(arguments))
	back := make(chan time.Time, *watchers)
	var began, lost sync.WaitGroup
	began.Add(*watchers)
	lost.Add(*watchers)
	for range *watchers {
		connection := connect(*address, grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, Jitter: 0.2,
				MaxDelay: 100 * time.Millisecond}, MinConnectTimeout: 10 * time.Second}))
		go func() {
			var token string
			wasLost := false
			for {
				stream, err := open(signed(*credentials), connection, resumeRequest(token))
				for err == nil {
					var message []byte
					if err = stream.RecvMsg(&message); err != nil {
						break
					}
					found := look(message)
					if wasLost && found.live {
						back <- time.Now()
						return
					}
					if found.token != "" {
						token = found.token
					}
					if found.following {
						began.Done()
					}
				}
				if !wasLost {
					if token == "" {
						fail("no stream: %v", err)
					}
					wasLost = true
					lost.Done()
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
	}
	began.Wait()
	fmt.Println("ready")
	lost.Wait()
	gone := time.Now()
	var times histogram
	deadline := time.After(time.Duration(*within * float64(time.Second)))
	var first, last time.Time
	for range *watchers {
		select {
		case at := <-back:
			if first.IsZero() {
				first = at
			}
			last = at
			times.add(at.Sub(first))
		case <-deadline:
			fail("%d of %d watchers are back after %v s", times.count, *watchers, *within)
		}
	}
	return Result{Count: times.count, Seconds: last.Sub(gone).Seconds(), Latency: times.milliseconds(),
		Extra: map[string]float64{"down_until_first": first.Sub(gone).Seconds(), "first_to_last": last.Sub(first).Seconds(),
			"last_live_at": float64(last.UnixMicro()) / 1e6}}
}

func resumeRequest(token string) []byte {
	var request []byte
	if token != "" {
		request = protowire.AppendTag(request, 2, protowire.BytesType)
		request = protowire.AppendString(request, strings.Clone(token))
	}
	return request
}
