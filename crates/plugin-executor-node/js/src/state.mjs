// The state of a conversation, composed from providers as elizaOS 1.7 composes it.

import { isRecord } from "./plain.mjs";

/**
 * @typedef {{ values: Record<string, unknown>, data: Record<string, unknown>, text: string }} State
 * @typedef {Record<string, any> & { id?: string, content: Record<string, unknown> }} Message
 */

const CACHE_LIMIT = 256;

/** @returns {State} */
export const emptyState = () => ({ values: {}, data: {}, text: "" });

/** A Map that forgets its oldest entry, so that `stateCache` cannot grow for ever. @extends {Map<string, State>} */
export class StateCache extends Map {
  /** @param {string} key @param {State} state */
  set(key, state) {
    this.delete(key);
    super.set(key, state);
    if (this.size > CACHE_LIMIT) this.delete(this.keys().next().value ?? "");
    return this;
  }
}

/**
 * @param {any} runtime what the providers get
 * @param {import("./shapes.mjs").Provider[]} providers
 * @param {StateCache} cache
 * @param {Message} message
 * @param {string[] | null} include further providers by name
 * @param {boolean} only whether only those
 * @param {boolean} skipCache
 * @returns {Promise<State>}
 */
export async function composeState(runtime, providers, cache, message, include, only, skipCache) {
  const earlier = (!skipCache && message?.id && cache.get(message.id)) || emptyState();
  const wanted = new Set(include ?? []);
  const chosen = providers
    .filter((it) => wanted.has(it.name) || (!only && !it.private && !it.dynamic))
    .sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  const fresh = await Promise.all(
    chosen.map(async (it) => ({ providerName: it.name, ...parseResult(await it.get(runtime, message, earlier)) })),
  );
  /** @type {Record<string, any>} */
  const results = { ...(isRecord(earlier.data["providers"]) ? earlier.data["providers"] : {}) };
  for (const result of fresh) results[result.providerName] = result;
  const text = fresh.map((result) => result.text ?? "").filter((it) => it.trim() !== "").join("\n");
  /** @type {Record<string, unknown>} */
  const values = { ...earlier.values };
  for (const result of Object.values(results)) {
    if (isRecord(result?.values)) Object.assign(values, result.values);
  }
  const state = { values: { ...values, providers: text }, data: { ...earlier.data, providers: results }, text };
  if (message?.id) cache.set(message.id, state);
  return state;
}

/**
 * What a provider gave; before v1 it gave anything, mostly text.
 * @param {unknown} given
 * @returns {{ text?: string, values?: Record<string, unknown>, data?: Record<string, unknown> }}
 */
export function parseResult(given) {
  if (typeof given === "string") return { text: given };
  if (!isRecord(given)) return {};
  return {
    ...(typeof given["text"] === "string" ? { text: given["text"] } : {}),
    ...(isRecord(given["values"]) ? { values: given["values"] } : {}),
    ...(isRecord(given["data"]) ? { data: given["data"] } : {}),
  };
}
