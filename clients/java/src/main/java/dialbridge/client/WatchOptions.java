package dialbridge.client;

import dialbridge.v1.CallFilter;
import java.time.Duration;

/**
 * What to follow, and from where.
 *
 * @param only which calls to follow; an empty filter lets all through that the user may see
 * @param resumeToken where to begin: after an event that had it, or with a new call from its DialResponse; empty: now
 * @param heartbeat how often to hear of the server when nothing happens, from 1 to 60 seconds
 */
public record WatchOptions(CallFilter only, String resumeToken, Duration heartbeat) {
    /** All calls that the user may see, from now. */
    public WatchOptions() {
        this(CallFilter.getDefaultInstance(), "", Duration.ofSeconds(15));
    }

    /** The same of these calls only. */
    public WatchOptions only(CallFilter filter) {
        return new WatchOptions(filter, resumeToken, heartbeat);
    }

    /** The same from another beginning. */
    public WatchOptions from(String token) {
        return new WatchOptions(only, token, heartbeat);
    }

    /** The same with another heartbeat. */
    public WatchOptions every(Duration interval) {
        return new WatchOptions(only, resumeToken, interval);
    }
}
