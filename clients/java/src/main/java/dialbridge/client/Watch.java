package dialbridge.client;

import dialbridge.v1.Started;
import dialbridge.v1.WatchCallsRequest;
import dialbridge.v1.WatchCallsResponse;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Follows calls through restarts of the server, dead connections and cut-offs. Begins with {@link WatchEvent.Replaced},
 * or where the resume token stands; a change that was told before is not told again.
 *
 * <p>{@link #hasNext} waits, and reads no further than it is asked to. It throws {@link DialbridgeException} only for
 * what trying again does not mend, such as wrong credentials. It is false once the watch or its client was closed,
 * which any thread may do, or its own thread was interrupted.
 */
public final class Watch implements Iterator<WatchEvent>, Iterable<WatchEvent>, AutoCloseable {
    /** For the first message, before the server has said how often it will be heard of. */
    private static final Duration FIRST_MESSAGE_WITHIN = Duration.ofSeconds(10);

    /** Heartbeat intervals of silence that mean that the connection is dead; {@link Started}. */
    private static final double SILENT_INTERVALS = 2.5;

    private final Function<WatchCallsRequest, BlockingClientCall<?, WatchCallsResponse>> open;
    private final WatchOptions options;
    private final Consumer<Watch> whenClosed;
    private final Follower follower;
    private final Queue<WatchEvent> events = new ArrayDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile BlockingClientCall<?, WatchCallsResponse> stream;
    private Duration silence = FIRST_MESSAGE_WITHIN;
    private Duration pause = Duration.ZERO;
    private int failures;

    Watch(
            Function<WatchCallsRequest, BlockingClientCall<?, WatchCallsResponse>> open,
            WatchOptions options,
            Consumer<Watch> whenClosed) {
        this.open = open;
        this.options = options;
        this.whenClosed = whenClosed;
        this.follower = new Follower(options.resumeToken());
    }

    @Override
    public Iterator<WatchEvent> iterator() {
        return this;
    }

    @Override
    public boolean hasNext() {
        try {
            while (events.isEmpty() && !closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                pause = Duration.ZERO;
                advance();
            }
        } catch (InterruptedException interrupted) {
            close();
            Thread.currentThread().interrupt();
        }
        return closed.getCount() > 0;
    }

    @Override
    public WatchEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the watch was closed");
        }
        return events.remove();
    }

    @Override
    public void close() {
        closed.countDown();
        whenClosed.accept(this);
        cancel("the watch was closed");
    }

    private void advance() throws InterruptedException {
        DialbridgeException error;
        try {
            if (stream == null) {
                stream = open.apply(request());
                silence = FIRST_MESSAGE_WITHIN;
                if (closed.getCount() == 0) {
                    cancel("the watch was closed");
                }
            }
            WatchCallsResponse message = stream.read(silence.toNanos(), TimeUnit.NANOSECONDS);
            if (message != null) {
                failures = 0;
                if (message.hasStarted()) {
                    silence = silence(message.getStarted());
                }
                events.addAll(follower.take(message));
                return;
            }
            error = DialbridgeException.unavailable("the stream ended");
        } catch (TimeoutException silent) {
            error = DialbridgeException.unavailable("nothing was heard of the server for " + silence.toMillis() + " ms");
            cancel(error.getMessage());
        } catch (StatusException ended) {
            error = DialbridgeException.of(ended);
        }
        stream = null;
        if (closed.getCount() == 0) {
            return;
        }
        failures++;
        Resumption.Step step = Resumption.afterWatch(error, failures, ThreadLocalRandom.current().nextDouble());
        if (step.next() == Resumption.Next.GIVE_UP) {
            close();
            throw error;
        }
        follower.interrupt(step.next() == Resumption.Next.BEGIN_ANEW);
        pause = step.pause();
        events.add(new WatchEvent.Interrupted(error, pause));
    }

    private void cancel(String why) {
        BlockingClientCall<?, WatchCallsResponse> running = stream;
        if (running != null) {
            running.cancel(why, null);
        }
    }

    private WatchCallsRequest request() {
        return WatchCallsRequest.newBuilder()
                .setFilter(options.only())
                .setResumeToken(follower.token())
                .setHeartbeatInterval(com.google.protobuf.Duration.newBuilder()
                        .setSeconds(options.heartbeat().getSeconds())
                        .setNanos(options.heartbeat().getNano()))
                .build();
    }

    private static Duration silence(Started started) {
        com.google.protobuf.Duration interval = started.getHeartbeatInterval();
        Duration heartbeat = Duration.ofSeconds(interval.getSeconds(), interval.getNanos());
        return Duration.ofNanos(Math.round(heartbeat.toNanos() * SILENT_INTERVALS));
    }
}
