package main

import (
	"bytes"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// latency dials at a fixed rate over REST and takes the time from sending the request until the first status change
// of that call comes to a websocket subscriber. A Dial is sent when it is due, whatever became of those before, and
// its time counts from when it was due.
func latency(arguments []string) Result {
	d := dialFlags("latency")
	rate := d.flags.Float64("rate", 200, "Dials per second")
	path := d.flags.String("cometd", "", "path of the CometD endpoint")
	events := d.flags.String("cometd-address", "", "host:port of the CometD endpoint, where it is another one")
	channel := d.flags.String("channel", "/v2/me/calls", "channel of the events")
	marker := d.flags.String("marker", "", "what stands before the nine digits of a Dial in its event")
	check(d.flags.Parse(arguments))
	if *events == "" {
		*events = d.address
	}
	f := &fanOut{url: *events, path: *path, kind: "websocket", channel: *channel}
	listener := f.join(0, signIn(*events, d.credentials))
	check(unix.SetNonblock(listener.fd, false))

	total := int64((d.seconds + d.warmUp) * *rate)
	due := make([]atomic.Int64, total+1)
	var firstChange, answer histogram
	var result Result
	var missing atomic.Int64
	warmUp := int64(d.warmUp * *rate)
	missing.Store(total)
	finished := make(chan struct{})
	go func() {
		buffer := make([]byte, 1<<20)
		var carry []byte
		seen := make([]bool, total+1)
		for missing.Load() > 0 {
			kept := copy(buffer, carry)
			count, err := unix.Read(listener.fd, buffer[kept:])
			check(err)
			if count == 0 {
				fail("the server closed the socket")
			}
			now := time.Now().UnixNano()
			data := buffer[:kept+count]
			if bytes.Contains(data, []byte(connectMarker)) {
				listener.write(listener.connect)
			}
			rest := data
			for {
				at := bytes.Index(rest, []byte(*marker))
				if at < 0 || len(rest) < at+len(*marker)+9 {
					break
				}
				digits := rest[at+len(*marker) : at+len(*marker)+9]
				rest = rest[at+len(*marker)+9:]
				number, err := strconv.ParseInt(string(digits), 10, 64)
				check(err)
				if number >= 1 && number <= total && !seen[number] {
					seen[number] = true
					missing.Add(-1)
					if number > warmUp {
						firstChange.add(time.Duration(now - due[number].Load()))
					}
				}
			}
			carry = append(carry[:0], rest[max(0, len(rest)-len(*marker)-8):]...)
		}
		close(finished)
	}()

	dialler := newRestDialler(d)
	var mutex sync.Mutex
	var errors atomic.Int64
	turns := make(chan int64, total)
	for number := range d.connections {
		dial := dialler.open(number)
		go func() {
			for turn := range turns {
				if err := dial(turn); err != nil {
					errors.Add(1)
					missing.Add(-1)
					continue
				}
				if turn > warmUp {
					mutex.Lock()
					answer.add(time.Duration(time.Now().UnixNano() - due[turn].Load()))
					mutex.Unlock()
				}
			}
		}()
	}
	began := time.Now()
	watch := newStopwatch(pidsOf(d.pids))
	for turn := int64(1); turn <= total; turn++ {
		at := began.Add(time.Duration(float64(turn) / *rate * 1e9))
		if wait := time.Until(at); wait > 0 {
			time.Sleep(wait)
		}
		due[turn].Store(at.UnixNano())
		turns <- turn
	}
	close(turns)
	watch.read(&result)
	select {
	case <-finished:
	case <-time.After(10 * time.Second):
		fail("%d of %d first changes never came", missing.Load(), total)
	}
	mutex.Lock()
	defer mutex.Unlock()
	result.Count, result.Errors = firstChange.count, errors.Load()
	result.Latency = firstChange.milliseconds()
	result.Extra = map[string]float64{
		"answer_p50": answer.milliseconds()["p50"], "answer_p99": answer.milliseconds()["p99"],
	}
	return result
}
