// What a plugin must look like. Nothing of a stranger's object is used before it passed here.

import { isRecord } from "./plain.mjs";
import { WorkerFailure } from "./failure.mjs";

/**
 * @typedef {(...args: any[]) => unknown} Callable
 * @typedef {{ name: string, description?: string, similes?: unknown, parameters?: unknown, validate: Callable, handler: Callable }} Action
 * @typedef {{ name: string, description?: string, position?: number, dynamic?: boolean, private?: boolean, get: Callable }} Provider
 * @typedef {{ name: string, description?: string, similes?: unknown, alwaysRun?: boolean, validate: Callable, handler: Callable }} Evaluator
 * @typedef {{ type: string, path: string, handler: Callable, description?: string }} Route
 * @typedef {{ serviceType: string, start: Callable, name?: string }} ServiceClass
 * @typedef {{
 *   name: string, description: string, priority: number, config: Record<string, unknown>,
 *   init?: Callable, dispose?: Callable,
 *   actions: Action[], providers: Provider[], evaluators: Evaluator[], routes: Route[],
 *   services: ServiceClass[], models: [string, Callable][], events: [string, Callable[]][],
 * }} Plugin
 */

const NAME_LIMIT = 256;
const LIST_LIMIT = 1_000;
/** A plugin has at least one of these, besides its name. */
const TELLING = ["actions", "providers", "evaluators", "services", "models", "events", "routes", "init", "adapter", "clients"];

/** @param {unknown} value @returns {value is Callable} */
const isFunction = (value) => typeof value === "function";

/** @param {unknown} value @returns {value is string} */
export const isName = (value) => typeof value === "string" && value.length > 0 && value.length <= NAME_LIMIT;

/**
 * Finds the plugin among the exports of a package, without calling any of them.
 * @param {Record<string, unknown>} exported the module's namespace
 * @returns {Record<string, unknown>}
 */
export function findPlugin(exported) {
  const names = Object.keys(exported);
  const preferred = [
    ...names.filter((name) => name === "default"),
    ...names.filter((name) => /plugin$/i.test(name) && name !== "default").sort(),
    ...names.filter((name) => !/plugin$/i.test(name) && name !== "default").sort(),
  ];
  for (const name of preferred) {
    const candidate = exported[name];
    if (looksLikePlugin(candidate)) return candidate;
    // A CommonJS package seen from ESM has its own `default` inside ours.
    if (name === "default" && isRecord(candidate)) {
      const inner = ["default", ...Object.keys(candidate).sort()].map((key) => candidate[key]).find(looksLikePlugin);
      if (inner) return inner;
    }
  }
  const seen = names.length === 0 ? "it exports nothing" : `it exports ${names.slice(0, 10).join(", ")}`;
  throw new WorkerFailure("NoPluginExported", `no export of the package is a plugin; ${seen}`);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function looksLikePlugin(value) {
  if (!isRecord(value) || !isName(value["name"])) return false;
  // An action or a provider has a name too.
  if (isFunction(value["handler"]) || isFunction(value["get"])) return false;
  return TELLING.some((key) => value[key] !== undefined && value[key] !== null);
}

/**
 * The parts of a plugin that hold, with a warning for each that does not.
 * @param {Record<string, unknown>} raw
 * @param {string[]} warnings
 * @returns {Plugin}
 */
export function parsePlugin(raw, warnings) {
  /** @param {string} text */
  const warn = (text) => {
    if (warnings.length < 100) warnings.push(text);
  };
  /**
   * @template T
   * @param {string} key @param {(item: unknown) => T | string} parse
   * @returns {T[]}
   */
  const list = (key, parse) => {
    const items = raw[key];
    if (items === undefined || items === null) return [];
    if (!Array.isArray(items)) {
      warn(`${key} is not a list and is left out`);
      return [];
    }
    if (items.length > LIST_LIMIT) warn(`${key} has ${items.length} entries; the first ${LIST_LIMIT} are used`);
    return items.slice(0, LIST_LIMIT).flatMap((item, i) => {
      const parsed = parse(item);
      if (typeof parsed !== "string") return [parsed];
      warn(`${key}[${i}] is left out: ${parsed}`);
      return [];
    });
  };
  if (raw["adapter"]) warn("its database adapter is not used: the host keeps the data");
  if (raw["clients"]) warn("its clients are of the v0 contract and are not started");
  return {
    name: /** @type {string} */ (raw["name"]),
    description: typeof raw["description"] === "string" ? raw["description"] : "",
    priority: typeof raw["priority"] === "number" ? raw["priority"] : 0,
    config: isRecord(raw["config"]) ? { ...raw["config"] } : {},
    ...(isFunction(raw["init"]) ? { init: raw["init"].bind(raw) } : {}),
    ...(isFunction(raw["dispose"]) ? { dispose: raw["dispose"].bind(raw) } : {}),
    actions: list("actions", parseAction),
    providers: list("providers", parseProvider),
    evaluators: list("evaluators", parseAction),
    routes: list("routes", parseRoute),
    services: list("services", parseService),
    models: entries(raw["models"]).flatMap(([name, handler]) => {
      if (isName(name) && isFunction(handler)) return [/** @type {[string, Callable]} */ ([name, handler])];
      warn(`models.${name} is left out: not a function`);
      return [];
    }),
    events: entries(raw["events"]).flatMap(([name, handlers]) => {
      const functions = Array.isArray(handlers) ? handlers.filter(isFunction) : [];
      if (isName(name) && functions.length > 0) return [/** @type {[string, Callable[]]} */ ([name, functions])];
      warn(`events.${name} is left out: no list of functions`);
      return [];
    }),
  };
}

/** @param {unknown} value @returns {[string, unknown][]} */
function entries(value) {
  return isRecord(value) ? Object.entries(value).slice(0, LIST_LIMIT) : [];
}

/** An action, or an evaluator, which has the same shape. @param {unknown} item @returns {Action & Evaluator | string} */
export function parseAction(item) {
  if (!isRecord(item) || !isName(item["name"])) return "no name";
  if (!isFunction(item["handler"])) return `\`${item["name"]}\` has no handler`;
  if (!isFunction(item["validate"])) return `\`${item["name"]}\` has no validate`;
  return /** @type {any} */ (item);
}

/** @param {unknown} item @returns {Provider | string} */
export function parseProvider(item) {
  if (!isRecord(item) || !isName(item["name"])) return "no name";
  if (!isFunction(item["get"])) return `\`${item["name"]}\` has no get`;
  return /** @type {any} */ (item);
}

/** @param {unknown} item @returns {Route | string} */
function parseRoute(item) {
  if (!isRecord(item) || typeof item["type"] !== "string" || !isName(item["path"])) return "no type or path";
  if (item["type"] === "STATIC") return `\`${item["path"]}\` is static and needs a web server`;
  if (!isFunction(item["handler"])) return `\`${item["path"]}\` has no handler`;
  return /** @type {any} */ (item);
}

/** @param {unknown} item @returns {ServiceClass | string} */
export function parseService(item) {
  if (!isFunction(item)) return "not a class (services of the v0 contract are instances)";
  const service = /** @type {{ serviceType?: unknown, start?: unknown, name?: unknown }} */ (/** @type {unknown} */ (item));
  if (!isName(service.serviceType)) return `\`${String(service.name)}\` has no serviceType`;
  if (!isFunction(service.start)) return `\`${service.serviceType}\` has no static start`;
  return /** @type {any} */ (item);
}
