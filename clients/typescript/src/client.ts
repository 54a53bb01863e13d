import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import {
  type CallOptions,
  type ChannelCredentials,
  type ClientUnaryCall,
  credentials as channels,
  type Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";

import type { Credentials } from "./credentials.js";
import { DialbridgeError } from "./errors.js";
import type { Call } from "./gen/dialbridge/v1/call.js";
import {
  CallFilter,
  CallServiceClient,
  DialRequest,
  type DialResponse,
  WatchCallsRequest,
  type WatchCallsResponse,
  MonitoringMode,
} from "./gen/dialbridge/v1/call_service.js";
import type { OutboundRecord } from "./gen/dialbridge/v1/outbound_record.js";
import { type GetCurrentUserResponse, type SignInResponse, UserServiceClient } from "./gen/dialbridge/v1/user_service.js";
import { afterDial, afterWatch, LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS } from "./resumption.js";
import { type Pairs, toUserData } from "./user_data.js";
import { Follower, type WatchEvent } from "./watch.js";

/** The deadline of a dial unless its options say otherwise, repetitions included. */
export const DIAL_WITHIN_MS = 30_000;
/** The deadline of any other request. */
export const ANSWER_WITHIN_MS = 10_000;
const FIRST_MESSAGE_WITHIN_MS = 10_000;
/** Heartbeat intervals of silence that mean that the connection is dead; `Started` in the contract. */
const SILENT_INTERVALS = 2.5;

const CHANNEL_OPTIONS = {
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": SHORTEST_PAUSE_MS,
  "grpc.max_reconnect_backoff_ms": LONGEST_PAUSE_MS,
};

export interface ClientOptions {
  credentials: Credentials;
  /** How to connect; TLS with the certificates of Node.js unless given. `credentials.createSsl` of gRPC makes others. */
  channel?: ChannelCredentials;
}

export interface DialOptions {
  userData?: Pairs;
  /** Makes it safe to ask again; a random one unless given. */
  requestId?: string;
  timeoutMs?: number;
}

export interface WatchOptions {
  /** Which calls to follow; all that the user may see unless given. */
  only?: Partial<CallFilter>;
  /** Where to begin: after an event that had it, or with a new call from its DialResponse. */
  resumeToken?: string;
  /** How often to hear of the server when nothing happens, from 1 to 60 seconds; 15 seconds unless given. */
  heartbeatMs?: number;
  /** Ends the watch, also while it waits; the loop then throws the signal's reason. */
  signal?: AbortSignal;
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Connects without TLS: credentials and calls can be read on the way. */
export function plaintext(): ChannelCredentials {
  return channels.createInsecure();
}

/** One user's view of one server. Every method rejects with `DialbridgeError`. */
export class Client {
  readonly #calls: CallServiceClient;
  readonly #users: UserServiceClient;
  readonly #credentials: Credentials;
  readonly #closed = new AbortController();

  /** For `HOST:PORT`; the connection is made when it is first needed. */
  constructor(target: string, { credentials, channel = channels.createSsl() }: ClientOptions) {
    this.#calls = new CallServiceClient(target, channel, CHANNEL_OPTIONS);
    this.#users = new UserServiceClient(target, channel, { channelOverride: this.#calls.getChannel() });
    this.#credentials = credentials;
  }

  /** Ends the connection, and watches: their loops throw. */
  close(): void {
    this.#closed.abort(new DialbridgeError(status.CANCELLED, "the client was closed"));
    this.#calls.close();
  }

  /**
   * Dials a record or a number, once: it is sent again when no answer came, under the same request id. An outcome that
   * nobody knows rejects with `DIAL_OUTCOME_UNKNOWN`; asking again with its request id is safe.
   */
  async dial(
    deviceId: string,
    target: string | Partial<OutboundRecord>,
    { userData = {}, requestId = randomUUID(), timeoutMs = DIAL_WITHIN_MS }: DialOptions = {},
  ): Promise<DialResponse> {
    const request = DialRequest.fromPartial({
      deviceId,
      target:
        typeof target === "string"
          ? { $case: "destination", value: target }
          : { $case: "outboundRecord", value: target },
      userData: toUserData(userData),
      requestId,
    });
    const ends = Date.now() + timeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#answer(this.#calls.dial.bind(this.#calls), request, ends - Date.now());
      } catch (failed) {
        const error = DialbridgeError.of(failed);
        const step = afterDial(error, attempt, Math.random());
        if (step.next === "give-up" || Date.now() + step.pauseMs >= ends) throw error;
        await sleep(step.pauseMs);
      }
    }
  }

  /**
   * Follows calls through restarts of the server, dead connections and cut-offs. Begins with `replaced`, or where the
   * resume token stands; a change that was told before is not told again. Ends when the loop is left; throws only for
   * what trying again does not mend, such as wrong credentials.
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, never> {
    const signal = AbortSignal.any([this.#closed.signal, ...(options.signal ? [options.signal] : [])]);
    const follower = new Follower(options.resumeToken ?? "");
    let failures = 0;
    while (true) {
      let error: DialbridgeError;
      try {
        for await (const message of this.#stream({ ...options, signal }, follower.token)) {
          failures = 0;
          yield* follower.take(message);
        }
        error = new DialbridgeError(status.UNAVAILABLE, "the stream ended");
      } catch (failed) {
        error = DialbridgeError.of(failed);
      }
      signal.throwIfAborted();
      const step = afterWatch(error, ++failures, Math.random());
      if (step.next === "give-up") throw error;
      follower.interrupt(step.next === "begin-anew");
      yield { type: "interrupted", error, pauseMs: step.pauseMs };
      await sleep(step.pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** The user, the user's devices and features. */
  async currentUser(): Promise<GetCurrentUserResponse> {
    return this.#answer(this.#users.getCurrentUser.bind(this.#users), {});
  }

  /** An access token to use in place of the password. */
  async signIn(): Promise<SignInResponse> {
    return this.#answer(this.#users.signIn.bind(this.#users), {});
  }

  /** One live call. */
  async getCall(callId: string): Promise<Call> {
    const response = await this.#answer(this.#calls.getCall.bind(this.#calls), { callId, deviceId: "" });
    return response.call!;
  }

  /** All live calls that the user may see, every page. */
  async listCalls(only: Partial<CallFilter> = {}): Promise<Call[]> {
    const found: Call[] = [];
    let pageToken = "";
    do {
      const request = { filter: CallFilter.fromPartial(only), pageSize: 0, pageToken };
      const page = await this.#answer(this.#calls.listCalls.bind(this.#calls), request);
      found.push(...page.calls);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return found;
  }

  /** Answers a ringing call. */
  async answer(callId: string): Promise<void> {
    await this.#answer(this.#calls.answer.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Hangs up. */
  async hangup(callId: string): Promise<void> {
    await this.#answer(this.#calls.hangup.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Sends digits to the other party. */
  async sendDtmf(callId: string, digits: string): Promise<void> {
    await this.#answer(this.#calls.sendDtmf.bind(this.#calls), { callId, deviceId: "", digits });
  }

  /** Adds pairs, also where a key is there already. */
  async attachUserData(callId: string, pairs: Pairs): Promise<void> {
    const request = { callId, deviceId: "", userData: toUserData(pairs) };
    await this.#answer(this.#calls.attachUserData.bind(this.#calls), request);
  }

  /** Adds pairs and overwrites those whose key is there already. */
  async updateUserData(callId: string, pairs: Pairs): Promise<void> {
    const request = { callId, deviceId: "", userData: toUserData(pairs) };
    await this.#answer(this.#calls.updateUserData.bind(this.#calls), request);
  }

  /** Removes all user data. */
  async deleteUserData(callId: string): Promise<void> {
    await this.#answer(this.#calls.deleteUserData.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Removes the pairs with one key. */
  async deleteUserDataPair(callId: string, key: string): Promise<void> {
    await this.#answer(this.#calls.deleteUserDataPair.bind(this.#calls), { callId, deviceId: "", key });
  }

  /** Puts the call on hold. */
  async hold(callId: string): Promise<void> {
    await this.#answer(this.#calls.hold.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Takes the call off hold; another call that the device talks on is held for it. */
  async retrieve(callId: string): Promise<void> {
    await this.#answer(this.#calls.retrieve.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Mutes the device's microphone. */
  async muteCall(callId: string): Promise<void> {
    await this.#answer(this.#calls.muteCall.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Unmutes it. */
  async unmuteCall(callId: string): Promise<void> {
    await this.#answer(this.#calls.unmuteCall.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Begins to record. */
  async startCallRecording(callId: string): Promise<void> {
    await this.#answer(this.#calls.startCallRecording.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Pauses the recording. */
  async pauseCallRecording(callId: string): Promise<void> {
    await this.#answer(this.#calls.pauseCallRecording.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Goes on recording. */
  async resumeCallRecording(callId: string): Promise<void> {
    await this.#answer(this.#calls.resumeCallRecording.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Ends the recording. */
  async stopCallRecording(callId: string): Promise<void> {
    await this.#answer(this.#calls.stopCallRecording.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Releases all parties of a conference. */
  async clearCall(callId: string): Promise<void> {
    await this.#answer(this.#calls.clearCall.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Mutes the agent whose call the supervisor is on. */
  async muteMonitoredUser(callId: string): Promise<void> {
    await this.#answer(this.#calls.muteMonitoredUser.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Unmutes the agent. */
  async unmuteMonitoredUser(callId: string): Promise<void> {
    await this.#answer(this.#calls.unmuteMonitoredUser.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Goes on as a supervisor whom nobody hears. */
  async switchToListenIn(callId: string): Promise<void> {
    await this.#answer(this.#calls.switchToListenIn.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Goes on as a supervisor whom the agent hears. */
  async switchToCoach(callId: string): Promise<void> {
    await this.#answer(this.#calls.switchToCoach.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Goes on as a supervisor whom everybody hears. */
  async switchToBargeIn(callId: string): Promise<void> {
    await this.#answer(this.#calls.switchToBargeIn.bind(this.#calls), { callId, deviceId: "" });
  }

  /** Transfers the call at once. */
  async singleStepTransfer(callId: string, destination: string, pairs: Pairs = []): Promise<void> {
    await this.#answer(this.#calls.singleStepTransfer.bind(this.#calls), { callId, deviceId: "", destination, userData: toUserData(pairs), location: "" });
  }

  /** Takes somebody else into the call at once. */
  async singleStepConference(callId: string, destination: string, pairs: Pairs = []): Promise<void> {
    await this.#answer(this.#calls.singleStepConference.bind(this.#calls), { callId, deviceId: "", destination, userData: toUserData(pairs), location: "" });
  }

  /** Holds the call and consults somebody else; gives the new call's id, empty where the switch names it later. */
  async initiateTransfer(callId: string, destination: string, pairs: Pairs = []): Promise<string> {
    return (await this.#answer(this.#calls.initiateTransfer.bind(this.#calls), { callId, deviceId: "", destination, userData: toUserData(pairs), location: "" })).consultCallId;
  }

  /** Holds the call and consults somebody else; gives the new call's id, empty where the switch names it later. */
  async initiateConference(callId: string, destination: string, pairs: Pairs = []): Promise<string> {
    return (await this.#answer(this.#calls.initiateConference.bind(this.#calls), { callId, deviceId: "", destination, userData: toUserData(pairs), location: "" })).consultCallId;
  }

  /** Connects the other parties of both calls of a consultation; otherCallId may be empty. */
  async completeTransfer(callId: string, otherCallId = ""): Promise<void> {
    await this.#answer(this.#calls.completeTransfer.bind(this.#calls), { callId, deviceId: "", otherCallId });
  }

  /** Joins both calls of a consultation; otherCallId may be empty. */
  async completeConference(callId: string, otherCallId = ""): Promise<void> {
    await this.#answer(this.#calls.completeConference.bind(this.#calls), { callId, deviceId: "", otherCallId });
  }

  /** Holds the one of two calls that is talked on and retrieves the other. */
  async swapCalls(callId: string, otherCallId: string): Promise<void> {
    await this.#answer(this.#calls.swapCalls.bind(this.#calls), { callId, deviceId: "", otherCallId });
  }

  /** Takes the party with this number out of a conference. */
  async removeParticipantFromConference(callId: string, participant: string): Promise<void> {
    await this.#answer(this.#calls.removeParticipantFromConference.bind(this.#calls), { callId, deviceId: "", participant });
  }

  /** Monitors the calls of another device from a supervisor's own; nobody hears the supervisor. */
  async listenIn(deviceId: string, targetDeviceId: string, mode = MonitoringMode.MONITORING_MODE_UNSPECIFIED): Promise<void> {
    await this.#answer(this.#calls.listenIn.bind(this.#calls), { deviceId, targetDeviceId, mode });
  }

  /** Monitors; the agent hears the supervisor. */
  async coach(deviceId: string, targetDeviceId: string, mode = MonitoringMode.MONITORING_MODE_UNSPECIFIED): Promise<void> {
    await this.#answer(this.#calls.coach.bind(this.#calls), { deviceId, targetDeviceId, mode });
  }

  /** Monitors; everybody hears the supervisor. */
  async bargeIn(deviceId: string, targetDeviceId: string, mode = MonitoringMode.MONITORING_MODE_UNSPECIFIED): Promise<void> {
    await this.#answer(this.#calls.bargeIn.bind(this.#calls), { deviceId, targetDeviceId, mode });
  }

  /** Monitors no more. */
  async cancelSupervisorMonitoring(deviceId: string): Promise<void> {
    await this.#answer(this.#calls.cancelSupervisorMonitoring.bind(this.#calls), { deviceId });
  }

  #answer<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    timeoutMs = ANSWER_WITHIN_MS,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      method(request, this.#credentials.metadata, { deadline: Date.now() + timeoutMs }, (error, response) =>
        error ? reject(DialbridgeError.of(error)) : resolve(response),
      );
    });
  }

  /** The messages of one stream, each asked for when the one before is done with. */
  async *#stream({ only, heartbeatMs = 15_000, signal }: WatchOptions, token: string): AsyncGenerator<WatchCallsResponse> {
    signal?.throwIfAborted();
    const request = WatchCallsRequest.fromPartial({
      filter: only,
      start: { $case: "resumeToken", value: token },
      heartbeatInterval: { seconds: Math.floor(heartbeatMs / 1_000), nanos: Math.round((heartbeatMs % 1_000) * 1e6) },
    });
    const stream = this.#calls.watchCalls(request, this.#credentials.metadata);
    const messages = stream[Symbol.asyncIterator]();
    const cancel = () => stream.cancel();
    signal?.addEventListener("abort", cancel);
    let silenceMs = FIRST_MESSAGE_WITHIN_MS;
    let silent = false;
    try {
      while (true) {
        const timer = setTimeout(() => {
          silent = true;
          cancel();
        }, silenceMs);
        const { done, value } = await messages.next().finally(() => clearTimeout(timer));
        if (done) return;
        const message = value as WatchCallsResponse;
        if (message.message?.$case === "started") {
          const { seconds, nanos } = message.message.value.heartbeatInterval!;
          silenceMs = (Number(seconds) * 1_000 + nanos / 1e6) * SILENT_INTERVALS;
        }
        yield message;
      }
    } catch (error) {
      if (!silent) throw error;
      throw new DialbridgeError(status.UNAVAILABLE, `nothing was heard of the server for ${silenceMs} ms`);
    } finally {
      signal?.removeEventListener("abort", cancel);
      stream.on("error", () => {}); // that of its cancellation
      cancel();
    }
  }
}
