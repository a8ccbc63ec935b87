// The logger that plugins see as `runtime.logger`: lines to the host.

import { clip, isRecord, toJson, toPlain } from "./plain.mjs";

const LINE_LIMIT = 8_192;
const FIELD_BOUNDS = Object.freeze({ maxBytes: 4_096, maxDepth: 6, maxNodes: 400 });
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "success", "progress", "log"];

/** @typedef {Record<string, (...args: unknown[]) => void>} Logger */

/**
 * elizaOS's logger takes `(fields, text)` or `(text, ...more)`.
 * @param {(level: string, text: string) => void} write
 * @returns {Logger}
 */
export function makeLogger(write) {
  /** @type {Logger} */
  const logger = {};
  for (const level of LEVELS) {
    logger[level] = (...args) => {
      try {
        write(level, clip(args.map(wording).join(" "), LINE_LIMIT));
      } catch {
        // A line that cannot be written is no reason to fail the code that logs it.
      }
    };
  }
  logger["child"] = () => /** @type {any} */ (logger);
  logger["clear"] = () => {};
  return logger;
}

/** @param {unknown} value @returns {string} */
function wording(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (!isRecord(value) && !Array.isArray(value)) return String(value);
  try {
    return toJson(toPlain(value, FIELD_BOUNDS));
  } catch {
    return "(too large)";
  }
}
