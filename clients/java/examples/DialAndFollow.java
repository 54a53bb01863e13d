// Dials an outbound preview record and follows the call to its end, through restarts and broken connections.
//
// java -cp 'target/classes:target/dependency/*' examples/DialAndFollow.java [NUMBER]
//                                               DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD
import dialbridge.client.Client;
import dialbridge.client.Credentials;
import dialbridge.client.Watch;
import dialbridge.client.WatchEvent;
import dialbridge.client.WatchOptions;
import dialbridge.v1.Call;
import dialbridge.v1.CallFilter;
import dialbridge.v1.CallState;
import dialbridge.v1.DialRequest;
import dialbridge.v1.DialResponse;
import dialbridge.v1.OutboundRecord;
import io.grpc.InsecureChannelCredentials;

public class DialAndFollow {
    static void dialAndFollow(Client client, String number) {
        String device = client.currentUser().getDevices(0).getId();
        OutboundRecord.Builder record = OutboundRecord.newBuilder().setRecordHandle(431).setPhoneNumber(number);
        DialRequest request = DialRequest.newBuilder().setDeviceId(device).setOutboundRecord(record).build();
        DialResponse dialled = client.dial(request); // safe to repeat: it has a request_id of its own
        CallFilter only = CallFilter.newBuilder().addCallIds(dialled.getCall().getId()).build();
        try (Watch watch = client.watch(new WatchOptions().only(only).from(dialled.getResumeToken()))) {
            for (WatchEvent event : watch) {
                if (event instanceof WatchEvent.Changed changed) {
                    Call call = changed.call();
                    System.out.println(call.getState() + " " + call.getReleaseCause());
                    if (call.getState() == CallState.CALL_STATE_RELEASED) {
                        return;
                    }
                } else if (event instanceof WatchEvent.Replaced replaced) { // the token was too old: this is all now
                    System.out.println("calls now: " + replaced.calls().size());
                    if (replaced.calls().isEmpty()) {
                        return;
                    }
                } else if (event instanceof WatchEvent.Interrupted interrupted) {
                    System.err.println("interrupted (" + interrupted.error().getMessage() + ")");
                }
            }
        }
    }

    public static void main(String[] arguments) {
        String address = System.getenv().getOrDefault("DIALBRIDGE_ADDRESS", "127.0.0.1:50051");
        String user = System.getenv().getOrDefault("DIALBRIDGE_USER", "agent1");
        String password = System.getenv().getOrDefault("DIALBRIDGE_PASSWORD", "demo");
        // Without InsecureChannelCredentials it is TLS.
        try (Client client =
                Client.connect(address, Credentials.basic(user, password), InsecureChannelCredentials.create())) {
            dialAndFollow(client, arguments.length > 0 ? arguments[0] : "5004");
        }
    }
}
