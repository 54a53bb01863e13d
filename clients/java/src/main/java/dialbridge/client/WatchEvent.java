package dialbridge.client;

import dialbridge.v1.Call;
import dialbridge.v1.StatusChange;
import java.time.Duration;
import java.util.List;

/** What a watch tells. */
public sealed interface WatchEvent {
    /** The calls as they are now. What was known before and is not found here is over. */
    record Replaced(List<Call> calls, String token) implements WatchEvent {}

    /** One change of one call; the token goes on after it. */
    record Changed(StatusChange change, String token) implements WatchEvent {
        /** The call after the change. */
        public Call call() {
            return change.getCall();
        }
    }

    /** The watch was interrupted and is taken up again after a pause; nothing has to be done. */
    record Interrupted(DialbridgeException error, Duration pause) implements WatchEvent {}

    /** The watch goes on where it was interrupted; nothing was lost. */
    record Resumed() implements WatchEvent {}
}
