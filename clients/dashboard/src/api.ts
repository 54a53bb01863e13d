/** The bridge's REST interface as one signed-in person uses it. */

import { isObject, parseJson, writeJson, type Json, type JsonObject } from "./exact_json";

/** Milliseconds that an answer may take; a little more than the bridge gives the server. */
const ANSWER_WITHIN = 40_000;
const NOT_AUTHENTICATED = 20;
const CSRF_MISSING = 3;
/** The one request that has credentials. */
const SIGNING_IN = "me?subresources=devices,features";

/** An answer that says no, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  get signedOut(): boolean {
    return this.status === 403 && this.code === NOT_AUTHENTICATED;
  }

  /** Whether nobody knows if it was done. */
  get outcomeUnknown(): boolean {
    return this.status === 0 || this.status === 504;
  }
}

export interface Device {
  id: string;
  number: string;
  registered: boolean;
  inSession: boolean;
}

export interface User {
  userName: string;
  name: string;
  isAgent: boolean;
  isSupervisor: boolean;
  devices: Device[];
  features: string[];
}

export class Api {
  /**
   * Kept in memory for as long as the page is open, and nowhere else: a server that was restarted has forgotten its
   * sessions, and a person who watches calls should not have to sign in again because of that.
   */
  #authorization = "";
  #csrf: Record<string, string> = {};

  async signIn(userName: string, password: string): Promise<User> {
    this.#authorization = basic(userName, password);
    try {
      return await this.me();
    } catch (error) {
      this.#authorization = "";
      throw error;
    }
  }

  async me(): Promise<User> {
    return userFrom((await this.#ask("GET", SIGNING_IN)).user);
  }

  /** Ends the contact centre session and this one. */
  async signOut(): Promise<void> {
    try {
      await this.#ask("POST", "me", { operationName: "EndContactCenterSession" });
    } finally {
      this.#authorization = "";
      this.#csrf = {};
    }
  }

  async startSession(): Promise<void> {
    await this.#ask("POST", "me", { operationName: "StartContactCenterSession", channels: ["voice"] });
  }

  /** Dials once, however often it is asked with the same `key`. */
  async dial(deviceId: string, target: JsonObject, key: string): Promise<void> {
    const path = `me/devices/${encodeURIComponent(deviceId)}/calls`;
    await this.#ask("POST", path, { operationName: "Dial", ...target }, { "Idempotency-Key": key });
  }

  async operate(callId: string, operation: string, parameters: JsonObject = {}): Promise<void> {
    await this.#ask("POST", `me/calls/${encodeURIComponent(callId)}`, { operationName: operation, ...parameters });
  }

  /** The open stream of changes from `token` on. */
  async events(token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = token ? { "Last-Event-ID": token } : {};
    return await this.#send("events", { headers, signal, cache: "no-store" });
  }

  async #ask(method: string, path: string, body?: JsonObject, headers: Record<string, string> = {}): Promise<JsonObject> {
    const init: RequestInit & { headers: Record<string, string> } = {
      method,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      signal: AbortSignal.timeout(ANSWER_WITHIN),
      ...(body && { body: writeJson(body) }),
    };
    return objectFrom(await (await this.#send(path, init)).text());
  }

  async #send(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const unsafe = init.method === "POST";
    let response = await this.#fetch(path, init.headers, init, unsafe);
    if (response.status === 403 && this.#authorization && !path.startsWith(SIGNING_IN)) {
      const error = await errorFrom(response.clone());
      // Both mean that nothing was done: the session is over, or its token belongs to another one.
      if (error.code === NOT_AUTHENTICATED || (unsafe && error.code === CSRF_MISSING)) {
        await this.#fetch(SIGNING_IN, {}, {}, false);
        response = await this.#fetch(path, init.headers, init, unsafe);
      }
    }
    if (!response.ok) throw await errorFrom(response);
    return response;
  }

  async #fetch(path: string, headers: Record<string, string>, init: RequestInit, unsafe: boolean): Promise<Response> {
    const sent = new Headers({ ...headers, ...(unsafe && this.#csrf) });
    if (path.startsWith(SIGNING_IN) && this.#authorization) sent.set("Authorization", this.#authorization);
    let response: Response;
    try {
      response = await fetch(`api/v2/${path}`, { ...init, headers: sent, credentials: "same-origin" });
    } catch (error) {
      if (init.signal?.aborted && !(init.signal.reason instanceof DOMException && init.signal.reason.name === "TimeoutError"))
        throw error;
      throw new ApiError(0, 0, "The server cannot be reached.");
    }
    const name = response.headers.get("X-CSRF-HEADER");
    const token = response.headers.get("X-CSRF-TOKEN");
    if (name && token) this.#csrf = { [name]: token };
    return response;
  }
}

/** A key that nobody else has. */
export function newKey(): string {
  // Not crypto.randomUUID, which pages that came over plain http do not have.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function basic(userName: string, password: string): string {
  const bytes = new TextEncoder().encode(`${userName}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

async function errorFrom(response: Response): Promise<ApiError> {
  const body = objectFrom(await response.text().catch(() => ""));
  const message = typeof body.statusMessage === "string" ? body.statusMessage : `The server answered ${response.status}.`;
  const retry = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(response.status, Number(body.statusCode ?? 0), message, Number.isNaN(retry) ? null : retry);
}

function objectFrom(text: string): JsonObject {
  try {
    const parsed = parseJson(text);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function userFrom(json: Json | undefined): User {
  const user = isObject(json) ? json : {};
  const roles = Array.isArray(user.roles) ? user.roles : [];
  const name = `${user.firstName ?? ""} ${user.lastName ?? ""}`.trim();
  return {
    userName: String(user.userName ?? ""),
    name: name || String(user.userName ?? ""),
    isAgent: roles.includes("ROLE_AGENT"),
    isSupervisor: roles.includes("ROLE_SUPERVISOR"),
    devices: (Array.isArray(user.devices) ? user.devices : []).filter(isObject).map((device) => ({
      id: String(device.id ?? ""),
      number: String(device.phoneNumber ?? ""),
      registered: device.deviceState === "Active",
      inSession: isObject(device.userState),
    })),
    features: (Array.isArray(user.features) ? user.features : []).filter(isObject).map((feature) => String(feature.id)),
  };
}
