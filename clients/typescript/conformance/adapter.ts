// The adapter through which the conformance scenarios drive the TypeScript client: commands and answers are JSON
// lines. tests/interop/conformance/README.md has them.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { credentials as channels, status } from "@grpc/grpc-js";
import {
  CallState,
  Client,
  Credentials,
  DialbridgeError,
  plaintext,
  ReleaseCause,
  toObject,
  type WatchEvent,
} from "dialbridge";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a command is whatever the scenario says
type Command = Record<string, any>;
type Fact = Record<string, unknown>;

let client: Client;
let watch: Promise<void>;
let stop: AbortController;
let goOn = () => {};
let mayTake = Promise.resolve();

function tell(fact: Fact): void {
  process.stdout.write(JSON.stringify(fact) + "\n");
}

async function execute(command: Command): Promise<Fact> {
  const { call_id: callId, user_data: userData } = command;
  switch (command.do) {
    case "connect": {
      client?.close();
      client = new Client(command.target, {
        credentials: command.token
          ? Credentials.bearer(command.token)
          : Credentials.basic(command.user, command.password),
        channel: command.ca ? channels.createSsl(readFileSync(command.ca)) : plaintext(),
      });
      return {};
    }
    case "sign_in":
      return { token: (await client.signIn()).accessToken };
    case "dial": {
      const { number: phoneNumber, record_handle: handle, request_id: requestId, timeout } = command;
      const target = handle ? { recordHandle: BigInt(handle), phoneNumber } : phoneNumber;
      const timeoutMs = timeout && timeout * 1_000;
      const answer = await client.dial(command.device, target, { userData, requestId, timeoutMs });
      return { call_id: answer.call!.id, resume_token: answer.resumeToken };
    }
    case "get_call": {
      const call = await client.getCall(callId);
      return { state: CallState[call.state], user_data: toObject(call.userData) };
    }
    case "list_calls":
      return { calls: (await client.listCalls()).map((call) => call.id) };
    case "answer":
      return (await client.answer(callId), {});
    case "hangup":
      return (await client.hangup(callId), {});
    case "hold":
      return (await client.hold(callId), {});
    case "retrieve":
      return (await client.retrieve(callId), {});
    case "initiate_transfer":
      return { call_id: await client.initiateTransfer(callId, command.number) };
    case "complete_transfer":
      return (await client.completeTransfer(callId), {});
    case "send_dtmf":
      return (await client.sendDtmf(callId, command.digits), {});
    case "attach_user_data":
      return (await client.attachUserData(callId, userData), {});
    case "update_user_data":
      return (await client.updateUserData(callId, userData), {});
    case "delete_user_data":
      return (await client.deleteUserData(callId), {});
    case "delete_user_data_pair":
      return (await client.deleteUserDataPair(callId, command.key), {});
    case "watch":
      stop = new AbortController();
      watch = follow(command, stop.signal);
      return {};
    case "pause":
      mayTake = new Promise((resolve) => (goOn = resolve));
      return {};
    case "go_on":
      goOn();
      return {};
    case "close":
      client.close();
      await watch;
      return {};
    case "stop":
      stop.abort();
      await watch;
      return {};
    default:
      throw new Error(`no such command: ${command.do}`);
  }
}

async function follow(command: Command, signal: AbortSignal): Promise<void> {
  const { calls: callIds, resume_token: resumeToken, heartbeat } = command;
  const options = { only: callIds && { callIds }, resumeToken, heartbeatMs: heartbeat && heartbeat * 1_000, signal };
  try {
    for await (const event of client.watch(options)) {
      tell(factOf(event));
      await mayTake;
    }
  } catch (error) {
    const isOver = signal.aborted || (error instanceof DialbridgeError && error.code === status.CANCELLED);
    if (!isOver) tell({ event: "ended", error: described(error) });
  }
}

function factOf(event: WatchEvent): Fact {
  switch (event.type) {
    case "replaced":
      return { event: event.type, calls: event.calls.map((call) => call.id), token: event.token };
    case "changed":
      return {
        event: event.type,
        call_id: event.call.id,
        device_id: event.call.deviceId,
        sequence: Number(event.call.sequence),
        position: Number(event.change.position),
        request_id: event.change.requestId,
        state: CallState[event.call.state],
        cause: ReleaseCause[event.call.releaseCause],
        token: event.token,
      };
    case "interrupted":
      return { event: event.type, error: described(event.error) };
    case "resumed":
      return { event: event.type };
  }
}

function described(error: unknown): Fact {
  if (!(error instanceof DialbridgeError)) throw error;
  return { code: status[error.code], reason: error.reasonName, metadata: error.metadata };
}

for await (const line of createInterface(process.stdin)) {
  const command: Command = JSON.parse(line);
  const answer = await execute(command).catch((error: unknown) => ({ error: described(error) }));
  tell({ ...answer, answer: command.do });
}
client!.close();
