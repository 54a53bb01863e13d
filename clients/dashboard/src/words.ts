/** What the page calls things: one table for each kind of word that the server has. */

import type { Call } from "./calls";
import { spoken } from "./durations";

const CAUSES: Record<string, string> = {
  LocalHangup: "Agent hung up",
  RemoteHangup: "Other party hung up",
  Busy: "Busy",
  NoAnswer: "No answer",
  Rejected: "Rejected",
  InvalidNumber: "No such number",
  NetworkFailure: "Network failure",
  Transferred: "Transferred",
  Lost: "Lost",
  Unknown: "Reason not known",
};

/** What happened, as an agent is told it. */
const SENTENCES: Record<string, string> = {
  LocalHangup: "You hung up.",
  RemoteHangup: "The other party hung up.",
  Busy: "The line is busy. Try again later.",
  NoAnswer: "Nobody answered.",
  Rejected: "The other party declined the call.",
  InvalidNumber: "There is no such number. Check it and dial again.",
  NetworkFailure: "The network failed. Try again.",
  Transferred: "The call was transferred.",
  Lost: "The call was lost in an outage of the telephone system.",
};

export function causeWord(cause: string): string {
  return CAUSES[cause || "Unknown"] ?? cause;
}

export function causeSentence(cause: string): string {
  return SENTENCES[cause] ?? "The call ended.";
}

const OPERATIONS: Record<string, string> = {
  Answer: "Answer",
  Hangup: "Hang up",
  Hold: "Hold",
  Retrieve: "Retrieve",
  MuteCall: "Mute",
  UnmuteCall: "Unmute",
  CompleteTransfer: "Complete transfer",
  CompleteConference: "Join calls",
  ClearCall: "End for all",
  StartCallRecording: "Record",
  PauseCallRecording: "Pause recording",
  ResumeCallRecording: "Resume recording",
  StopCallRecording: "Stop recording",
  MuteMonitoredUser: "Mute agent",
  UnmuteMonitoredUser: "Unmute agent",
  SwitchToListenIn: "Listen in",
  SwitchToCoach: "Coach",
  SwitchToBargeIn: "Barge in",
};

/** The operations that need nothing but a press, in the order of their buttons. */
export const PLAIN_OPERATIONS = Object.keys(OPERATIONS);

export function operationWord(operation: string): string {
  return OPERATIONS[operation] ?? operation;
}

/** What has become of a call so far. */
export function resultOf(call: Call): string {
  if (call.released !== null || call.state === "Released") return causeWord(call.cause);
  if (call.established !== null) {
    return call.callType === "Inbound" ? "Answered" : `Answered in ${spoken(call.established - call.created)}`;
  }
  return call.state === "Ringing" ? "Waiting for the agent" : "Waiting for an answer";
}

/** The tone in which a state or a result is shown. */
export type Tone = "dialing" | "ringing" | "established" | "held" | "good" | "bad" | "neutral";

export function toneOf(call: Call): Tone {
  switch (call.state) {
    case "Dialing":
      return "dialing";
    case "Ringing":
      return "ringing";
    case "Established":
      return "established";
    case "Held":
      return "held";
    case "Released":
      return call.established !== null ? "good" : "bad";
    default:
      return "neutral";
  }
}
