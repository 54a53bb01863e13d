package dialbridge.client;

import dialbridge.v1.ErrorReason;
import io.grpc.Status;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** What to do when a watch or a dial was interrupted. Nothing here waits, and chance is an argument. */
final class Resumption {
    static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private static final Set<Status.Code> PASSING = EnumSet.of(
            Status.Code.UNAVAILABLE,
            Status.Code.RESOURCE_EXHAUSTED,
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN,
            Status.Code.ABORTED,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.CANCELLED);
    private static final Set<ErrorReason> DIAL_AGAIN = EnumSet.of(
            ErrorReason.ERROR_REASON_SWITCH_UNAVAILABLE,
            ErrorReason.ERROR_REASON_SERVER_DRAINING,
            ErrorReason.ERROR_REASON_JOURNAL_UNAVAILABLE);

    private Resumption() {}

    enum Next {
        /** Go on with the last token: nothing was lost. */
        RESUME,
        /** The token is of no use any more: begin with a snapshot, which replaces what was known. */
        BEGIN_ANEW,
        /** Trying again gives the same answer. */
        GIVE_UP
    }

    record Step(Next next, Duration pause) {}

    /** The pause before attempt 1, 2, …; {@code spread}, between 0 and 1, keeps many clients from coming back at once. */
    static Duration pauseBefore(int attempt, double spread) {
        double longest = Math.min(SHORTEST_PAUSE.toMillis() * Math.pow(2, Math.min(attempt - 1, 16)), LONGEST_PAUSE.toMillis());
        return Duration.ofMillis(Math.round(longest * (0.5 + spread / 2)));
    }

    /** How a watch goes on; {@code attempt} counts the failures since anything was heard, from 1. */
    static Step afterWatch(DialbridgeException error, int attempt, double spread) {
        if (error.reason() == ErrorReason.ERROR_REASON_RESUME_TOKEN_EXPIRED) {
            return new Step(Next.BEGIN_ANEW, Duration.ZERO);
        }
        if (!PASSING.contains(error.code())) {
            return new Step(Next.GIVE_UP, Duration.ZERO);
        }
        Duration pause = pauseBefore(attempt, spread);
        // The server knows best, but a server that says "at once" again and again is not asked without end.
        Duration more = attempt > 1 ? pause : Duration.ZERO;
        return new Step(Next.RESUME, error.retryAfter().map(more::plus).orElse(pause));
    }

    /** Whether the same Dial may be sent again; only ever with its request_id, which makes it safe. */
    static Step afterDial(DialbridgeException error, int attempt, double spread) {
        boolean unanswered =
                error.reason() == ErrorReason.ERROR_REASON_UNSPECIFIED && error.code() == Status.Code.UNAVAILABLE;
        if (!unanswered && !DIAL_AGAIN.contains(error.reason())) {
            return new Step(Next.GIVE_UP, Duration.ZERO);
        }
        Duration pause = pauseBefore(attempt, spread);
        Duration asked = error.retryAfter().orElse(Duration.ZERO);
        return new Step(Next.RESUME, asked.compareTo(pause) > 0 ? asked : pause);
    }
}
