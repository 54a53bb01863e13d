package dialbridge.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import java.util.Base64;
import java.util.concurrent.Executor;

/** What proves a caller to the server. Printing it shows no secret. */
public final class Credentials extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final String authorization;

    private Credentials(String authorization) {
        this.authorization = authorization;
    }

    /** A login name and a password. */
    public static Credentials basic(String userName, String password) {
        byte[] pair = (userName + ":" + password).getBytes(UTF_8);
        return new Credentials("Basic " + Base64.getEncoder().encodeToString(pair));
    }

    /** An access token, as {@link Client#signIn} gives it. */
    public static Credentials bearer(String token) {
        return new Credentials("Bearer " + token);
    }

    @Override
    public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
        Metadata metadata = new Metadata();
        metadata.put(AUTHORIZATION, authorization);
        applier.apply(metadata);
    }
}
