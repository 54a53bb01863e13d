/** Calls as the page knows them, made from what the bridge tells. */

import { isObject, type Json, type JsonObject } from "./exact_json";

/** One device's view of a call. Never modified: a change makes another one. */
export interface Call {
  /** (id, deviceId) as one text. */
  readonly key: string;
  readonly id: string;
  readonly deviceId: string;
  readonly deviceNumber: string;
  readonly userName: string;
  /** A word of the legacy API, or whatever a switch said. */
  readonly state: string;
  readonly callType: string;
  /** The other party. */
  readonly number: string;
  readonly campaign: string;
  readonly recordHandle: string;
  readonly capabilities: readonly string[];
  readonly userData: JsonObject;
  readonly muted: boolean;
  readonly recording: string;
  readonly sequence: number;
  /** Milliseconds since the epoch, of the server's clock; null: has not happened. */
  readonly created: number;
  readonly established: number | null;
  readonly released: number | null;
  readonly cause: string;
  readonly upstreamCause: string;
}

export interface Change {
  readonly kind: string;
  readonly call: Call;
  /** Empty on the first change of a call. */
  readonly previousState: string;
  readonly at: number;
  readonly digits: string;
}

export const LIVE_STATES = ["Dialing", "Ringing", "Established", "Held"] as const;
export const RELEASED = "Released";

export function callFrom(json: Json | undefined): Call {
  const call = isObject(json) ? json : {};
  const id = text(call.id);
  const deviceId = text(call.deviceId);
  const parties = Array.isArray(call.participants) ? call.participants.filter(isObject) : [];
  const number = parties.map((party) => text(party.formattedPhoneNumber) || text(party.phoneNumber)).join(", ");
  return {
    key: `${id} ${deviceId}`,
    id,
    deviceId,
    deviceNumber: text(call.deviceNumber),
    userName: text(call.userName),
    state: text(call.state),
    callType: text(call.callType),
    number: number || text(call.dnis) || text(call.ani),
    campaign: text(call.campaignName),
    recordHandle: call.recordHandle === undefined ? "" : String(call.recordHandle),
    capabilities: Array.isArray(call.capabilities) ? call.capabilities.map(text) : [],
    userData: isObject(call.userData) ? call.userData : {},
    muted: call.mute === "On",
    recording: text(call.recordingState),
    sequence: Number(call.sequence ?? 0),
    created: moment(call.createTime) ?? 0,
    established: moment(call.establishTime),
    released: moment(call.releaseTime),
    cause: text(call.releaseCause),
    upstreamCause: text(call.upstreamCause),
  };
}

export function changeFrom(json: Json): Change {
  const change = isObject(json) ? json : {};
  return {
    kind: text(change.notificationType),
    call: callFrom(change.call),
    previousState: text(change.previousState),
    at: moment(change.eventTime) ?? 0,
    digits: text(change.dtmfDigits),
  };
}

export function isOver(call: Call): boolean {
  return call.state === RELEASED;
}

export function moment(value: Json | undefined): number | null {
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
