import { Metadata, status } from "@grpc/grpc-js";

import { ErrorReason } from "./gen/dialbridge/v1/error_reason.js";
import { ErrorInfo, RequestInfo, RetryInfo } from "./gen/google/rpc/error_details.js";
import { Status } from "./gen/google/rpc/status.js";

const DETAILS = "grpc-status-details-bin";
const DOMAIN = "dialbridge";
const TYPES = "type.googleapis.com/google.rpc.";

/** What an error says besides its code and its text. */
export interface Facts {
  reason?: ErrorReason;
  metadata?: Readonly<Record<string, string>>;
  retryAfterMs?: number;
  requestId?: string;
}

/** A request that was answered with an error, or not answered. */
export class DialbridgeError extends Error {
  override readonly name = "DialbridgeError";
  /** Unspecified where no dialbridge answered, or one that knows more reasons than this client. */
  readonly reason: ErrorReason;
  /** The facts that `ErrorReason` documents for the reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds after which trying again makes sense; undefined where the server does not say. */
  readonly retryAfterMs: number | undefined;
  /** What the server's log has the error under. */
  readonly requestId: string;

  constructor(
    /** The gRPC status code. */
    readonly code: status,
    /** A sentence for people. */
    readonly text: string,
    facts: Facts = {},
  ) {
    super(`${reasonName(facts.reason) || status[code]}: ${text}`);
    this.reason = facts.reason ?? ErrorReason.ERROR_REASON_UNSPECIFIED;
    this.metadata = facts.metadata ?? {};
    this.retryAfterMs = facts.retryAfterMs;
    this.requestId = facts.requestId ?? "";
  }

  /** The name of the reason without its prefix, such as `DEVICE_BUSY`; empty where it is unspecified. */
  get reasonName(): string {
    return reasonName(this.reason);
  }

  /** What gRPC's error says. */
  static of(error: unknown): DialbridgeError {
    if (error instanceof DialbridgeError) return error;
    const { code, details, metadata } = error as { code?: status; details?: string; metadata?: Metadata };
    if (typeof code !== "number") return new DialbridgeError(status.UNKNOWN, String(error));
    return new DialbridgeError(code, details || status[code], factsOf(metadata));
  }
}

function reasonName(reason: ErrorReason | undefined): string {
  return reason ? ErrorReason[reason].slice("ERROR_REASON_".length) : "";
}

function factsOf(metadata: Metadata | undefined): Facts {
  const facts: Facts = {};
  for (const { typeUrl, value } of detailsOf(metadata)) {
    if (typeUrl === `${TYPES}ErrorInfo`) {
      const info = ErrorInfo.decode(value);
      if (info.domain !== DOMAIN) continue;
      const name = `ERROR_REASON_${info.reason}` as keyof typeof ErrorReason;
      facts.reason = ErrorReason[name] ?? ErrorReason.ERROR_REASON_UNSPECIFIED;
      facts.metadata = info.metadata;
    } else if (typeUrl === `${TYPES}RetryInfo`) {
      const delay = RetryInfo.decode(value).retryDelay;
      facts.retryAfterMs = Number(delay?.seconds ?? 0n) * 1_000 + (delay?.nanos ?? 0) / 1_000_000;
    } else if (typeUrl === `${TYPES}RequestInfo`) {
      facts.requestId = RequestInfo.decode(value).requestId;
    }
  }
  return facts;
}

function detailsOf(metadata: Metadata | undefined): Status["details"] {
  const [encoded] = metadata?.get(DETAILS) ?? [];
  if (!Buffer.isBuffer(encoded)) return [];
  try {
    return Status.decode(encoded).details;
  } catch {
    return []; // whatever stands between client and server wrote it, it was not the server
  }
}
