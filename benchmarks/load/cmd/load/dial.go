package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
)

type dialLoad struct {
	flags       *flag.FlagSet
	address     string
	path        string
	body        string
	devices     string
	credentials string
	connections int
	seconds     float64
	warmUp      float64
	pids        string
}

func dialFlags(name string) *dialLoad {
	d := &dialLoad{flags: flag.NewFlagSet(name, flag.ExitOnError)}
	d.flags.StringVar(&d.address, "address", "", "host:port of the server")
	d.flags.StringVar(&d.path, "path", "", "path of a Dial; %s: the device")
	d.flags.StringVar(&d.body, "body", "", "body of a Dial; %d: ten digits that no other Dial has")
	d.flags.StringVar(&d.devices, "devices", "", "ids of devices; each connection has one")
	d.flags.StringVar(&d.credentials, "credentials", "", "name:password, where signing in is needed")
	d.flags.IntVar(&d.connections, "connections", 32, "connections, or Dials under way at a time")
	d.flags.Float64Var(&d.seconds, "seconds", 3, "how long to measure")
	d.flags.Float64Var(&d.warmUp, "warm-up", 0.7, "seconds before")
	d.flags.StringVar(&d.pids, "pids", "", "processes of the server")
	return d
}

// drive runs as many loops of dial as there are connections, each Dial after the answer to the one before.
func (d *dialLoad) drive(open func(number int) (dial func() error)) Result {
	var measuring, stopped atomic.Bool
	var count, errors atomic.Int64
	var all histogram
	var mutex sync.Mutex
	var work sync.WaitGroup
	loops := make([]func() error, d.connections)
	for number := range loops {
		loops[number] = open(number)
	}
	for _, dial := range loops {
		work.Go(func() {
			var latencies histogram
			for !stopped.Load() {
				began := time.Now()
				err := dial()
				if !measuring.Load() {
					check(err)
					continue
				}
				if err != nil {
					errors.Add(1)
					continue
				}
				latencies.add(time.Since(began))
				count.Add(1)
			}
			mutex.Lock()
			all.merge(&latencies)
			mutex.Unlock()
		})
	}
	time.Sleep(time.Duration(d.warmUp * float64(time.Second)))
	var result Result
	watch := newStopwatch(pidsOf(d.pids))
	measuring.Store(true)
	time.Sleep(time.Duration(d.seconds * float64(time.Second)))
	watch.read(&result)
	result.Count, result.Errors = count.Load(), errors.Load()
	stopped.Store(true)
	work.Wait()
	result.Latency = all.milliseconds()
	return result
}

func rest(arguments []string) Result {
	d := dialFlags("rest")
	check(d.flags.Parse(arguments))
	dialler := newRestDialler(d)
	return d.drive(func(number int) func() error {
		dial := dialler.open(number)
		return func() error { return dial(next()) }
	})
}

var dialled = atomic.Int64{}

// next gives a number that no other Dial of this run has.
func next() int64 { return dialled.Add(1) }

type restDialler struct {
	*dialLoad
	cookie  string
	devices []string
}

func newRestDialler(d *dialLoad) *restDialler {
	return &restDialler{d, signIn(d.address, d.credentials), strings.Split(d.devices, ",")}
}

// open gives a connection on which one Dial at a time is sent.
func (r *restDialler) open(number int) func(digits int64) error {
	connection, err := net.Dial("tcp", r.address)
	check(err)
	reader := bufio.NewReader(connection)
	path := strings.ReplaceAll(r.path, "%s", r.devices[number%len(r.devices)])
	body := strings.ReplaceAll(r.body, "%s", r.devices[number%len(r.devices)])
	length := len(body) - 2 + 9
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n",
		path, r.address, r.cookie, length)
	before, after, _ := strings.Cut(body, "%d")
	var request []byte
	return func(digits int64) error {
		request = fmt.Appendf(request[:0], "%s%s%09d%s", head, before, digits, after)
		if _, err := connection.Write(request); err != nil {
			return err
		}
		return readResponse(reader)
	}
}

// readResponse reads a response without keeping anything of it, with less work than net/http.
func readResponse(reader *bufio.Reader) error {
	status, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	good := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	length, chunked := 0, false
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(name)) {
		case "content-length":
			_, err = fmt.Sscan(string(value), &length)
			check(err)
		case "transfer-encoding":
			chunked = true
		}
	}
	body, err := reader.Peek(length)
	if err != nil {
		return err
	}
	if !good {
		return fmt.Errorf("the answer was an error: %s", body)
	}
	if chunked {
		return fmt.Errorf("the answer was chunked")
	}
	_, err = reader.Discard(length)
	return err
}

// raw passes messages as the bytes that they are on the wire, so that the load generator encodes and decodes nothing.
type raw struct{}

func (raw) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func (raw) Name() string { return "proto" }

func connect(address string, options ...grpc.DialOption) *grpc.ClientConn {
	connection, err := grpc.NewClient("passthrough:///"+address, append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{}), grpc.MaxCallRecvMsgSize(64<<20)))...)
	check(err)
	return connection
}

func signed(credentials string) context.Context {
	return metadata.AppendToOutgoingContext(context.Background(),
		"authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
}

func unary(arguments []string) Result {
	d := dialFlags("grpc")
	method := d.flags.String("method", "/dialbridge.v1.CallService/Dial", "the method")
	requests := d.flags.String("requests", "", "serialised requests in hexadecimal, one for each device")
	channels := d.flags.Int("channels", 4, "connections that the Dials share")
	check(d.flags.Parse(arguments))
	connections := make([]*grpc.ClientConn, *channels)
	for number := range connections {
		connections[number] = connect(d.address)
	}
	texts := strings.Split(*requests, ",")
	return d.drive(func(number int) func() error {
		request, err := hex.DecodeString(texts[number%len(texts)])
		check(err)
		ctx := signed(d.credentials)
		connection := connections[number%len(connections)]
		return func() error {
			var answer []byte
			return connection.Invoke(ctx, *method, &request, &answer)
		}
	})
}
