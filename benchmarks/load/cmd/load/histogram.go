package main

import (
	"math/bits"
	"time"
)

// histogram counts latencies in buckets of 1/32 of their size; not for use by several goroutines at once.
type histogram struct {
	buckets [64 * 32]int64
	count   int64
	max     time.Duration
}

func (h *histogram) add(latency time.Duration) {
	value := uint64(max(latency, 0))
	at := int(value)
	if value >= 32 {
		shift := bits.Len64(value) - 6
		at = shift<<5 + int(value>>shift)
	}
	h.buckets[at]++
	h.count++
	h.max = max(h.max, latency)
}

func (h *histogram) merge(other *histogram) {
	for at, count := range other.buckets {
		h.buckets[at] += count
	}
	h.count += other.count
	h.max = max(h.max, other.max)
}

func (h *histogram) quantile(share float64) time.Duration {
	left := int64(share * float64(h.count))
	for at, count := range h.buckets {
		if left -= count; left < 0 {
			if at < 64 {
				return time.Duration(at)
			}
			shift := at>>5 - 1
			return time.Duration((at&31 + 32) << shift)
		}
	}
	return h.max
}

func (h *histogram) milliseconds() map[string]float64 {
	if h.count == 0 {
		return nil
	}
	in := func(latency time.Duration) float64 { return float64(latency.Microseconds()) / 1000 }
	return map[string]float64{
		"p50": in(h.quantile(0.5)), "p99": in(h.quantile(0.99)), "p99.9": in(h.quantile(0.999)), "max": in(h.max),
	}
}
