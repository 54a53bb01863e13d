// Dials an outbound preview record and follows the call to its end, through restarts and broken connections.
//
//	go run ./examples/dial_and_follow [NUMBER]    DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"dialbridge"
	"dialbridge/v1"
)

func dialAndFollow(ctx context.Context, client *dialbridge.Client, device, number string) error {
	record := &v1.OutboundRecord{RecordHandle: 431, PhoneNumber: number}
	request := &v1.DialRequest{DeviceId: device, Target: &v1.DialRequest_OutboundRecord{OutboundRecord: record}}
	dialled, err := client.Dial(ctx, request) // safe to repeat: it has a request_id of its own
	if err != nil {
		return err
	}
	only := &v1.CallFilter{CallIds: []string{dialled.Call.Id}}
	options := dialbridge.WatchOptions{Only: only, ResumeToken: dialled.ResumeToken}
	for event, err := range client.Watch(ctx, options) {
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case dialbridge.Changed:
			fmt.Println(event.Call.State, event.Call.ReleaseCause)
			if event.Call.State == v1.CallState_CALL_STATE_RELEASED {
				return nil
			}
		case dialbridge.Replaced: // the token was too old: this is all that is known now
			fmt.Println("calls now:", len(event.Calls))
			if len(event.Calls) == 0 {
				return nil
			}
		case dialbridge.Interrupted:
			log.Printf("interrupted (%v), again in %v", event.Err, event.Pause)
		}
	}
	return nil
}

func main() {
	user := dialbridge.Basic(cmp.Or(os.Getenv("DIALBRIDGE_USER"), "agent1"), cmp.Or(os.Getenv("DIALBRIDGE_PASSWORD"), "demo"))
	address := cmp.Or(os.Getenv("DIALBRIDGE_ADDRESS"), "127.0.0.1:50051")
	client, err := dialbridge.Connect(address, user, dialbridge.Plaintext()) // without Plaintext it is TLS
	if err == nil {
		device := cmp.Or(os.Getenv("DIALBRIDGE_DEVICE"), "efe1ab32-53f9-43ce-b65e-5768c61f7d4a") // agent1's
		err = dialAndFollow(context.Background(), client, device, append(os.Args[1:], "5004")[0])
	}
	if err != nil {
		log.Fatal(err)
	}
}
