package dialbridge.conformance;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dialbridge.client.Client;
import dialbridge.client.Credentials;
import dialbridge.client.DialbridgeException;
import dialbridge.client.Pairs;
import dialbridge.client.Watch;
import dialbridge.client.WatchEvent;
import dialbridge.client.WatchOptions;
import dialbridge.v1.Call;
import dialbridge.v1.CallFilter;
import dialbridge.v1.DialRequest;
import dialbridge.v1.DialResponse;
import dialbridge.v1.ErrorReason;
import dialbridge.v1.OutboundRecord;
import dialbridge.v1.UserData;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * Through this the conformance scenarios drive the Java client: commands and answers are JSON lines.
 * tests/interop/conformance/README.md has them.
 */
public final class Adapter {
    private static final Gson GSON = new Gson();

    private final Semaphore mayTake = new Semaphore(1);
    private Client client;
    private Watch watch;
    private Thread following;

    public static void main(String[] arguments) throws Exception {
        Adapter adapter = new Adapter();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject command = GSON.fromJson(line, JsonObject.class);
            Map<String, Object> answer;
            try {
                answer = new LinkedHashMap<>(adapter.execute(command));
            } catch (DialbridgeException error) {
                answer = new LinkedHashMap<>(Map.of("error", described(error)));
            }
            answer.put("answer", text(command, "do"));
            tell(answer);
        }
        adapter.client.close();
    }

    private static synchronized void tell(Map<String, Object> fact) {
        System.out.println(GSON.toJson(fact));
    }

    private Map<String, Object> execute(JsonObject command) throws IOException, InterruptedException {
        String callId = text(command, "call_id");
        switch (text(command, "do")) {
            case "connect" -> connect(command);
            case "sign_in" -> {
                return Map.of("token", client.signIn().getAccessToken());
            }
            case "dial" -> {
                return dial(command);
            }
            case "get_call" -> {
                Call call = client.getCall(callId);
                return Map.of("state", call.getState().name(), "user_data", Pairs.toMap(call.getUserData()));
            }
            case "list_calls" -> {
                return Map.of("calls", ids(client.listCalls(CallFilter.getDefaultInstance())));
            }
            case "answer" -> client.answer(callId);
            case "hangup" -> client.hangup(callId);
            case "hold" -> client.hold(callId);
            case "retrieve" -> client.retrieve(callId);
            case "initiate_transfer" -> {
                UserData none = UserData.getDefaultInstance();
                return Map.of("call_id", client.initiateTransfer(callId, text(command, "number"), none));
            }
            case "complete_transfer" -> client.completeTransfer(callId, "");
            case "send_dtmf" -> client.sendDtmf(callId, text(command, "digits"));
            case "attach_user_data" -> client.attachUserData(callId, userData(command));
            case "update_user_data" -> client.updateUserData(callId, userData(command));
            case "delete_user_data" -> client.deleteUserData(callId);
            case "delete_user_data_pair" -> client.deleteUserDataPair(callId, text(command, "key"));
            case "watch" -> {
                watch = client.watch(options(command));
                following = new Thread(this::follow);
                following.start();
            }
            case "pause" -> mayTake.acquire();
            case "go_on" -> mayTake.release();
            case "close" -> {
                client.close();
                following.join();
            }
            case "stop" -> {
                watch.close();
                following.join();
            }
            default -> throw new IllegalArgumentException("no such command: " + command);
        }
        return Map.of();
    }

    private void connect(JsonObject command) throws IOException {
        ChannelCredentials transport = InsecureChannelCredentials.create();
        if (command.has("ca")) {
            transport = TlsChannelCredentials.newBuilder().trustManager(new File(text(command, "ca"))).build();
        }
        Credentials credentials = command.has("token")
                ? Credentials.bearer(text(command, "token"))
                : Credentials.basic(text(command, "user"), text(command, "password"));
        if (client != null) {
            client.close();
        }
        client = Client.connect(text(command, "target"), credentials, transport);
    }

    private Map<String, Object> dial(JsonObject command) {
        DialRequest.Builder request = DialRequest.newBuilder()
                .setDeviceId(text(command, "device"))
                .setUserData(userData(command))
                .setRequestId(text(command, "request_id"));
        if (command.has("record_handle")) {
            request.setOutboundRecord(OutboundRecord.newBuilder()
                    .setRecordHandle(command.get("record_handle").getAsLong())
                    .setPhoneNumber(text(command, "number")));
        } else {
            request.setDestination(text(command, "number"));
        }
        Duration timeout = command.has("timeout") ? seconds(command, "timeout") : Client.DIAL_WITHIN;
        DialResponse response = client.dial(request.build(), timeout);
        return Map.of("call_id", response.getCall().getId(), "resume_token", response.getResumeToken());
    }

    private void follow() {
        try {
            for (WatchEvent event : watch) {
                tell(fact(event));
                mayTake.acquire(); // waits while the watch is paused
                mayTake.release();
            }
        } catch (DialbridgeException error) {
            tell(Map.of("event", "ended", "error", described(error)));
        } catch (InterruptedException nobodyDoes) {
            throw new AssertionError(nobodyDoes);
        }
    }

    private static WatchOptions options(JsonObject command) {
        WatchOptions options = new WatchOptions().from(text(command, "resume_token"));
        if (command.has("calls")) {
            CallFilter.Builder only = CallFilter.newBuilder();
            command.getAsJsonArray("calls").forEach(id -> only.addCallIds(id.getAsString()));
            options = options.only(only.build());
        }
        return command.has("heartbeat") ? options.every(seconds(command, "heartbeat")) : options;
    }

    private static Map<String, Object> fact(WatchEvent event) {
        if (event instanceof WatchEvent.Replaced replaced) {
            return Map.of("event", "replaced", "calls", ids(replaced.calls()), "token", replaced.token());
        } else if (event instanceof WatchEvent.Changed changed) {
            Call call = changed.call();
            return Map.of(
                    "event", "changed",
                    "call_id", call.getId(),
                    "device_id", call.getDeviceId(),
                    "sequence", call.getSequence(),
                    "position", changed.change().getPosition(),
                    "request_id", changed.change().getRequestId(),
                    "state", call.getState().name(),
                    "cause", call.getReleaseCause().name(),
                    "token", changed.token());
        } else if (event instanceof WatchEvent.Interrupted interrupted) {
            return Map.of("event", "interrupted", "error", described(interrupted.error()));
        }
        return Map.of("event", "resumed");
    }

    private static Map<String, Object> described(DialbridgeException error) {
        String reason = error.reason() == ErrorReason.ERROR_REASON_UNSPECIFIED
                ? ""
                : error.reason().name().substring("ERROR_REASON_".length());
        return Map.of("code", error.code().name(), "reason", reason, "metadata", error.metadata());
    }

    private static UserData userData(JsonObject command) {
        Map<String, Object> pairs = new LinkedHashMap<>();
        if (command.has("user_data")) {
            command.getAsJsonObject("user_data").entrySet().forEach(pair -> pairs.put(pair.getKey(), plain(pair.getValue())));
        }
        return Pairs.of(pairs);
    }

    private static Object plain(JsonElement element) {
        JsonPrimitive value = element.getAsJsonPrimitive();
        if (value.isBoolean()) {
            return value.getAsBoolean();
        } else if (value.isString()) {
            return value.getAsString();
        } else if (value.getAsString().matches("-?\\d+")) {
            return value.getAsLong();
        }
        return value.getAsDouble();
    }

    private static List<String> ids(List<Call> calls) {
        return calls.stream().map(Call::getId).toList();
    }

    private static Duration seconds(JsonObject command, String name) {
        return Duration.ofMillis(Math.round(command.get(name).getAsDouble() * 1_000));
    }

    private static String text(JsonObject command, String name) {
        return command.has(name) ? command.get(name).getAsString() : "";
    }
}
