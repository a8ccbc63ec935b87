// The object plugins know as `runtime`: elizaOS's v1 contract, every fact of it from the host.

import { randomUUID } from "node:crypto";

import { bridgedMethods } from "./bridge.mjs";
import { where } from "./channel.mjs";
import { WorkerFailure, describeFailure } from "./failure.mjs";
import { makeLogger } from "./logger.mjs";
import { isRecord, neverSend, toPlain } from "./plain.mjs";
import { parseAction, parseProvider, parseService } from "./shapes.mjs";
import { StateCache, composeState } from "./state.mjs";

/**
 * @typedef {import("./components.mjs").Components} Components
 * @typedef {import("./shapes.mjs").Callable} Callable
 * @typedef {{ agentId: string, character: Record<string, any>, settings: Record<string, unknown>[] }} Setup
 */

const CONVERSATION_LENGTH = 32;
/** Properties that are absent rather than unsupported: engines and test tools ask for them. */
const ABSENT = new Set(["then", "catch", "finally", "toJSON", "inspect", "nodeType", "tagName", "asymmetricMatch", "$$typeof"]);

/**
 * @param {import("./channel.mjs").Channel} channel
 * @param {Components} components
 * @param {Setup} setup
 */
export function makeRuntime(channel, components, setup) {
  const { agentId, character } = setup;
  /** @param {string} name @param {Record<string, unknown>} fields */
  const host = (name, fields) => channel.call(name, fields);
  const logger = makeLogger((level, text) =>
    channel.send({ t: "log", level, plugin: where.getStore()?.plugin ?? 0, text }),
  );
  /** @type {Record<string | symbol, any>} */
  const runtime = {
    ...bridgedMethods(host, agentId),
    ...registrations(components),
    agentId,
    character,
    logger,
    fetch: globalThis.fetch,
    messageService: null,
    elizaOS: undefined,
    stateCache: new StateCache(),
    plugins: [],
    actions: components.actions,
    providers: components.providers,
    evaluators: components.evaluators,
    routes: components.routes,
    services: components.services,
    events: components.events,
    // The host keeps the data and is ready before the first plugin is loaded.
    isReady: async () => true,
    hasElizaOS: () => false,
    getConversationLength: () => CONVERSATION_LENGTH,
    createRunId: () => randomUUID(),
  };
  Object.assign(runtime, settings(setup), runs(runtime), models(runtime, components, host), messaging(runtime, components, host));
  /** @param {any} message @param {string[] | null} [include] @param {boolean} [only] @param {boolean} [skipCache] */
  runtime["composeState"] = (message, include = null, only = false, skipCache = false) =>
    composeState(proxy, components.providers, runtime["stateCache"], message, include, only, skipCache);
  const proxy = new Proxy(runtime, { get: (target, key) => lookUp(target, key) });
  runtime["self"] = proxy;
  neverSend(runtime);
  neverSend(proxy);
  return proxy;
}

/** @param {Record<string | symbol, any>} target @param {string | symbol} key */
function lookUp(target, key) {
  if (key in target || typeof key === "symbol" || ABSENT.has(key) || key.startsWith("_")) return target[key];
  return unsupported(key);
}

/**
 * Stands for a method or a property that this host does not offer: calling it, or reaching into
 * it, says so by name.
 * @param {string} name
 */
function unsupported(name) {
  const refuse = () => {
    throw new WorkerFailure("HostUnsupported", `not supported by this host: ${name}`);
  };
  return new Proxy(refuse, {
    get: (target, key) => {
      if (typeof key === "symbol" || ABSENT.has(key) || key in target) return Reflect.get(target, key);
      return refuse();
    },
    apply: refuse,
    construct: refuse,
    set: refuse,
  });
}

/** @param {Setup} setup */
function settings(setup) {
  /** @type {Map<string, unknown>} */
  const changed = new Map();
  const own = (/** @type {Record<string, unknown>} */ from, /** @type {string} */ key) =>
    Object.hasOwn(from, key) ? from[key] : undefined;
  return {
    /** @param {string} key @param {unknown} value */
    setSetting: (key, value) => {
      if (value !== null && value !== undefined) changed.set(String(key), value);
    },
    /** The setting of the plugin that asks, else of the others in install order, else of the character. @param {string} key */
    getSetting: (key) => {
      const mine = setup.settings[where.getStore()?.plugin ?? 0] ?? {};
      const layers = [mine, ...setup.settings, setup.character["settings"] ?? {}].filter(isRecord);
      const found = changed.get(key) ?? layers.map((layer) => own(layer, key)).find((it) => it !== undefined && it !== null);
      if (found === "true") return true;
      if (found === "false") return false;
      return ["string", "number", "boolean"].includes(typeof found) ? found : null;
    },
  };
}

/** @param {Components} components */
function registrations(components) {
  /** @template T @param {T | string} parsed @returns {T} */
  const must = (parsed) => {
    if (typeof parsed === "string") throw new WorkerFailure("ShapeInvalid", parsed);
    return parsed;
  };
  return {
    /** @param {unknown} it */
    registerAction: (it) => void components.add(components.actions, must(parseAction(it))),
    /** @param {unknown} it */
    registerProvider: (it) => void components.add(components.providers, must(parseProvider(it))),
    /** @param {unknown} it */
    registerEvaluator: (it) => void components.add(components.evaluators, must(parseAction(it))),
    /** @param {string} name @param {Callable} handler */
    registerEvent: (name, handler) => {
      if (typeof handler !== "function") throw new WorkerFailure("ShapeInvalid", `the handler of ${name} is not a function`);
      components.addEvent(String(name), handler);
    },
    /** @param {string} name */
    getEvent: (name) => components.events[name],
    /** @param {any} worker */
    registerTaskWorker: (worker) => {
      if (!isRecord(worker) || typeof worker["name"] !== "string") throw new WorkerFailure("ShapeInvalid", "a task worker without a name");
      components.taskWorkers.set(worker["name"], /** @type {any} */ (worker));
    },
    /** @param {string} name */
    getTaskWorker: (name) => components.taskWorkers.get(name),
    /** @param {string} source @param {Callable} handler */
    registerSendHandler: (source, handler) => void components.sendHandlers.set(source, handler),
    /** @param {string} type */
    getService: (type) => components.services.get(type)?.[0] ?? null,
    /** @param {string} type */
    getServicesByType: (type) => components.services.get(type) ?? [],
    /** @param {string} type */
    hasService: (type) => (components.services.get(type)?.length ?? 0) > 0,
    getAllServices: () => components.services,
    getRegisteredServiceTypes: () => [...components.services.keys()],
    /** @param {string} type */
    getServiceLoadPromise: (type) => components.whenService(type),
  };
}

/** @param {Record<string | symbol, any>} runtime */
function runs(runtime) {
  /** @type {string | undefined} */
  let current;
  return {
    startRun: () => (current = runtime["createRunId"]()),
    endRun: () => void (current = undefined),
    getCurrentRunId: () => (current ??= runtime["createRunId"]()),
    /** @param {unknown} service */
    registerService: async (service) => {
      const parsed = parseService(service);
      if (typeof parsed === "string") throw new WorkerFailure("ShapeInvalid", parsed);
      await runtime["startService"](parsed, where.getStore()?.plugin ?? 0);
    },
  };
}

/** @param {Record<string | symbol, any>} runtime @param {Components} components @param {import("./bridge.mjs").HostCall} host */
function models(runtime, components, host) {
  /** A model that a plugin of this runtime brings goes first, else the host's. @param {string} type @param {unknown} params */
  const useModel = async (type, params) => {
    const own = components.models.get(String(type))?.[0];
    if (own) return where.run({ ...where.getStore(), plugin: own.owner }, () => own.handler(runtime["self"], params ?? {}));
    return host("model.use", { modelType: String(type), params: params === undefined ? null : params });
  };
  return {
    useModel,
    /** @param {string} type @param {Callable} handler @param {string} [_provider] @param {number} [priority] */
    registerModel: (type, handler, _provider, priority) => {
      if (typeof handler !== "function") throw new WorkerFailure("ShapeInvalid", `the model ${type} is not a function`);
      components.addModel(String(type), handler, priority ?? 0);
    },
    /** @param {string} type */
    getModel: (type) => {
      const own = components.models.get(String(type))?.[0];
      // The host cannot be asked synchronously whether it has one; it says so when it is used.
      return own?.handler ?? ((/** @type {unknown} */ _runtime, /** @type {unknown} */ params) => useModel(type, params));
    },
    /** @param {string} input @param {any} [options] */
    generateText: async (input, options) => ({
      text: String(await useModel(options?.modelType ?? "TEXT_LARGE", { ...toRecord(options), prompt: input })),
    }),
    /** @param {any} memory */
    addEmbeddingToMemory: async (memory) => {
      if (memory.embedding) return memory;
      const text = memory.content?.text;
      if (!text) throw new Error("Cannot generate embedding: Memory content is empty");
      memory.embedding = await useModel("TEXT_EMBEDDING", { text });
      return memory;
    },
    /** @param {any} memory @param {string} [priority] */
    queueEmbeddingGeneration: async (memory, priority) => {
      if (!memory || memory.embedding || !memory.content?.text) return;
      await runtime["emitEvent"]("EMBEDDING_GENERATION_REQUESTED", {
        memory, priority: priority ?? "normal", source: "runtime", retryCount: 0, maxRetries: 3, runId: runtime["getCurrentRunId"](),
      });
    },
  };
}

/** @param {Record<string | symbol, any>} runtime @param {Components} components @param {import("./bridge.mjs").HostCall} host */
function messaging(runtime, components, host) {
  return {
    /** Handlers of this runtime first, then the host. @param {string | string[]} event @param {any} params */
    emitEvent: async (event, params) => {
      for (const name of Array.isArray(event) ? event : [event]) {
        const payload = { ...toRecord(params), runtime: runtime["self"], source: params?.source ?? "runtime" };
        await Promise.all((components.events[name] ?? []).map((handler) =>
          where.run({ ...where.getStore(), plugin: components.ownerOf(handler) }, () => handler(payload))));
        try {
          await host("event.emit", { name: String(name), payload: toPlain(params) ?? null });
        } catch (error) {
          runtime["logger"].warn(`event ${name} did not reach the host: ${describeFailure(error).message}`);
        }
      }
    },
    /** @param {any} target @param {any} content */
    sendMessageToTarget: async (target, content) => {
      const own = components.sendHandlers.get(target?.source);
      if (own) await own(runtime["self"], target, content);
      else await host("message.send", { target, content });
    },
  };
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function toRecord(value) {
  return isRecord(value) ? value : {};
}
