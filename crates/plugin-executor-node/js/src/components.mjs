// Everything the plugins of this runtime brought, and whose it is.

import { where } from "./channel.mjs";
import { WorkerFailure } from "./failure.mjs";
import { clip, isRecord, toPlain } from "./plain.mjs";

/**
 * @typedef {import("./shapes.mjs").Callable} Callable
 * @typedef {{ kind: string, name: string, description: string, similes: string[], parameters?: unknown }} Description
 * @typedef {{ owner: number, priority: number, handler: Callable }} Model
 * @typedef {{ name: string, validate?: Callable, execute?: Callable }} TaskWorker
 */

const SCHEMA_BOUNDS = Object.freeze({ maxBytes: 64 << 10, maxDepth: 32, maxNodes: 5_000 });

export class Components {
  // Plugins hold and change these lists themselves, as elizaOS lets them.
  /** @type {import("./shapes.mjs").Action[]} */ actions = [];
  /** @type {import("./shapes.mjs").Provider[]} */ providers = [];
  /** @type {import("./shapes.mjs").Evaluator[]} */ evaluators = [];
  /** @type {import("./shapes.mjs").Route[]} */ routes = [];
  /** @type {Map<string, unknown[]>} */ services = new Map();
  /** @type {Record<string, Callable[]>} */ events = Object.create(null);
  /** @type {Map<string, Model[]>} */ models = new Map();
  /** @type {Map<string, TaskWorker>} */ taskWorkers = new Map();
  /** @type {Map<string, Callable>} */ sendHandlers = new Map();
  /** Which plugin (index in install order) brought an object. @type {WeakMap<object, number>} */
  #owners = new WeakMap();
  /** @type {Map<string, { promise: Promise<unknown>, resolve: (service: unknown) => void }>} */
  #awaited = new Map();

  /** @param {object} part @param {number} owner */
  own(part, owner) {
    this.#owners.set(part, owner);
  }

  /** @param {object} part */
  ownerOf(part) {
    return this.#owners.get(part) ?? 0;
  }

  /** @param {{ name: string }[]} list @param {{ name: string }} part @returns {boolean} whether it is new */
  add(list, part) {
    const owner = where.getStore()?.plugin ?? 0;
    if (list.some((other) => other.name === part.name && this.ownerOf(other) === owner)) return false;
    this.own(part, owner);
    list.push(part);
    return true;
  }

  /** @param {string} name @param {Callable} handler */
  addEvent(name, handler) {
    this.own(handler, where.getStore()?.plugin ?? 0);
    (this.events[name] ??= []).push(handler);
  }

  /** @param {string} type @param {Callable} handler @param {number} priority */
  addModel(type, handler, priority) {
    const models = this.models.get(type) ?? [];
    models.push({ owner: where.getStore()?.plugin ?? 0, priority, handler });
    models.sort((a, b) => b.priority - a.priority);
    this.models.set(type, models);
  }

  /** @param {string} type @param {object} service @param {number} owner */
  addService(type, service, owner) {
    this.own(service, owner);
    const services = this.services.get(type) ?? [];
    services.push(service);
    this.services.set(type, services);
    this.#awaited.get(type)?.resolve(service);
  }

  /** @param {string} type @returns {Promise<unknown>} */
  whenService(type) {
    const there = this.services.get(type)?.[0];
    if (there !== undefined) return Promise.resolve(there);
    const known = this.#awaited.get(type);
    if (known) return known.promise;
    /** @type {(service: unknown) => void} */
    let resolve = () => {};
    const promise = new Promise((done) => {
      resolve = done;
    });
    this.#awaited.set(type, { promise, resolve });
    return promise;
  }

  /**
   * The part that an invocation names, exactly.
   * @param {number} plugin @param {string} kind @param {string} name
   * @returns {any}
   */
  find(plugin, kind, name) {
    const found = this.#of(plugin, kind).find(([there]) => there === name);
    if (found) return found[1];
    const failure = new WorkerFailure("NoSuchComponent", `no ${kind} named ${name}`);
    throw Object.assign(failure, { available: this.#of(plugin, kind).map(([there]) => clip(there, 256)).sort().slice(0, 50) });
  }

  /** @param {number} plugin @returns {Description[]} */
  describe(plugin) {
    return ["action", "provider", "evaluator", "service", "model", "event", "route"].flatMap((kind) =>
      this.#of(plugin, kind)
        .map(([name, part]) => describePart(kind, name, part))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    );
  }

  /** @param {number} plugin @param {string} kind @returns {[string, any][]} */
  #of(plugin, kind) {
    /** @param {{ name: string }[]} list @returns {[string, any][]} */
    const named = (list) =>
      list.filter((part) => isRecord(part) && this.ownerOf(part) === plugin).map((part) => [String(part.name), part]);
    switch (kind) {
      case "action":
        return named(this.actions);
      case "provider":
        return named(this.providers);
      case "evaluator":
        return named(this.evaluators);
      case "route":
        return this.routes
          .filter((route) => this.ownerOf(route) === plugin)
          .map((route) => [`${route.type} ${route.path}`, route]);
      case "service":
        return [...this.services.entries()].flatMap(([type, services]) =>
          services.filter((it) => isRecord(it) && this.ownerOf(it) === plugin).map((it) => /** @type {[string, any]} */ ([type, it])),
        );
      case "model":
        return [...this.models.entries()].flatMap(([type, models]) =>
          models.filter((model) => model.owner === plugin).map((model) => /** @type {[string, any]} */ ([type, model])),
        );
      case "event":
        return Object.keys(this.events).flatMap((name) => {
          const handlers = (this.events[name] ?? []).filter((handler) => this.ownerOf(handler) === plugin);
          return handlers.length > 0 ? [/** @type {[string, any]} */ ([name, handlers])] : [];
        });
      default:
        return [];
    }
  }
}

/** @param {string} kind @param {string} name @param {any} part @returns {Description} */
function describePart(kind, name, part) {
  const words = kind === "service" ? part.capabilityDescription : part.description;
  /** @type {Description} */
  const description = {
    kind,
    name,
    description: typeof words === "string" ? clip(words, 2_000) : "",
    similes: Array.isArray(part.similes)
      ? part.similes.filter((/** @type {unknown} */ it) => typeof it === "string").slice(0, 50).map((/** @type {string} */ it) => clip(it, 256))
      : [],
  };
  if (kind === "action" && part.parameters !== undefined) {
    try {
      description.parameters = toPlain(part.parameters, SCHEMA_BOUNDS);
    } catch {
      // A schema that is too large to show is not shown.
    }
  }
  return description;
}
