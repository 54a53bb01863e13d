package main

import (
	"net"
	"time"
)

// publisher has the server publish, by a line for each change on its control connection, and keeps at most window
// changes on their way: one is done when every subscriber has it. All calls come from one goroutine.
type publisher struct {
	control     net.Conn
	subscribers int
	window      int64
	sent        []time.Time // by number of the change
	missing     []int32     // how many subscribers do not have it yet
	done        int64
	had         []int64 // by subscriber, how many changes it has
	latencies   histogram
	measuring   bool
	delivered   int64
}

func newPublisher(control string, subscribers int, window int64) *publisher {
	connection, err := net.Dial("tcp", control)
	check(err)
	return &publisher{control: connection, subscribers: subscribers, window: window, had: make([]int64, subscribers)}
}

// fill publishes as much as the window allows.
func (p *publisher) fill() {
	now := time.Now()
	var lines []byte
	for int64(len(p.sent))-p.done < p.window {
		p.sent = append(p.sent, now)
		p.missing = append(p.missing, int32(p.subscribers))
		lines = append(lines, '\n')
	}
	if lines != nil {
		_, err := p.control.Write(lines)
		check(err)
	}
}

// received counts changes that came to a subscriber, in the order in which they were published.
func (p *publisher) received(subscriber int, changes int, now time.Time) {
	for range changes {
		number := p.had[subscriber]
		if number >= int64(len(p.sent)) {
			fail("subscriber %d got more than was published", subscriber)
		}
		p.had[subscriber]++
		p.missing[number]--
		if p.measuring {
			p.delivered++
			p.latencies.add(now.Sub(p.sent[number]))
		}
		for p.done < int64(len(p.sent)) && p.missing[p.done] == 0 {
			p.done++
		}
	}
}
