package dialbridge

import (
	"reflect"
	"testing"

	v1 "dialbridge/v1"
)

func started(resumed bool, position int64) *v1.WatchCallsResponse {
	message := &v1.Started{Resumed: resumed, Position: position}
	return &v1.WatchCallsResponse{ResumeToken: "anew", Message: &v1.WatchCallsResponse_Started{Started: message}}
}

func snapshot(ids ...string) *v1.WatchCallsResponse {
	message := &v1.Snapshot{}
	for _, id := range ids {
		message.Calls = append(message.Calls, &v1.Call{Id: id})
	}
	return &v1.WatchCallsResponse{ResumeToken: "anew", Message: &v1.WatchCallsResponse_Snapshot{Snapshot: message}}
}

func snapshotEnd() *v1.WatchCallsResponse {
	return &v1.WatchCallsResponse{ResumeToken: "whole", Message: &v1.WatchCallsResponse_SnapshotEnd{}}
}

func changes(positions ...int64) *v1.WatchCallsResponse {
	message := &v1.StatusChanges{}
	for _, position := range positions {
		message.StatusChanges = append(message.StatusChanges, &v1.StatusChange{Position: position})
	}
	return &v1.WatchCallsResponse{ResumeToken: "changed", Message: &v1.WatchCallsResponse_Changes{Changes: message}}
}

// told says what is told, in short: the ids of a snapshot, the positions of changes, "resumed".
func told(follower *follower, messages ...*v1.WatchCallsResponse) []any {
	var all []any
	for _, message := range messages {
		for _, event := range follower.take(message) {
			switch event := event.(type) {
			case Replaced:
				ids := []string{}
				for _, call := range event.Calls {
					ids = append(ids, call.Id)
				}
				all = append(all, ids)
			case Changed:
				all = append(all, event.Position)
			case Resumed:
				all = append(all, "resumed")
			}
		}
	}
	return all
}

func expect(t *testing.T, got []any, want ...any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestASnapshotIsToldWholeAndOnlyLaterChangesFollow(t *testing.T) {
	expect(t, told(&follower{}, started(false, 7), snapshot("a"), snapshot("b"), snapshotEnd(), changes(7, 8)),
		[]string{"a", "b"}, int64(8))
}

func TestHalfASnapshotIsForgotten(t *testing.T) {
	follower := &follower{}
	expect(t, told(follower, started(false, 7), snapshot("a")))
	follower.interrupt(resume)
	if follower.token != "anew" {
		t.Errorf("half a snapshot is resumed with %q", follower.token)
	}
	expect(t, told(follower, started(false, 9), snapshot("b"), snapshotEnd()), []string{"b"})
}

func TestARepetitionIsNotToldAgain(t *testing.T) {
	follower := &follower{token: "mine"}
	expect(t, told(follower, started(true, 5), changes(4, 5)), int64(4), int64(5))
	follower.interrupt(resume)
	expect(t, told(follower, started(true, 6), changes(5, 6)), "resumed", int64(6))
}

func TestAnotherJournalBeginsWithASnapshotAndItsOwnPositions(t *testing.T) {
	follower := &follower{token: "mine"}
	expect(t, told(follower, started(true, 900), changes(900)), int64(900))
	follower.interrupt(beginAnew)
	if follower.token != "" {
		t.Errorf("begins anew with %q", follower.token)
	}
	expect(t, told(follower, started(false, 3), snapshotEnd(), changes(4)), []string{}, int64(4))
}
