package dialbridge.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import dialbridge.v1.ErrorReason;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.io.Serializable;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A request that was answered with an error, or not answered. */
public final class DialbridgeException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String DOMAIN = "dialbridge";
    private static final String PREFIX = "ERROR_REASON_";

    private final Status.Code code;
    private final Facts facts;

    /** What an error says besides its code and its text. */
    record Facts(ErrorReason reason, Map<String, String> metadata, Duration retryAfter, String requestId)
            implements Serializable {
        static final Facts NONE = new Facts(ErrorReason.ERROR_REASON_UNSPECIFIED, Map.of(), null, "");
    }

    DialbridgeException(Status.Code code, String text, Facts facts, Throwable cause) {
        super((facts.reason == ErrorReason.ERROR_REASON_UNSPECIFIED ? code.name() : name(facts.reason)) + ": " + text, cause);
        this.code = code;
        this.facts = facts;
    }

    static DialbridgeException unavailable(String text) {
        return new DialbridgeException(Status.Code.UNAVAILABLE, text, Facts.NONE, null);
    }

    /** What gRPC's error says. */
    static DialbridgeException of(Throwable error) {
        Status status = Status.fromThrowable(error);
        String text = Optional.ofNullable(status.getDescription()).orElse(status.getCode().name());
        com.google.rpc.Status details = StatusProto.fromThrowable(error);
        Facts facts = Facts.NONE;
        if (details != null) {
            for (Any detail : details.getDetailsList()) {
                facts = with(facts, detail);
            }
        }
        return new DialbridgeException(status.getCode(), text, facts, error);
    }

    private static Facts with(Facts facts, Any detail) {
        try {
            if (detail.is(ErrorInfo.class)) {
                ErrorInfo info = detail.unpack(ErrorInfo.class);
                if (info.getDomain().equals(DOMAIN)) {
                    ErrorReason reason = reason(info.getReason());
                    return new Facts(reason, Map.copyOf(info.getMetadataMap()), facts.retryAfter, facts.requestId);
                }
            } else if (detail.is(RetryInfo.class)) {
                com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
                Duration after = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                return new Facts(facts.reason, facts.metadata, after, facts.requestId);
            } else if (detail.is(RequestInfo.class)) {
                String requestId = detail.unpack(RequestInfo.class).getRequestId();
                return new Facts(facts.reason, facts.metadata, facts.retryAfter, requestId);
            }
        } catch (InvalidProtocolBufferException damaged) {
            // Whatever stands between client and server wrote it; the server did not.
        }
        return facts;
    }

    private static ErrorReason reason(String name) {
        try {
            return ErrorReason.valueOf(PREFIX + name);
        } catch (IllegalArgumentException unknown) {
            return ErrorReason.ERROR_REASON_UNSPECIFIED;
        }
    }

    private static String name(ErrorReason reason) {
        return reason.name().substring(PREFIX.length());
    }

    /** The gRPC status code. */
    public Status.Code code() {
        return code;
    }

    /** Unspecified where no dialbridge answered, or one that knows more reasons than this client. */
    public ErrorReason reason() {
        return facts.reason;
    }

    /** The facts that {@link ErrorReason} documents for the reason. */
    public Map<String, String> metadata() {
        return facts.metadata;
    }

    /** When trying again makes sense; empty where the server does not say. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(facts.retryAfter);
    }

    /** What the server's log has the error under. */
    public String requestId() {
        return facts.requestId;
    }
}
