package dialbridge.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dialbridge.v1.ErrorReason;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DialbridgeExceptionTest {
    private static DialbridgeException told(String domain, String reason) {
        ErrorInfo info = ErrorInfo.newBuilder()
                .setDomain(domain)
                .setReason(reason)
                .putMetadata("limit", "calls")
                .build();
        RetryInfo retry = RetryInfo.newBuilder()
                .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(3))
                .build();
        Status status = Status.newBuilder()
                .setCode(Code.RESOURCE_EXHAUSTED.value())
                .setMessage("too many")
                .addDetails(Any.pack(info))
                .addDetails(Any.pack(retry))
                .addDetails(Any.pack(RequestInfo.newBuilder().setRequestId("r1").build()))
                .build();
        return DialbridgeException.of(StatusProto.toStatusException(status));
    }

    @Test
    void itHasEverythingThatTheServerSaid() {
        DialbridgeException error = told("dialbridge", "OVERLOADED");
        assertEquals(Code.RESOURCE_EXHAUSTED, error.code());
        assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, error.reason());
        assertEquals(Map.of("limit", "calls"), error.metadata());
        assertEquals(Optional.of(Duration.ofSeconds(3)), error.retryAfter());
        assertEquals("r1", error.requestId());
        assertEquals("OVERLOADED: too many", error.getMessage());
    }

    @Test
    void aReasonOfSomebodyElseOrOfALaterContractIsNone() {
        assertEquals(ErrorReason.ERROR_REASON_UNSPECIFIED, told("proxy", "OVERLOADED").reason());
        assertEquals(ErrorReason.ERROR_REASON_UNSPECIFIED, told("dialbridge", "OF_TOMORROW").reason());
    }

    @Test
    void anythingElseIsUnknown() {
        assertEquals(Code.UNKNOWN, DialbridgeException.of(new IllegalStateException("no")).code());
    }
}
