/** JSON whose integers keep their digits: those beyond 2^53 are read and written as bigint. */

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

const LONG_NUMBER = /[:[,\s]-?\d{16,}/;

type SourceReviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

/** Parses JSON. In a browser that does not tell a reviver the source text, long integers are rounded. */
export function parseJson(text: string): Json {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json;
  const exact: SourceReviver = (_key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? 0)
      : value;
  return JSON.parse(text, exact) as Json;
}

/** Writes JSON without spaces, or readable with `indent`. */
export function writeJson(value: Json, indent = ""): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = indent && `${indent}  `;
  const separator = indent ? `,${inner}` : ",";
  if (Array.isArray(value)) {
    return value.length ? `[${inner}${value.map((each) => writeJson(each, inner)).join(separator)}${indent}]` : "[]";
  }
  const members = Object.entries(value).map(
    ([key, each]) => `${JSON.stringify(key)}:${indent && " "}${writeJson(each, inner)}`,
  );
  return members.length ? `{${inner}${members.join(separator)}${indent}}` : "{}";
}

export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
