package dialbridge.client;

import dialbridge.v1.Call;
import dialbridge.v1.StatusChange;
import dialbridge.v1.WatchCallsResponse;
import java.util.ArrayList;
import java.util.List;

/** Turns messages into events, over all streams of one watch. It waits for nothing. */
final class Follower {
    private String token;
    private long position; // of the newest change that was told
    private long begun; // the position at which the snapshot was made
    private final List<Call> snapshot = new ArrayList<>();
    private boolean interrupted;

    Follower(String token) {
        this.token = token;
    }

    /** Where the next stream begins; empty: with a snapshot. */
    String token() {
        return token;
    }

    /** What {@code response} tells. */
    List<WatchEvent> take(WatchCallsResponse response) {
        List<WatchEvent> events = new ArrayList<>();
        switch (response.getMessageCase()) {
            case STARTED -> {
                snapshot.clear();
                begun = response.getStarted().getPosition();
                if (response.getStarted().getResumed() && interrupted) {
                    interrupted = false;
                    events.add(new WatchEvent.Resumed());
                }
            }
            case SNAPSHOT -> snapshot.addAll(response.getSnapshot().getCallsList());
            case SNAPSHOT_END -> {
                events.add(new WatchEvent.Replaced(List.copyOf(snapshot), response.getResumeToken()));
                snapshot.clear();
                position = begun;
                interrupted = false;
            }
            case CHANGES -> {
                for (StatusChange change : response.getChanges().getStatusChangesList()) {
                    if (change.getPosition() > position) {
                        position = change.getPosition();
                        events.add(new WatchEvent.Changed(change, change.getResumeToken()));
                    }
                }
            }
            default -> { } // a heartbeat, or what this client does not know
        }
        token = response.getResumeToken();
        return events;
    }

    /** A stream ended; {@code anew} where its token is of no use any more. */
    void interrupt(boolean anew) {
        interrupted = true;
        if (anew) {
            token = "";
        }
    }
}
