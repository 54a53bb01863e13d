package dialbridge.client;

import dialbridge.v1.AnswerRequest;
import dialbridge.v1.AttachUserDataRequest;
import dialbridge.v1.BargeInRequest;
import dialbridge.v1.Call;
import dialbridge.v1.CallFilter;
import dialbridge.v1.CallServiceGrpc;
import dialbridge.v1.CancelSupervisorMonitoringRequest;
import dialbridge.v1.ClearCallRequest;
import dialbridge.v1.CoachRequest;
import dialbridge.v1.CompleteConferenceRequest;
import dialbridge.v1.CompleteTransferRequest;
import dialbridge.v1.DeleteUserDataPairRequest;
import dialbridge.v1.DeleteUserDataRequest;
import dialbridge.v1.DialRequest;
import dialbridge.v1.DialResponse;
import dialbridge.v1.GetCallRequest;
import dialbridge.v1.GetCurrentUserRequest;
import dialbridge.v1.GetCurrentUserResponse;
import dialbridge.v1.HangupRequest;
import dialbridge.v1.HoldRequest;
import dialbridge.v1.InitiateConferenceRequest;
import dialbridge.v1.InitiateTransferRequest;
import dialbridge.v1.ListCallsRequest;
import dialbridge.v1.ListCallsResponse;
import dialbridge.v1.ListenInRequest;
import dialbridge.v1.MuteCallRequest;
import dialbridge.v1.MuteMonitoredUserRequest;
import dialbridge.v1.PauseCallRecordingRequest;
import dialbridge.v1.RemoveParticipantFromConferenceRequest;
import dialbridge.v1.ResumeCallRecordingRequest;
import dialbridge.v1.RetrieveRequest;
import dialbridge.v1.SendDtmfRequest;
import dialbridge.v1.SignInRequest;
import dialbridge.v1.SignInResponse;
import dialbridge.v1.SingleStepConferenceRequest;
import dialbridge.v1.SingleStepTransferRequest;
import dialbridge.v1.StartCallRecordingRequest;
import dialbridge.v1.StopCallRecordingRequest;
import dialbridge.v1.SwapCallsRequest;
import dialbridge.v1.SwitchToBargeInRequest;
import dialbridge.v1.SwitchToCoachRequest;
import dialbridge.v1.SwitchToListenInRequest;
import dialbridge.v1.UnmuteCallRequest;
import dialbridge.v1.UnmuteMonitoredUserRequest;
import dialbridge.v1.UpdateUserDataRequest;
import dialbridge.v1.UserData;
import dialbridge.v1.UserServiceGrpc;
import dialbridge.v1.CallServiceGrpc.CallServiceBlockingV2Stub;
import dialbridge.v1.UserServiceGrpc.UserServiceBlockingV2Stub;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.TlsChannelCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * One user's view of one server. It may be used by many threads at once. Every method throws
 * {@link DialbridgeException}.
 */
public final class Client implements AutoCloseable {
    /** The deadline of a dial, repetitions included, unless it is given. */
    public static final Duration DIAL_WITHIN = Duration.ofSeconds(30);

    /** The deadline of any other request. */
    public static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);

    private final ManagedChannel channel;
    private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
    private final CallServiceBlockingV2Stub calls;
    private final UserServiceBlockingV2Stub users;

    private Client(ManagedChannel channel, Credentials credentials) {
        this.channel = channel;
        this.calls = CallServiceGrpc.newBlockingV2Stub(channel).withCallCredentials(credentials);
        this.users = UserServiceGrpc.newBlockingV2Stub(channel).withCallCredentials(credentials);
    }

    /** For {@code HOST:PORT}, with TLS and the certificates of Java; the connection is made when it is first needed. */
    public static Client connect(String target, Credentials credentials) {
        return connect(target, credentials, TlsChannelCredentials.create());
    }

    /**
     * The same with other certificates, or, with {@code InsecureChannelCredentials}, without TLS: credentials and calls
     * can then be read on the way.
     */
    public static Client connect(String target, Credentials credentials, ChannelCredentials transport) {
        ManagedChannel channel = Grpc.newChannelBuilder(target, transport)
                .keepAliveTime(20, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .build();
        return new Client(channel, credentials);
    }

    /** Ends the connection and everything that runs over it, watches too. */
    @Override
    public void close() {
        channel.shutdownNow();
        watches.forEach(Watch::close);
        try {
            channel.awaitTermination(CLOSE_WITHIN.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Dials within {@link #DIAL_WITHIN}. */
    public DialResponse dial(DialRequest request) {
        return dial(request, DIAL_WITHIN);
    }

    /**
     * Dials once: the request is sent again when no answer came, always under the same request_id, which is made up
     * where the request has none. An outcome that nobody knows is thrown as {@code DIAL_OUTCOME_UNKNOWN}; asking again
     * with its request_id is safe.
     */
    public DialResponse dial(DialRequest request, Duration timeout) {
        DialRequest once = request.getRequestId().isEmpty()
                ? request.toBuilder().setRequestId(UUID.randomUUID().toString()).build()
                : request;
        long ends = System.nanoTime() + timeout.toNanos();
        for (int attempt = 1; ; attempt++) {
            try {
                return calls.withDeadlineAfter(ends - System.nanoTime(), TimeUnit.NANOSECONDS).dial(once);
            } catch (StatusException answered) {
                DialbridgeException error = DialbridgeException.of(answered);
                Resumption.Step step =
                        Resumption.afterDial(error, attempt, ThreadLocalRandom.current().nextDouble());
                if (step.next() == Resumption.Next.GIVE_UP || ends - System.nanoTime() <= step.pause().toNanos()) {
                    throw error;
                }
                sleep(step.pause(), error);
                channel.resetConnectBackoff(); // which would grow to two minutes
            }
        }
    }

    /** Follows calls; see {@link Watch}. Close it when done. */
    public Watch watch(WatchOptions options) {
        Watch watch = new Watch(
                request -> {
                    channel.resetConnectBackoff();
                    return calls.watchCalls(request);
                },
                options,
                watches::remove);
        watches.add(watch);
        if (channel.isShutdown()) {
            watch.close();
        }
        return watch;
    }

    /** The user, the user's devices and features. */
    public GetCurrentUserResponse currentUser() {
        return answer(() -> users().getCurrentUser(GetCurrentUserRequest.getDefaultInstance()));
    }

    /** An access token to use in place of the password. */
    public SignInResponse signIn() {
        return answer(() -> users().signIn(SignInRequest.getDefaultInstance()));
    }

    /** One live call. */
    public Call getCall(String callId) {
        GetCallRequest request = GetCallRequest.newBuilder().setCallId(callId).build();
        return answer(() -> calls().getCall(request)).getCall();
    }

    /** All live calls that the user may see and that the filter lets through, every page. */
    public List<Call> listCalls(CallFilter only) {
        List<Call> found = new ArrayList<>();
        ListCallsRequest.Builder request = ListCallsRequest.newBuilder().setFilter(only);
        do {
            ListCallsResponse page = answer(() -> calls().listCalls(request.build()));
            found.addAll(page.getCallsList());
            request.setPageToken(page.getNextPageToken());
        } while (!request.getPageToken().isEmpty());
        return found;
    }

    /** Answers a ringing call. */
    public void answer(String callId) {
        AnswerRequest request = AnswerRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().answer(request));
    }

    /** Hangs up. */
    public void hangup(String callId) {
        HangupRequest request = HangupRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().hangup(request));
    }

    /** Sends digits to the other party. */
    public void sendDtmf(String callId, String digits) {
        SendDtmfRequest request = SendDtmfRequest.newBuilder().setCallId(callId).setDigits(digits).build();
        answer(() -> calls().sendDtmf(request));
    }

    /** Adds pairs, also where a key is there already. */
    public void attachUserData(String callId, UserData data) {
        AttachUserDataRequest request =
                AttachUserDataRequest.newBuilder().setCallId(callId).setUserData(data).build();
        answer(() -> calls().attachUserData(request));
    }

    /** Adds pairs and overwrites those whose key is there already. */
    public void updateUserData(String callId, UserData data) {
        UpdateUserDataRequest request =
                UpdateUserDataRequest.newBuilder().setCallId(callId).setUserData(data).build();
        answer(() -> calls().updateUserData(request));
    }

    /** Removes all user data. */
    public void deleteUserData(String callId) {
        DeleteUserDataRequest request = DeleteUserDataRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().deleteUserData(request));
    }

    /** Removes the pairs with one key. */
    public void deleteUserDataPair(String callId, String key) {
        DeleteUserDataPairRequest request =
                DeleteUserDataPairRequest.newBuilder().setCallId(callId).setKey(key).build();
        answer(() -> calls().deleteUserDataPair(request));
    }

    /** Puts the call on hold. */
    public void hold(String callId) {
        HoldRequest request = HoldRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().hold(request));
    }

    /** Takes the call off hold; another call that the device talks on is held for it. */
    public void retrieve(String callId) {
        RetrieveRequest request = RetrieveRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().retrieve(request));
    }

    /** Mutes the device's microphone. */
    public void muteCall(String callId) {
        MuteCallRequest request = MuteCallRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().muteCall(request));
    }

    /** Unmutes it. */
    public void unmuteCall(String callId) {
        UnmuteCallRequest request = UnmuteCallRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().unmuteCall(request));
    }

    /** Begins to record. */
    public void startCallRecording(String callId) {
        StartCallRecordingRequest request = StartCallRecordingRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().startCallRecording(request));
    }

    /** Pauses the recording. */
    public void pauseCallRecording(String callId) {
        PauseCallRecordingRequest request = PauseCallRecordingRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().pauseCallRecording(request));
    }

    /** Goes on recording. */
    public void resumeCallRecording(String callId) {
        ResumeCallRecordingRequest request = ResumeCallRecordingRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().resumeCallRecording(request));
    }

    /** Ends the recording. */
    public void stopCallRecording(String callId) {
        StopCallRecordingRequest request = StopCallRecordingRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().stopCallRecording(request));
    }

    /** Releases all parties of a conference. */
    public void clearCall(String callId) {
        ClearCallRequest request = ClearCallRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().clearCall(request));
    }

    /** Mutes the agent whose call the supervisor is on. */
    public void muteMonitoredUser(String callId) {
        MuteMonitoredUserRequest request = MuteMonitoredUserRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().muteMonitoredUser(request));
    }

    /** Unmutes the agent. */
    public void unmuteMonitoredUser(String callId) {
        UnmuteMonitoredUserRequest request = UnmuteMonitoredUserRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().unmuteMonitoredUser(request));
    }

    /** Goes on as a supervisor whom nobody hears. */
    public void switchToListenIn(String callId) {
        SwitchToListenInRequest request = SwitchToListenInRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().switchToListenIn(request));
    }

    /** Goes on as a supervisor whom the agent hears. */
    public void switchToCoach(String callId) {
        SwitchToCoachRequest request = SwitchToCoachRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().switchToCoach(request));
    }

    /** Goes on as a supervisor whom everybody hears. */
    public void switchToBargeIn(String callId) {
        SwitchToBargeInRequest request = SwitchToBargeInRequest.newBuilder().setCallId(callId).build();
        answer(() -> calls().switchToBargeIn(request));
    }

    /** Transfers the call at once. */
    public void singleStepTransfer(String callId, String destination, UserData userData) {
        SingleStepTransferRequest request = SingleStepTransferRequest.newBuilder()
                .setCallId(callId)
                .setDestination(destination)
                .setUserData(userData)
                .build();
        answer(() -> calls().singleStepTransfer(request));
    }

    /** Takes somebody else into the call at once. */
    public void singleStepConference(String callId, String destination, UserData userData) {
        SingleStepConferenceRequest request = SingleStepConferenceRequest.newBuilder()
                .setCallId(callId)
                .setDestination(destination)
                .setUserData(userData)
                .build();
        answer(() -> calls().singleStepConference(request));
    }

    /** Holds the call and consults somebody else; gives the new call's id, empty where the switch names it later. */
    public String initiateTransfer(String callId, String destination, UserData userData) {
        InitiateTransferRequest request = InitiateTransferRequest.newBuilder()
                .setCallId(callId)
                .setDestination(destination)
                .setUserData(userData)
                .build();
        return answer(() -> calls().initiateTransfer(request)).getConsultCallId();
    }

    /** Holds the call and consults somebody else; gives the new call's id, empty where the switch names it later. */
    public String initiateConference(String callId, String destination, UserData userData) {
        InitiateConferenceRequest request = InitiateConferenceRequest.newBuilder()
                .setCallId(callId)
                .setDestination(destination)
                .setUserData(userData)
                .build();
        return answer(() -> calls().initiateConference(request)).getConsultCallId();
    }

    /** Connects the other parties of both calls of a consultation; otherCallId may be empty. */
    public void completeTransfer(String callId, String otherCallId) {
        CompleteTransferRequest request = CompleteTransferRequest.newBuilder()
                .setCallId(callId)
                .setOtherCallId(otherCallId)
                .build();
        answer(() -> calls().completeTransfer(request));
    }

    /** Joins both calls of a consultation; otherCallId may be empty. */
    public void completeConference(String callId, String otherCallId) {
        CompleteConferenceRequest request = CompleteConferenceRequest.newBuilder()
                .setCallId(callId)
                .setOtherCallId(otherCallId)
                .build();
        answer(() -> calls().completeConference(request));
    }

    /** Holds the one of two calls that is talked on and retrieves the other. */
    public void swapCalls(String callId, String otherCallId) {
        SwapCallsRequest request = SwapCallsRequest.newBuilder()
                .setCallId(callId)
                .setOtherCallId(otherCallId)
                .build();
        answer(() -> calls().swapCalls(request));
    }

    /** Takes the party with this number out of a conference. */
    public void removeParticipantFromConference(String callId, String participant) {
        RemoveParticipantFromConferenceRequest request = RemoveParticipantFromConferenceRequest.newBuilder()
                .setCallId(callId)
                .setParticipant(participant)
                .build();
        answer(() -> calls().removeParticipantFromConference(request));
    }

    /** Monitors the calls of another device from a supervisor's own; nobody hears the supervisor. */
    public void listenIn(String deviceId, String targetDeviceId) {
        ListenInRequest request = ListenInRequest.newBuilder()
                .setDeviceId(deviceId)
                .setTargetDeviceId(targetDeviceId)
                .build();
        answer(() -> calls().listenIn(request));
    }

    /** Monitors; the agent hears the supervisor. */
    public void coach(String deviceId, String targetDeviceId) {
        CoachRequest request = CoachRequest.newBuilder()
                .setDeviceId(deviceId)
                .setTargetDeviceId(targetDeviceId)
                .build();
        answer(() -> calls().coach(request));
    }

    /** Monitors; everybody hears the supervisor. */
    public void bargeIn(String deviceId, String targetDeviceId) {
        BargeInRequest request = BargeInRequest.newBuilder()
                .setDeviceId(deviceId)
                .setTargetDeviceId(targetDeviceId)
                .build();
        answer(() -> calls().bargeIn(request));
    }

    /** Monitors no more. */
    public void cancelSupervisorMonitoring(String deviceId) {
        CancelSupervisorMonitoringRequest request = CancelSupervisorMonitoringRequest.newBuilder().setDeviceId(deviceId).build();
        answer(() -> calls().cancelSupervisorMonitoring(request));
    }

    private CallServiceBlockingV2Stub calls() {
        return calls.withDeadlineAfter(ANSWER_WITHIN.toNanos(), TimeUnit.NANOSECONDS);
    }

    private UserServiceBlockingV2Stub users() {
        return users.withDeadlineAfter(ANSWER_WITHIN.toNanos(), TimeUnit.NANOSECONDS);
    }

    private interface Request<T> {
        T send() throws StatusException;
    }

    private static <T> T answer(Request<T> request) {
        try {
            return request.send();
        } catch (StatusException answered) {
            throw DialbridgeException.of(answered);
        }
    }

    private static void sleep(Duration pause, DialbridgeException error) {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw error;
        }
    }
}
