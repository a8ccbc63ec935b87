// Frames: a 4-byte big-endian length, then that many bytes of JSON.

import { TooLarge, bare, fromJson, isRecord, toJson } from "./plain.mjs";

/** The largest frame in either direction, in bytes. The host has the same number. */
export const MAX_FRAME = 8 << 20;
const HEADER = 4;

/** @typedef {Record<string, unknown> & { t: string }} Frame */

/**
 * @param {Record<string, unknown>} frame its fields are plain data, see `toPlain`
 * @returns {Buffer}
 */
export function encode(frame) {
  const body = Buffer.from(toJson(bare(frame)), "utf8");
  if (body.length > MAX_FRAME) throw new TooLarge(`a frame of ${body.length} bytes is above the limit`);
  const bytes = Buffer.allocUnsafe(HEADER + body.length);
  bytes.writeUInt32BE(body.length, 0);
  body.copy(bytes, HEADER);
  return bytes;
}

/** Puts a byte stream together to frames. */
export class Decoder {
  /** @type {Buffer[]} */
  #chunks = [];
  #buffered = 0;

  /**
   * @param {Buffer} chunk
   * @returns {Frame[]} the frames that are now complete
   */
  push(chunk) {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    /** @type {Frame[]} */
    const frames = [];
    for (;;) {
      if (this.#buffered < HEADER) return frames;
      const length = this.#peekLength();
      if (length > MAX_FRAME) throw new RangeError(`a frame of ${length} bytes is above the limit`);
      if (this.#buffered < HEADER + length) return frames;
      const frame = fromJson(this.#take(HEADER + length).toString("utf8", HEADER));
      if (!isRecord(frame) || typeof frame["t"] !== "string") throw new TypeError("a frame without a type");
      frames.push(/** @type {Frame} */ (frame));
    }
  }

  #peekLength() {
    const first = this.#chunks[0];
    if (first && first.length >= HEADER) return first.readUInt32BE(0);
    this.#chunks = [Buffer.concat(this.#chunks)];
    return /** @type {Buffer} */ (this.#chunks[0]).readUInt32BE(0);
  }

  /** @param {number} length */
  #take(length) {
    const first = /** @type {Buffer} */ (this.#chunks[0]);
    const all = first.length >= length ? first : Buffer.concat(this.#chunks);
    const rest = first.length >= length ? this.#chunks.slice(1) : [];
    const tail = all.subarray(length);
    this.#chunks = tail.length > 0 ? [tail, ...rest] : rest;
    this.#buffered -= length;
    return all.subarray(0, length);
  }
}
