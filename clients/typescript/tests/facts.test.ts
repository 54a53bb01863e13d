import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Credentials, DialbridgeError, ErrorReason, type Plain, status, toPairs, toUserData } from "dialbridge";
import { Metadata } from "@grpc/grpc-js";

import { ErrorInfo, RequestInfo, RetryInfo } from "../src/gen/google/rpc/error_details.js";
import { Status } from "../src/gen/google/rpc/status.js";

function failed(domain: string): DialbridgeError {
  const detail = (name: string, bytes: Uint8Array) => ({ typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(bytes) });
  const details = [
    detail("ErrorInfo", ErrorInfo.encode({ domain, reason: "OVERLOADED", metadata: { limit: "calls" } }).finish()),
    detail("RetryInfo", RetryInfo.encode({ retryDelay: { seconds: 3n, nanos: 500_000_000 } }).finish()),
    detail("RequestInfo", RequestInfo.encode({ requestId: "r1", servingData: "" }).finish()),
  ];
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code: 8, message: "", details }).finish()));
  return DialbridgeError.of({ code: status.RESOURCE_EXHAUSTED, details: "too many", metadata });
}

test("an error has everything that the server said", () => {
  const error = failed("dialbridge");
  assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  assert.equal(error.reason, ErrorReason.ERROR_REASON_OVERLOADED);
  assert.deepEqual(error.metadata, { limit: "calls" });
  assert.equal(error.retryAfterMs, 3_500);
  assert.equal(error.requestId, "r1");
  assert.equal(error.message, "OVERLOADED: too many");
});

test("a reason of somebody else is none", () => {
  assert.equal(failed("proxy").reason, ErrorReason.ERROR_REASON_UNSPECIFIED);
  assert.equal(failed("proxy").message, "RESOURCE_EXHAUSTED: too many");
});

test("credentials do not show their secret", () => {
  const ann = Credentials.basic("ann", "secret");
  assert.deepEqual(ann.metadata.get("authorization"), ["Basic YW5uOnNlY3JldA=="]);
  assert.doesNotMatch(inspect(ann, { showHidden: true }) + JSON.stringify(ann), /secret|YW5u/);
});

test("user data keeps order, kind and repeated keys", () => {
  const pairs: [string, Plain][] = [
    ["tier", "gold"],
    ["tier", null],
    ["n", 2 ** 53 - 1],
    ["big", 2n ** 62n],
    ["huge", 2n ** 80n],
    ["x", 1.5],
    ["yes", true],
    ["list", ["a", 2]],
    ["nested", { k: "v" }],
  ];
  assert.deepEqual(toPairs(toUserData(pairs)), pairs);
  assert.throws(() => toUserData({ when: undefined as unknown as Plain }), TypeError);
});
