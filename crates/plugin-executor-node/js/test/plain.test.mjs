import assert from "node:assert/strict";
import { test } from "node:test";

import { encode } from "../src/frames.mjs";
import { TooLarge, fromJson, neverSend, toJson, toPlain } from "../src/plain.mjs";

/** @param {unknown} value @param {unknown} expected */
const check = (value, expected) => assert.deepEqual(JSON.parse(toJson(toPlain(value))), expected);

test("what JSON cannot say gets a JSON form or is left out", () => {
  check({ a: 1n, b: NaN, c: Infinity, d: undefined, e: () => 1, f: Symbol("x") }, { a: "1", b: null, c: null });
  check([undefined, () => 1, 2], [null, null, 2]);
  check(new Map([["k", new Set([1])]]), { k: [1] });
  check({ at: new Date(0), never: new Date(NaN) }, { at: "1970-01-01T00:00:00.000Z", never: null });
  check(new TypeError("no"), { name: "TypeError", message: "no" });
  check({ v: new Float32Array([0.5, 2]), b: Buffer.from("hi") }, { v: [0.5, 2], b: "aGk=" });
  check(new URL("http://a.example/"), "http://a.example/");
});

test("cycles end, shared values stay", () => {
  /** @type {Record<string, unknown>} */
  const cycle = { n: 1 };
  cycle["self"] = cycle;
  check(cycle, { n: 1 });
  const shared = { x: 1 };
  check([shared, shared], [{ x: 1 }, { x: 1 }]);
});

test("getters that throw cost only themselves", () => {
  check(Object.defineProperty({ a: 1 }, "b", { enumerable: true, get: () => assert.fail() }), { a: 1 });
});

test("prototype keys and host objects never cross", () => {
  check(JSON.parse('{"__proto__":{"admin":true},"a":1}'), { a: 1 });
  assert.deepEqual(Object.keys(/** @type {object} */ (fromJson('{"__proto__":{"x":1},"b":2}'))), ["b"]);
  const runtime = { secret: 1 };
  neverSend(runtime);
  check({ runtime, a: 1 }, { a: 1 });
});

test("a polluted prototype changes nothing of what is sent", () => {
  Object.defineProperty(Object.prototype, "toJSON", { configurable: true, value: () => "forged" });
  try {
    assert.equal(toJson(toPlain({ a: [1] })), '{"a":[1]}');
    assert.equal(encode({ t: "x", a: toPlain([1]) }).toString("utf8", 4), '{"t":"x","a":[1]}');
  } finally {
    delete (/** @type {any} */ (Object.prototype)["toJSON"]);
  }
});

test("bounds hold before memory is spent", () => {
  const bounds = { maxBytes: 1000, maxDepth: 4, maxNodes: 50 };
  for (const value of [
    "x".repeat(1001),
    Buffer.alloc(2000),
    new Array(51).fill(1),
    new Float64Array(51),
    [[[[[1]]]]],
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [i, 1])),
  ]) {
    assert.throws(() => toPlain(value, bounds), TooLarge);
  }
});
