package dialbridge.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dialbridge.v1.Call;
import dialbridge.v1.Snapshot;
import dialbridge.v1.SnapshotEnd;
import dialbridge.v1.Started;
import dialbridge.v1.StatusChange;
import dialbridge.v1.StatusChanges;
import dialbridge.v1.WatchCallsResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FollowerTest {
    private static WatchCallsResponse started(boolean resumed, long position) {
        Started started = Started.newBuilder().setResumed(resumed).setPosition(position).build();
        return WatchCallsResponse.newBuilder().setResumeToken("anew").setStarted(started).build();
    }

    private static WatchCallsResponse snapshot(String id) {
        Snapshot snapshot = Snapshot.newBuilder().addCalls(Call.newBuilder().setId(id)).build();
        return WatchCallsResponse.newBuilder().setResumeToken("anew").setSnapshot(snapshot).build();
    }

    private static WatchCallsResponse snapshotEnd() {
        SnapshotEnd end = SnapshotEnd.getDefaultInstance();
        return WatchCallsResponse.newBuilder().setResumeToken("whole").setSnapshotEnd(end).build();
    }

    private static WatchCallsResponse changes(long... positions) {
        StatusChanges.Builder changes = StatusChanges.newBuilder();
        for (long position : positions) {
            changes.addStatusChanges(StatusChange.newBuilder().setPosition(position));
        }
        return WatchCallsResponse.newBuilder().setResumeToken("changed").setChanges(changes).build();
    }

    /** What is told, in short: the ids of a snapshot, the positions of changes, "resumed". */
    private static List<Object> told(Follower follower, WatchCallsResponse... messages) {
        List<Object> told = new ArrayList<>();
        for (WatchCallsResponse message : messages) {
            for (WatchEvent event : follower.take(message)) {
                if (event instanceof WatchEvent.Replaced replaced) {
                    told.add(replaced.calls().stream().map(Call::getId).toList());
                } else if (event instanceof WatchEvent.Changed changed) {
                    told.add(changed.change().getPosition());
                } else {
                    told.add("resumed");
                }
            }
        }
        return told;
    }

    @Test
    void aSnapshotIsToldWholeAndOnlyLaterChangesFollow() {
        Follower follower = new Follower("");
        List<Object> told =
                told(follower, started(false, 7), snapshot("a"), snapshot("b"), snapshotEnd(), changes(7, 8));
        assertEquals(List.of(List.of("a", "b"), 8L), told);
        assertEquals("changed", follower.token());
    }

    @Test
    void halfASnapshotIsForgotten() {
        Follower follower = new Follower("");
        assertEquals(List.of(), told(follower, started(false, 7), snapshot("a")));
        follower.interrupt(false);
        assertEquals("anew", follower.token());
        assertEquals(List.of(List.of("b")), told(follower, started(false, 9), snapshot("b"), snapshotEnd()));
    }

    @Test
    void aRepetitionIsNotToldAgain() {
        Follower follower = new Follower("mine");
        assertEquals(List.of(4L, 5L), told(follower, started(true, 5), changes(4, 5)));
        follower.interrupt(false);
        assertEquals(List.of("resumed", 6L), told(follower, started(true, 6), changes(5, 6)));
    }

    @Test
    void anotherJournalBeginsWithASnapshotAndItsOwnPositions() {
        Follower follower = new Follower("mine");
        assertEquals(List.of(900L), told(follower, started(true, 900), changes(900)));
        follower.interrupt(true);
        assertEquals("", follower.token());
        assertEquals(List.of(List.of(), 4L), told(follower, started(false, 3), snapshotEnd(), changes(4)));
    }
}
