// From installed packages to running plugins: import, find, initialise in order, start services.

import { pathToFileURL } from "node:url";

import { where } from "./channel.mjs";
import { WorkerFailure, describeFailure } from "./failure.mjs";
import { bare, neverSend } from "./plain.mjs";
import { findPlugin, parsePlugin } from "./shapes.mjs";

/**
 * @typedef {import("./shapes.mjs").Plugin} Plugin
 * @typedef {import("./components.mjs").Components} Components
 * @typedef {{ plugin: Plugin, warnings: string[] }} Loaded
 * @typedef {(stage: string, plugin: number) => void} Progress
 */

/** What went wrong, and with which plugin (index in install order). */
export class StartFailure extends Error {
  /** @param {number} plugin @param {string} stage @param {unknown} cause */
  constructor(plugin, stage, cause) {
    super(stage);
    this.plugin = plugin;
    const failure = describeFailure(cause);
    this.failure = bare({ ...failure, message: `${stage}: ${failure.message}` });
  }
}

/**
 * Imports each package from `root` (the directory that holds `node_modules`) as if a module there
 * had asked for it, so that packages share what is installed once.
 * @param {string} root
 * @param {string[]} names
 * @param {Progress} progress
 * @returns {Promise<Loaded[]>}
 */
export async function importPlugins(root, names, progress) {
  const parent = pathToFileURL(`${root}/one-plugin-runtime.mjs`).href;
  /** @type {Loaded[]} */
  const loaded = [];
  for (const [index, name] of names.entries()) {
    progress("load", index);
    /** @type {string[]} */
    const warnings = [];
    try {
      const exported = await where.run({ plugin: index }, () => import(resolve(name, parent)));
      loaded.push({ plugin: parsePlugin(findPlugin(exported), warnings), warnings });
    } catch (error) {
      throw new StartFailure(index, "load", error);
    }
  }
  return loaded;
}

/** @param {string} name @param {string} parent */
function resolve(name, parent) {
  // The second argument needs --experimental-import-meta-resolve, which the host gives.
  const resolver = /** @type {(specifier: string, parent?: string) => string} */ (import.meta.resolve);
  const url = resolver(name, parent);
  if (!url.startsWith("file:")) throw new WorkerFailure("NotAPackage", `${name} is not a package`);
  return url;
}

/**
 * Registers what the plugins bring and initialises each after those before it; then starts their
 * services together, because services may wait for one another.
 * @param {any} runtime
 * @param {Components} components
 * @param {Loaded[]} loaded
 * @param {Progress} progress
 */
export async function startPlugins(runtime, components, loaded, progress) {
  /** @type {() => void} */
  let initialised = () => {};
  runtime.initPromise = new Promise((done) => {
    initialised = () => done(undefined);
  });
  runtime.startService = (/** @type {import("./shapes.mjs").ServiceClass} */ service, /** @type {number} */ owner) =>
    startService(runtime, components, service, owner);
  await ensureAgent(runtime);
  for (const [index, { plugin }] of loaded.entries()) {
    progress("init", index);
    await where.run({ plugin: index }, async () => {
      register(components, plugin);
      runtime.plugins.push(plugin);
      try {
        await plugin.init?.(configOf(runtime, plugin), runtime);
      } catch (error) {
        throw new StartFailure(index, "init", error);
      }
    });
  }
  initialised();
  await Promise.all(
    loaded.flatMap(({ plugin }, index) =>
      plugin.services.map(async (service) => {
        progress(`start of service ${service.serviceType}`, index);
        try {
          await startService(runtime, components, service, index);
        } catch (error) {
          throw new StartFailure(index, `start of service ${service.serviceType}`, error);
        }
      }),
    ),
  );
}

/**
 * What elizaOS has made before its plugins start, and real ones expect: the agent's own world,
 * entity and room, all with the agent's id. A host that does not offer one of them is not asked to.
 * @param {any} runtime
 */
async function ensureAgent(runtime) {
  const id = runtime.agentId;
  const { name } = runtime.character;
  const steps = {
    world: () => runtime.ensureWorldExists({ id, name: `${name}'s World`, messageServerId: id }),
    entity: async () => {
      if ((await runtime.getEntityById(id)) === null) await runtime.createEntity({ id, names: [name], metadata: {} });
    },
    room: () =>
      runtime.ensureRoomExists({ id, name, source: "elizaos", type: "SELF", channelId: id, messageServerId: id, worldId: id }),
    "place in its room": async () => {
      if (!(await runtime.isRoomParticipant(id, id))) await runtime.addParticipant(id, id);
    },
  };
  for (const [what, step] of Object.entries(steps)) {
    try {
      await step();
    } catch (error) {
      runtime.logger.warn(`the agent's ${what} could not be made sure of: ${describeFailure(error).message}`);
    }
  }
}

/** @param {Components} components @param {Plugin} plugin */
function register(components, plugin) {
  for (const action of plugin.actions) components.add(components.actions, action);
  for (const provider of plugin.providers) components.add(components.providers, provider);
  for (const evaluator of plugin.evaluators) components.add(components.evaluators, evaluator);
  for (const route of plugin.routes) {
    components.own(route, where.getStore()?.plugin ?? 0);
    components.routes.push(route);
  }
  for (const [type, handler] of plugin.models) components.addModel(type, handler, plugin.priority);
  for (const [name, handlers] of plugin.events) {
    for (const handler of handlers) components.addEvent(name, handler);
  }
}

/** The plugin's own configuration, with the settings it names. @param {any} runtime @param {Plugin} plugin */
function configOf(runtime, plugin) {
  /** @type {Record<string, unknown>} */
  const config = { ...plugin.config };
  for (const key of Object.keys(config)) {
    const setting = runtime.getSetting(key);
    if (setting !== null) config[key] = setting;
  }
  return config;
}

/** @param {any} runtime @param {Components} components @param {import("./shapes.mjs").ServiceClass} service @param {number} owner */
async function startService(runtime, components, service, owner) {
  const started = await where.run({ plugin: owner }, () => service.start(runtime));
  if (typeof started !== "object" || started === null) {
    throw new WorkerFailure("ShapeInvalid", "start returned no service");
  }
  neverSend(started);
  components.addService(service.serviceType, started, owner);
}

/**
 * Stops services in the reverse order, then disposes of plugins. What fails is logged; stopping goes on.
 * @param {any} runtime
 * @param {Components} components
 * @param {Loaded[]} loaded
 */
export async function stopPlugins(runtime, components, loaded) {
  /** @param {() => unknown} stop @param {string} what */
  const attempt = async (stop, what) => {
    try {
      await stop();
    } catch (error) {
      runtime.logger.warn(`${what} did not stop cleanly: ${describeFailure(error).message}`);
    }
  };
  for (const [type, services] of [...components.services.entries()].reverse()) {
    for (const service of [...services].reverse()) {
      const it = /** @type {any} */ (service);
      if (typeof it?.stop === "function") await attempt(() => it.stop(), `service ${type}`);
    }
  }
  for (const { plugin } of [...loaded].reverse()) {
    if (plugin.dispose) await attempt(() => plugin.dispose?.(runtime), plugin.name);
  }
}
