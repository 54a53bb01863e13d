import type { UserData, Value } from "./gen/dialbridge/v1/user_data.js";

/** A value of user data. An integer that a number cannot hold exactly is a bigint. */
export type Plain = string | number | bigint | boolean | null | Plain[] | { [key: string]: Plain };

/** An object, or pairs where a key stands more than once. */
export type Pairs = Readonly<Record<string, Plain>> | Iterable<readonly [string, Plain]>;

const INT64 = 2n ** 63n;

/** Pairs as the contract has them, in their order. Throws TypeError for what cannot be said. */
export function toUserData(pairs: Pairs): UserData {
  const items = Symbol.iterator in pairs ? (pairs as Iterable<readonly [string, Plain]>) : Object.entries(pairs);
  return { pairs: Array.from(items, ([key, value]) => ({ key, value: valueOf(value) })) };
}

/** The pairs in order, repeated keys included. */
export function toPairs(data: UserData | undefined): [string, Plain][] {
  return (data?.pairs ?? []).map(({ key, value }) => [key, plain(value)]);
}

/** The pairs as an object; of a repeated key the last value. */
export function toObject(data: UserData | undefined): Record<string, Plain> {
  return Object.fromEntries(toPairs(data));
}

function valueOf(value: Plain): Value {
  switch (typeof value) {
    case "string":
      return { kind: { $case: "stringValue", value } };
    case "boolean":
      return { kind: { $case: "boolValue", value } };
    case "number":
      if (Number.isSafeInteger(value)) return { kind: { $case: "intValue", value: BigInt(value) } };
      return { kind: { $case: "doubleValue", value } };
    case "bigint":
      if (-INT64 <= value && value < INT64) return { kind: { $case: "intValue", value } };
      return { kind: { $case: "numberLiteral", value: value.toString() } };
    case "object":
      if (value === null) return { kind: undefined };
      if (Array.isArray(value)) return { kind: { $case: "listValue", value: { values: value.map(valueOf) } } };
      return { kind: { $case: "pairsValue", value: toUserData(value) } };
    default:
      throw new TypeError(`user data cannot hold ${typeof value}; it holds text, numbers, truth, arrays, objects`);
  }
}

function plain(value: Value | undefined): Plain {
  const kind = value?.kind;
  if (!kind) return null;
  switch (kind.$case) {
    case "intValue":
      return Number.isSafeInteger(Number(kind.value))
        ? Number(kind.value)
        : kind.value;
    case "numberLiteral":
      return /^-?\d+$/.test(kind.value) ? BigInt(kind.value) : Number(kind.value);
    case "listValue":
      return kind.value.values.map(plain);
    case "pairsValue":
      return toObject(kind.value);
    default:
      return kind.value;
  }
}
