// The one connection to the host: frames over an inherited socket, host calls answered once.

import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { Socket } from "node:net";

import { Decoder, encode } from "./frames.mjs";
import { WorkerFailure } from "./failure.mjs";
import { isRecord, toPlain } from "./plain.mjs";

/** The descriptor the host leaves open for frames. */
export const CHANNEL_FD = 3;
/** Host calls under way at once; more is a plugin running wild. */
const MAX_PENDING = 4_096;

/**
 * Where plugin code is running: for which plugin (index in install order) and which execution.
 * `ended` says that the execution was cancelled; what goes on after a normal end runs on without
 * one.
 * @typedef {{ plugin: number, execution?: string | undefined, ended?: boolean }} Where
 */

/** Follows plugin code through its promises and timers. @type {AsyncLocalStorage<Where>} */
export const where = new AsyncLocalStorage();

/** The host said no. `tag` is the host's name for why. */
export class HostCallError extends Error {
  /** @param {string} tag @param {string} message */
  constructor(tag, message) {
    super(message);
    this.name = tag;
  }
}

export class Channel {
  #socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
  #decoder = new Decoder();
  #nextId = 1;
  #strays = 0;
  /** @type {Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>} */
  #pending = new Map();

  /** @param {(frame: import("./frames.mjs").Frame) => void} onFrame */
  listen(onFrame) {
    this.#socket.on("data", (chunk) => {
      for (const frame of this.#decoder.push(/** @type {Buffer} */ (chunk))) {
        if (frame.t === "reply") this.#settle(frame);
        else onFrame(frame);
      }
    });
    // Without a host there is nobody to work for.
    this.#socket.on("end", () => process.exit(0));
    this.#socket.on("error", () => process.exit(0));
  }

  /** @param {Record<string, unknown> & { t: string }} frame plain data */
  send(frame) {
    this.#socket.write(encode(frame));
  }

  /**
   * Last words, written at once because the process is about to end.
   * @param {Record<string, unknown> & { t: string }} frame plain data
   */
  sendNow(frame) {
    try {
      writeSync(CHANNEL_FD, encode(frame));
    } catch {
      // The host sees the process end all the same.
    }
  }

  /**
   * Asks the host.
   * @param {string} name the wire name of the call
   * @param {Record<string, unknown>} fields its fields, as plugin code gave them
   * @returns {Promise<unknown>}
   */
  call(name, fields) {
    const here = where.getStore();
    if (here?.ended) return Promise.reject(new WorkerFailure("ExecutionCancelled", `${name}: this execution was cancelled`));
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new WorkerFailure("TooManyHostCalls", `${name}: ${MAX_PENDING} host calls are under way`));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const plain = /** @type {Record<string, unknown>} */ (toPlain(fields));
      plain["call"] = name;
      this.#pending.set(id, { resolve, reject });
      try {
        this.send({ t: "call", id, plugin: here?.plugin ?? 0, execution: here?.execution ?? null, call: plain });
      } catch (error) {
        this.#pending.delete(id);
        throw error;
      }
    });
  }

  /** Answers that nobody waited for: late, doubled or unknown. */
  get strays() {
    return this.#strays;
  }

  /** @param {import("./frames.mjs").Frame} frame */
  #settle(frame) {
    const id = /** @type {number} */ (frame["id"]);
    const waiting = this.#pending.get(id);
    if (waiting === undefined) {
      this.#strays += 1;
      return;
    }
    this.#pending.delete(id);
    const error = frame["error"];
    if (isRecord(error)) waiting.reject(new HostCallError(String(error["tag"]), String(error["message"])));
    else waiting.resolve(frame["value"]);
  }
}
