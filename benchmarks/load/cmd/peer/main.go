// Command peer is the least Go server that offers the contract: Dial answers at once and keeps nothing, WatchCalls
// sends one message for each change to each watcher, as one writes it by hand. There is no journal and no resuming.
// With -http, grpc-gateway stands before it in the same process.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "dialbridge/benchmarks/gen"
)

// waiting is how many changes a watcher may be behind.
const waiting = 1024

type server struct {
	pb.UnimplementedCallServiceServer
	mutex    sync.Mutex
	watchers map[chan *pb.StatusChange]bool
	change   *pb.StatusChange
}

func (s *server) Dial(_ context.Context, request *pb.DialRequest) (*pb.DialResponse, error) {
	if request.GetDestination() == "" || request.DeviceId == "" {
		return nil, status.Error(codes.InvalidArgument, "device_id and destination are needed")
	}
	return &pb.DialResponse{Call: &pb.Call{Id: "00000000000000000000000000000001"}}, nil
}

func (s *server) WatchCalls(_ *pb.WatchCallsRequest, stream pb.CallService_WatchCallsServer) error {
	changes := make(chan *pb.StatusChange, waiting)
	s.mutex.Lock()
	s.watchers[changes] = true
	s.mutex.Unlock()
	defer func() {
		s.mutex.Lock()
		delete(s.watchers, changes)
		s.mutex.Unlock()
	}()
	end := &pb.WatchCallsResponse{Message: &pb.WatchCallsResponse_SnapshotEnd{SnapshotEnd: &pb.SnapshotEnd{}}}
	if err := stream.Send(end); err != nil {
		return err
	}
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case change := <-changes:
			message := &pb.WatchCallsResponse{Message: &pb.WatchCallsResponse_Changes{
				Changes: &pb.StatusChanges{StatusChanges: []*pb.StatusChange{change}}}}
			if err := stream.Send(message); err != nil {
				return err
			}
		}
	}
}

func (s *server) publish(control net.Listener) {
	for {
		connection, err := control.Accept()
		if err != nil {
			return
		}
		lines := make([]byte, 65536)
		for {
			count, err := connection.Read(lines)
			if err != nil {
				break
			}
			s.mutex.Lock()
			for range count {
				for watcher := range s.watchers {
					watcher <- s.change
				}
			}
			s.mutex.Unlock()
		}
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}

func main() {
	filler := flag.Int("filler", 0, "bytes of user data on the call that changes")
	gateway := flag.Bool("http", false, "with grpc-gateway")
	flag.Parse()
	text := make([]byte, *filler)
	for at := range text {
		text[at] = 'x'
	}
	call := &pb.Call{
		Id: "00000000000000000000000000000001", DeviceId: "27edd22a-8413-5188-a764-f456cc68ad98", ConnId: "0000000000000000",
		State: pb.CallState_CALL_STATE_ESTABLISHED, Dnis: "5001", UserName: "bench", DeviceNumber: "7000",
		CallType:     pb.CallType_CALL_TYPE_INTERNAL,
		Participants: []*pb.Party{{PhoneNumber: "5001", FormattedPhoneNumber: "5001", Digits: "5001"}},
		UserData: &pb.UserData{Pairs: []*pb.UserDataPair{
			{Key: "Filler", Value: &pb.Value{Kind: &pb.Value_StringValue{StringValue: string(text)}}}}},
	}
	change := &pb.StatusChange{Call: call, Position: 1 << 50, ResumeToken: "0123456789abcdef01234567"}
	s := &server{watchers: map[chan *pb.StatusChange]bool{}, change: change}
	rpc := grpc.NewServer()
	pb.RegisterCallServiceServer(rpc, s)
	listener, control := listen(), listen()
	go func() { _ = rpc.Serve(listener) }()
	go s.publish(control)
	address := ""
	if *gateway {
		mux := runtime.NewServeMux()
		options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
		err := pb.RegisterCallServiceHandlerFromEndpoint(context.Background(), mux, listener.Addr().String(), options)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		web := listen()
		address = web.Addr().String()
		go func() { _ = http.Serve(web, mux) }()
	}
	fmt.Printf("{\"grpc\": %q, \"http\": %q, \"control\": %q}\n", listener.Addr(), address, control.Addr())
	_, _ = io.ReadAll(os.Stdin)
}
