// Route handlers get a request and a response as web servers give them; nothing listens anywhere.

import { Writable } from "node:stream";

import { TooLarge, isRecord } from "./plain.mjs";
import { WorkerFailure } from "./failure.mjs";

/** @typedef {{ status: number, headers: Record<string, unknown>, body: unknown }} Answer */

/** Collects what a handler answers; a stream, because handlers pipe files into it. */
class Response extends Writable {
  statusCode = 200;
  statusMessage = "";
  headersSent = false;
  /** @type {Record<string, unknown>} */
  #headers = Object.create(null);
  /** @type {Buffer[]} */
  #chunks = [];
  #bytes = 0;
  /** @type {unknown} */
  #json;
  #limit;

  /** @param {number} limit */
  constructor(limit) {
    super();
    this.#limit = limit;
  }

  /** @param {number} code */
  status(code) {
    this.statusCode = code;
    return this;
  }

  /** @param {number} code */
  sendStatus(code) {
    return this.status(code).end();
  }

  /** @param {number} code @param {any} [reason] @param {any} [headers] */
  writeHead(code, reason, headers) {
    this.statusCode = code;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers ?? (isRecord(reason) ? reason : {}))) this.setHeader(name, value);
    return this;
  }

  /** @param {string} name @param {unknown} value */
  setHeader(name, value) {
    this.#headers[String(name).toLowerCase()] = value;
    return this;
  }

  /** @param {any} name @param {unknown} [value] */
  set(name, value) {
    if (isRecord(name)) for (const [key, it] of Object.entries(name)) this.setHeader(key, it);
    else this.setHeader(name, value);
    return this;
  }

  /** @param {string} name @param {unknown} value */
  header(name, value) {
    return this.set(name, value);
  }

  /** @param {string} type */
  type(type) {
    return this.setHeader("content-type", type);
  }

  /** @param {string} name */
  getHeader(name) {
    return this.#headers[String(name).toLowerCase()];
  }

  /** @param {string} name */
  removeHeader(name) {
    delete this.#headers[String(name).toLowerCase()];
  }

  flushHeaders() {
    this.headersSent = true;
  }

  /** @param {unknown} data */
  json(data) {
    this.setHeader("content-type", "application/json");
    this.#json = { data };
    this.end();
    return this;
  }

  /** @param {unknown} data */
  send(data) {
    if (isRecord(data) && !(data instanceof Uint8Array)) return this.json(data);
    if (Array.isArray(data)) return this.json(data);
    this.end(data === undefined || data === null ? "" : data instanceof Uint8Array ? data : String(data));
    return this;
  }

  /** @param {any} chunk @param {BufferEncoding} encoding @param {(error?: Error | null) => void} done */
  _write(chunk, encoding, done) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, encoding);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#limit) {
      done(new TooLarge(`more than ${this.#limit} bytes of answer`));
      return;
    }
    this.headersSent = true;
    this.#chunks.push(bytes);
    done();
  }

  /** @returns {Answer} */
  answer() {
    const answer = { status: this.statusCode, headers: this.#headers };
    if (isRecord(this.#json)) return { ...answer, body: this.#json["data"] };
    const bytes = Buffer.concat(this.#chunks);
    const type = String(this.#headers["content-type"] ?? "");
    if (!/^text\/|json|javascript|xml|^$/.test(type)) return { ...answer, body: bytes.toString("base64") };
    const text = bytes.toString("utf8");
    if (!type.includes("json")) return { ...answer, body: text };
    try {
      return { ...answer, body: JSON.parse(text) };
    } catch {
      return { ...answer, body: text };
    }
  }
}

/**
 * @param {import("./shapes.mjs").Route} route
 * @param {any} runtime
 * @param {unknown} input `{"path", "params", "query", "headers", "body"}`
 * @param {number} limit bytes of the answer
 * @returns {Promise<Answer>}
 */
export async function callRoute(route, runtime, input, limit) {
  const given = isRecord(input) ? input : {};
  const path = typeof given["path"] === "string" ? given["path"] : route.path;
  const query = strings(given["query"]);
  const search = new URLSearchParams(query).toString();
  const params = { ...matchPath(route.path, path), ...strings(given["params"]) };
  const url = search === "" ? path : `${path}?${search}`;
  const headers = lowerCased(strings(given["headers"]));
  const request = {
    method: route.type, path, url, originalUrl: url, params, query, headers, body: given["body"] ?? {},
    /** @param {string} name */
    get: (name) => headers[String(name).toLowerCase()],
  };
  const response = new Response(limit);
  const ended = new Promise((done, fail) => {
    response.on("finish", done);
    response.on("error", fail);
  });
  // A handler may return before it has answered, and may answer without returning.
  const returned = (async () => route.handler(request, response, runtime))();
  returned.catch((error) => response.destroy(error instanceof Error ? error : new WorkerFailure("Thrown", String(error))));
  await ended;
  return response.answer();
}

/** The named parts of a path: `/documents/:id`. @param {string} pattern @param {string} path */
function matchPath(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  /** @type {Record<string, string>} */
  const params = {};
  wanted.forEach((part, i) => {
    const value = given[i];
    if (part.startsWith(":") && value !== undefined && value !== part) params[part.slice(1)] = value;
  });
  return params;
}

/** @param {unknown} value @returns {Record<string, string>} */
function strings(value) {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, it]) => [key, String(it)])) : {};
}

/** @param {Record<string, string>} headers @returns {Record<string, string>} */
function lowerCased(headers) {
  return Object.fromEntries(Object.entries(headers).map(([key, it]) => [key.toLowerCase(), it]));
}
