import { expect, test } from "vitest";
import { writeJson, type Json } from "../src/exact_json";

test("integers beyond 2^53 are written with all their digits", () => {
  expect(writeJson({ recordHandle: 9007199254740993n, list: [1, "a", null, true] })).toBe(
    '{"recordHandle":9007199254740993,"list":[1,"a",null,true]}',
  );
});

test.each<Json>([{}, [], "", 'a "quoted" \n text', 1.5, -0.25, { a: { b: [{ c: null }] } }])("%j is written as JSON", (value) => {
  expect(JSON.parse(writeJson(value))).toEqual(value);
});
