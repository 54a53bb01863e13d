// Command load drives one server and measures what it delivers.
//
// It prints one JSON object: what was delivered in how many seconds, the CPU seconds of the server's processes and of
// itself, the seconds for which both waited for a core, and latencies. Publishing is closed: at most -window changes are
// on their way, so neither side piles up.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Result is what a measure gives; fields that a measure has no use for stay zero.
type Result struct {
	Seconds   float64 `json:"seconds"`
	Count     int64   `json:"count"`
	Errors    int64   `json:"errors"`
	Messages  int64   `json:"messages"`
	ServerCPU float64 `json:"server_cpu"`
	LoadCPU   float64 `json:"load_cpu"`
	// Ready to run, while the core ran something else: with the CPU seconds, it tells who was busy on a busy machine too.
	ServerWait float64            `json:"server_wait"`
	LoadWait   float64            `json:"load_wait"`
	Latency    map[string]float64 `json:"latency_ms"`
	RSSBefore  int64              `json:"rss_before"`
	RSSAfter   int64              `json:"rss_after"`
	Extra      map[string]float64 `json:"extra,omitempty"`
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: load cometd|sse|watch|rest|grpc|latency|resume -flag ...")
	}
	measures := map[string]func([]string) Result{
		"cometd": cometd, "sse": serverSentEvents, "watch": watch, "rest": rest, "grpc": unary,
		"latency": latency, "resume": resume,
	}
	measure := measures[os.Args[1]]
	if measure == nil {
		fail("no such measure: %s", os.Args[1])
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err := json.NewEncoder(os.Stdout).Encode(measure(os.Args[2:])); err != nil {
		fail("%v", err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// stopwatch takes the time, and what both sides used and wanted of the cores, between its making and read.
type stopwatch struct {
	pids   []int
	began  time.Time
	server float64
	load   float64
	waited [2]float64
}

func newStopwatch(pids []int) stopwatch {
	return stopwatch{pids, time.Now(), cpuOf(pids), cpuOf(self()), [2]float64{waitOf(pids), waitOf(self())}}
}

func (w stopwatch) read(result *Result) {
	result.Seconds = time.Since(w.began).Seconds()
	result.ServerCPU = cpuOf(w.pids) - w.server
	result.LoadCPU = cpuOf(self()) - w.load
	result.ServerWait = waitOf(w.pids) - w.waited[0]
	result.LoadWait = waitOf(self()) - w.waited[1]
}

func self() []int { return []int{os.Getpid()} }

// cpuOf is what all threads of the processes have used, those that ended too; /proc has it only in ticks of 10 ms.
func cpuOf(pids []int) float64 {
	var total time.Duration
	for _, pid := range pids {
		var used unix.Timespec
		check(unix.ClockGettime(int32(^pid<<3|2), &used)) // the clock of a process, as clock_getcpuclockid makes it
		total += time.Duration(used.Nano())
	}
	return total.Seconds()
}

// waitOf is for how long the threads of the processes were ready to run and did not; zero where the kernel does not say.
func waitOf(pids []int) float64 {
	var total float64
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, file := range files {
			var ran, waited float64
			if text, err := os.ReadFile(file); err == nil {
				_, _ = fmt.Sscan(string(text), &ran, &waited)
			}
			total += waited / 1e9
		}
	}
	return total
}

// rssOf is the resident memory in bytes.
func rssOf(pids []int) int64 {
	var total int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		check(err)
		pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
		check(err)
		total += pages * int64(os.Getpagesize())
	}
	return total
}

func pidsOf(text string) []int {
	var pids []int
	for _, each := range strings.Split(text, ",") {
		if each != "" {
			pid, err := strconv.Atoi(each)
			check(err)
			pids = append(pids, pid)
		}
	}
	return pids
}
