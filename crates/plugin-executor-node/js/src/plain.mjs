// From whatever plugin code hands over to plain JSON, within bounds.
//
// Everything that leaves the worker goes through `toPlain`. The copy has no prototypes, so that a
// plugin that pollutes `Object.prototype` (or adds `toJSON` to it) changes nothing of what is sent.

/** @typedef {{ maxBytes: number, maxDepth: number, maxNodes: number }} Bounds */

/** @type {Readonly<Bounds>} */
export const DEFAULT_BOUNDS = Object.freeze({ maxBytes: 6 << 20, maxDepth: 64, maxNodes: 500_000 });

const stringify = JSON.stringify;
const parse = JSON.parse;
const ownKeys = Object.keys;
const setPrototype = Object.setPrototypeOf;
const isArray = Array.isArray;
const byteLength = Buffer.byteLength;

/** Too large, too deep or too many values. */
export class TooLarge extends Error {
  /** @param {string} what */
  constructor(what) {
    super(what);
    this.name = "OutputTooLarge";
  }
}

/** Objects that stand for the host and never cross as data. @type {WeakSet<object>} */
const hostObjects = new WeakSet();

/** @param {object} object */
export function neverSend(object) {
  hostObjects.add(object);
}

/**
 * A copy of `value` that is plain JSON: cycles, functions, symbols, `undefined`, the runtime and
 * getters that throw are left out; BigInt, Date, Map, Set, errors and bytes get a JSON form; NaN
 * and infinities become `null`; `__proto__` keys are dropped.
 *
 * @param {unknown} value
 * @param {Bounds} [bounds]
 * @returns {unknown} `undefined` where nothing is left
 */
export function toPlain(value, bounds = DEFAULT_BOUNDS) {
  let bytes = 0;
  let nodes = 0;
  /** @type {Set<object>} */
  const path = new Set();

  /** @param {number} n */
  const spend = (n) => {
    bytes += n;
    if (bytes > bounds.maxBytes) throw new TooLarge(`more than ${bounds.maxBytes} bytes of JSON`);
  };

  /** @param {unknown} it @param {number} depth @returns {unknown} */
  const copy = (it, depth) => {
    nodes += 1;
    if (nodes > bounds.maxNodes) throw new TooLarge(`more than ${bounds.maxNodes} values`);
    switch (typeof it) {
      case "string":
        // A cheap lower bound first: a huge string is refused before its bytes are counted.
        if (it.length > bounds.maxBytes) throw new TooLarge(`more than ${bounds.maxBytes} bytes of JSON`);
        spend(byteLength(it) + 2);
        return it;
      case "number":
        spend(8);
        return Number.isFinite(it) ? it : null;
      case "boolean":
        spend(5);
        return it;
      case "bigint":
        return copy(it.toString(), depth);
      case "undefined":
      case "function":
      case "symbol":
        return undefined;
      default:
        break;
    }
    if (it === null) {
      spend(4);
      return null;
    }
    const object = /** @type {object} */ (it);
    if (hostObjects.has(object) || path.has(object)) return undefined;
    if (depth >= bounds.maxDepth) throw new TooLarge(`nested deeper than ${bounds.maxDepth} levels`);
    path.add(object);
    try {
      return copyObject(object, depth);
    } finally {
      path.delete(object);
    }
  };

  /** @param {object} object @param {number} depth @returns {unknown} */
  const copyObject = (object, depth) => {
    spend(2);
    if (isArray(object)) return copyItems(object.length, (i) => object[i], depth);
    if (object instanceof Date) return Number.isNaN(object.getTime()) ? null : object.toISOString();
    if (object instanceof Error) return copyError(object, depth);
    if (object instanceof Uint8Array || object instanceof ArrayBuffer || object instanceof DataView) {
      return copy(bytesOf(object, bounds.maxBytes).toString("base64"), depth);
    }
    if (ArrayBuffer.isView(object)) {
      const list = /** @type {ArrayLike<number>} */ (/** @type {unknown} */ (object));
      return copyItems(list.length, (i) => list[i], depth);
    }
    if (object instanceof Map) {
      return copyEntries([...object.entries()].map(([k, v]) => [String(k), v]), depth);
    }
    if (object instanceof Set) {
      const items = [...object];
      return copyItems(items.length, (i) => items[i], depth);
    }
    const custom = read(object, "toJSON");
    // One that every object has is pollution, not this object's own wish.
    if (typeof custom === "function" && custom !== read(Object.prototype, "toJSON")) {
      const own = custom.call(object, "");
      return own === object ? undefined : copy(own, depth + 1);
    }
    return copyEntries(ownKeys(object).map((key) => [key, read(object, key)]), depth);
  };

  /** @param {number} length @param {(i: number) => unknown} at @param {number} depth */
  const copyItems = (length, at, depth) => {
    if (length > bounds.maxNodes) throw new TooLarge(`more than ${bounds.maxNodes} values`);
    /** @type {unknown[]} */
    const items = [];
    for (let i = 0; i < length; i += 1) {
      const item = copy(at(i), depth + 1);
      items[i] = item === undefined ? null : item;
    }
    return setPrototype(items, null);
  };

  /** @param {[string, unknown][]} entries @param {number} depth */
  const copyEntries = (entries, depth) => {
    /** @type {Record<string, unknown>} */
    const plain = Object.create(null);
    for (const [key, item] of entries) {
      if (key === "__proto__") continue;
      const kept = copy(item, depth + 1);
      if (kept === undefined) continue;
      spend(byteLength(key) + 4);
      plain[key] = kept;
    }
    return plain;
  };

  /** @param {Error} error @param {number} depth */
  const copyError = (error, depth) =>
    copyEntries([["name", read(error, "name")], ["message", read(error, "message")]], depth);

  return copy(value, 0);
}

/** @param {object} object @param {string} key @returns {unknown} */
function read(object, key) {
  try {
    return /** @type {Record<string, unknown>} */ (object)[key];
  } catch {
    return undefined;
  }
}

/** @param {Uint8Array | ArrayBuffer | DataView} bytes @param {number} limit */
function bytesOf(bytes, limit) {
  if (bytes.byteLength > limit) throw new TooLarge(`more than ${limit} bytes of JSON`);
  return bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The same record without a prototype; not deep.
 * @template {object} T
 * @param {T} record made by the worker itself
 * @returns {T}
 */
export function bare(record) {
  return Object.assign(Object.create(null), record);
}

/**
 * JSON text of a plain value.
 * @param {unknown} plain made by `toPlain` or by the worker itself
 * @returns {string}
 */
export function toJson(plain) {
  return stringify(plain === undefined ? null : plain);
}

/**
 * A value from JSON text, without any `__proto__` key.
 * @param {string} text
 * @returns {unknown}
 */
export function fromJson(text) {
  return text.includes("__proto__")
    ? parse(text, function (key, value) {
        return key === "__proto__" ? undefined : value;
      })
    : parse(text);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isRecord(value) {
  return typeof value === "object" && value !== null && !isArray(value);
}

/** Text cut to a length. @param {unknown} value @param {number} limit */
export function clip(value, limit) {
  let text;
  try {
    text = typeof value === "string" ? value : String(value);
  } catch {
    text = "(unprintable)";
  }
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
