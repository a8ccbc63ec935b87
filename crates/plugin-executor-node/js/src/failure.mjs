// Errors as data: what the host is told when plugin code, or a load, fails.

import { bare, clip } from "./plain.mjs";

/** @typedef {{ name: string, message: string, stack?: string }} Failure */

const MESSAGE_LIMIT = 4_000;
const STACK_LIMIT = 8_000;

/** A failure that the worker itself finds, with a name the host can rely on. */
export class WorkerFailure extends Error {
  /**
   * @param {string} name
   * @param {string} message
   */
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/**
 * What was thrown, bounded. Anything can be thrown, also values whose getters throw.
 * @param {unknown} thrown
 * @returns {Failure}
 */
export function describeFailure(thrown) {
  try {
    if (thrown instanceof Error || (typeof thrown === "object" && thrown !== null && "message" in thrown)) {
      const error = /** @type {{ name?: unknown, message?: unknown, stack?: unknown, code?: unknown }} */ (thrown);
      /** @type {Failure} */
      const failure = bare({
        name: clip(typeof error.name === "string" && error.name !== "" ? error.name : "Error", 200),
        message: clip(error.message ?? "", MESSAGE_LIMIT),
      });
      // What the worker itself finds needs no stack.
      if (typeof error.stack === "string" && !(thrown instanceof WorkerFailure)) {
        failure.stack = clip(error.stack, STACK_LIMIT);
      }
      return failure;
    }
    return bare({ name: "Thrown", message: clip(thrown, MESSAGE_LIMIT) });
  } catch {
    return bare({ name: "Thrown", message: "(a value that cannot be read)" });
  }
}
