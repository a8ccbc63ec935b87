import assert from "node:assert/strict";
import { test } from "node:test";

import { Decoder, MAX_FRAME, encode } from "../src/frames.mjs";

const frames = [{ t: "a" }, { t: "b", text: "é".repeat(500) }, { t: "c", n: 1 }];

test("frames survive any cut of the stream", () => {
  const bytes = Buffer.concat(frames.map(encode));
  for (const size of [1, 2, 3, 5, 7, 100, 1024, bytes.length]) {
    const decoder = new Decoder();
    const seen = [];
    for (let i = 0; i < bytes.length; i += size) seen.push(...decoder.push(bytes.subarray(i, i + size)));
    assert.deepEqual(seen, frames, `cut every ${size} bytes`);
  }
});

test("a length above the limit is refused before the bytes arrive", () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(MAX_FRAME + 1);
  assert.throws(() => new Decoder().push(header), RangeError);
  assert.throws(() => encode({ t: "x", text: "x".repeat(MAX_FRAME) }));
});

test("what is no frame is refused", () => {
  for (const text of ["[]", "null", "{}", '{"t":1}', "nonsense"]) {
    const body = Buffer.from(text);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(body.length);
    assert.throws(() => new Decoder().push(Buffer.concat([header, body])));
  }
});
