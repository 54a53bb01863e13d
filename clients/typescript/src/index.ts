/** Dials, watches and controls the calls of a dialbridge server. */
export { ANSWER_WITHIN_MS, Client, type ClientOptions, DIAL_WITHIN_MS, type DialOptions, plaintext, type WatchOptions } from "./client.js";
export { Credentials } from "./credentials.js";
export { DialbridgeError } from "./errors.js";
export { type Pairs, type Plain, toObject, toPairs, toUserData } from "./user_data.js";
export type { WatchEvent } from "./watch.js";
export { Call, CallState, CallType, Capability, Party, RecordingState, ReleaseCause } from "./gen/dialbridge/v1/call.js";
export { CallFilter, DialResponse } from "./gen/dialbridge/v1/call_service.js";
export { ErrorReason } from "./gen/dialbridge/v1/error_reason.js";
export { OutboundRecord } from "./gen/dialbridge/v1/outbound_record.js";
export { NotificationType, StatusChange } from "./gen/dialbridge/v1/status_change.js";
export { UserData, Value } from "./gen/dialbridge/v1/user_data.js";
export { status } from "@grpc/grpc-js";
