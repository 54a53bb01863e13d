package dialbridge.client;

import static dialbridge.client.Resumption.Next.BEGIN_ANEW;
import static dialbridge.client.Resumption.Next.GIVE_UP;
import static dialbridge.client.Resumption.Next.RESUME;
import static dialbridge.v1.ErrorReason.ERROR_REASON_DEVICE_BUSY;
import static dialbridge.v1.ErrorReason.ERROR_REASON_DIAL_OUTCOME_UNKNOWN;
import static dialbridge.v1.ErrorReason.ERROR_REASON_NOT_AUTHENTICATED;
import static dialbridge.v1.ErrorReason.ERROR_REASON_RESUME_TOKEN_EXPIRED;
import static dialbridge.v1.ErrorReason.ERROR_REASON_SERVER_DRAINING;
import static dialbridge.v1.ErrorReason.ERROR_REASON_SLOW_CONSUMER;
import static dialbridge.v1.ErrorReason.ERROR_REASON_SWITCH_UNAVAILABLE;
import static dialbridge.v1.ErrorReason.ERROR_REASON_UNSPECIFIED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dialbridge.client.Resumption.Next;
import dialbridge.v1.ErrorReason;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ResumptionTest {
    private static DialbridgeException error(Code code, ErrorReason reason, Duration retryAfter) {
        DialbridgeException.Facts facts = new DialbridgeException.Facts(reason, Map.of(), retryAfter, "");
        return new DialbridgeException(code, "it failed", facts, null);
    }

    static Stream<Arguments> watches() {
        return Stream.of(
                Arguments.of("a lost connection is taken up again",
                        error(Code.UNAVAILABLE, ERROR_REASON_UNSPECIFIED, null), 1, RESUME, 75),
                Arguments.of("a server that drains says when to come back",
                        error(Code.UNAVAILABLE, ERROR_REASON_SERVER_DRAINING, Duration.ofSeconds(1)), 1, RESUME, 1_000),
                Arguments.of("a slow consumer goes on at once",
                        error(Code.RESOURCE_EXHAUSTED, ERROR_REASON_SLOW_CONSUMER, Duration.ZERO), 1, RESUME, 0),
                Arguments.of("a server that says at once again and again is not asked without end",
                        error(Code.RESOURCE_EXHAUSTED, ERROR_REASON_SLOW_CONSUMER, Duration.ZERO), 2, RESUME, 150),
                Arguments.of("an expired token is followed by a snapshot",
                        error(Code.OUT_OF_RANGE, ERROR_REASON_RESUME_TOKEN_EXPIRED, null), 1, BEGIN_ANEW, 0),
                Arguments.of("wrong credentials stay wrong",
                        error(Code.UNAUTHENTICATED, ERROR_REASON_NOT_AUTHENTICATED, null), 1, GIVE_UP, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void watches(String name, DialbridgeException error, int attempt, Next next, int pause) {
        assertEquals(new Resumption.Step(next, Duration.ofMillis(pause)), Resumption.afterWatch(error, attempt, 0.5));
    }

    static Stream<Arguments> dials() {
        return Stream.of(
                Arguments.of("no answer is asked for again",
                        error(Code.UNAVAILABLE, ERROR_REASON_UNSPECIFIED, null), RESUME, 75),
                Arguments.of("a server that drains says when to come back",
                        error(Code.UNAVAILABLE, ERROR_REASON_SERVER_DRAINING, Duration.ofSeconds(1)), RESUME, 1_000),
                Arguments.of("a switch may be reached again",
                        error(Code.UNAVAILABLE, ERROR_REASON_SWITCH_UNAVAILABLE, null), RESUME, 75),
                Arguments.of("an outcome that nobody knows is the application's to settle",
                        error(Code.UNKNOWN, ERROR_REASON_DIAL_OUTCOME_UNKNOWN, null), GIVE_UP, 0),
                Arguments.of("a deadline that passed has passed",
                        error(Code.DEADLINE_EXCEEDED, ERROR_REASON_UNSPECIFIED, null), GIVE_UP, 0),
                Arguments.of("a busy device stays so",
                        error(Code.FAILED_PRECONDITION, ERROR_REASON_DEVICE_BUSY, null), GIVE_UP, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void dials(String name, DialbridgeException error, Next next, int pause) {
        assertEquals(new Resumption.Step(next, Duration.ofMillis(pause)), Resumption.afterDial(error, 1, 0.5));
    }

    @Test
    void pausesDoubleUpToALimitAndAreSpread() {
        long[] longest = IntStream.of(1, 2, 7, 8, 1_000)
                .mapToLong(attempt -> Resumption.pauseBefore(attempt, 1).toMillis())
                .toArray();
        assertArrayEquals(new long[] {100, 200, 6_400, 10_000, 10_000}, longest);
        assertEquals(Duration.ofSeconds(5), Resumption.pauseBefore(8, 0));
    }
}
