// The worker: one process, one runtime. Says hello, starts what it is told to, answers until it is
// stopped. See the crate's README for the frames.

import { Channel, where } from "./channel.mjs";
import { Components } from "./components.mjs";
import { describeFailure } from "./failure.mjs";
import { StartFailure, importPlugins, startPlugins, stopPlugins } from "./load.mjs";
import { bare, isRecord, toPlain } from "./plain.mjs";
import { invoke } from "./invoke.mjs";
import { makeRuntime } from "./runtime.mjs";

/** The version of the frames; the host speaks exactly one. */
const PROTOCOL = 1;
const CRASH = 70;

const channel = new Channel();
const components = new Components();
/** @type {any} */
let runtime;
/** @type {import("./load.mjs").Loaded[]} */
let loaded = [];
/** Executions under way. @type {Map<number, import("./channel.mjs").Where>} */
const running = new Map();

process.on("uncaughtException", (error) => {
  channel.sendNow({ t: "fatal", error: describeFailure(error) });
  process.exit(CRASH);
});
// Unlike an exception, a promise nobody waits for leaves nothing half done in the worker's own code.
process.on("unhandledRejection", (reason) => {
  const { name, message } = describeFailure(reason);
  channel.send({ t: "log", level: "error", plugin: where.getStore()?.plugin ?? 0, text: `unhandled rejection: ${name}: ${message}` });
});

/** @type {Record<string, (frame: any) => void | Promise<void>>} */
const handlers = {
  start,
  invoke: run,
  cancel: (frame) => {
    const here = running.get(frame.id);
    if (here) here.ended = true;
  },
  stop: async () => {
    await stopPlugins(runtime, components, loaded);
    channel.send({ t: "stopped", strays: channel.strays });
  },
};

/** @param {any} frame */
async function start(frame) {
  try {
    const character = isRecord(frame.character) ? frame.character : {};
    runtime = makeRuntime(channel, components, {
      agentId: frame.agent,
      character: { bio: [], settings: {}, ...character, name: String(character["name"] ?? "Agent") },
      settings: await Promise.all(frame.plugins.map(withSecrets)),
    });
    /** @type {import("./load.mjs").Progress} */
    const progress = (stage, plugin) => channel.send({ t: "progress", stage, plugin });
    const names = frame.plugins.map((/** @type {any} */ plugin) => plugin.name);
    loaded = await importPlugins(frame.root, names, progress);
    await startPlugins(runtime, components, loaded, progress);
    channel.send({ t: "started", plugins: description() });
  } catch (error) {
    const { plugin, failure } = error instanceof StartFailure ? error : { plugin: 0, failure: describeFailure(error) };
    channel.send({ t: "failed", plugin, failure });
  }
}

/**
 * A plugin's settings and what the host gives of its secrets: elizaOS reads settings synchronously, so they are asked for
 * before anything is loaded.
 * @param {{ settings: Record<string, unknown>, secrets: string[] }} plugin @param {number} index
 */
async function withSecrets(plugin, index) {
  /** @type {Record<string, unknown>} */
  const settings = Object.assign(Object.create(null), plugin.settings);
  for (const key of plugin.secrets ?? []) {
    const secret = await where.run({ plugin: index }, () => channel.call("setting.get", { key }));
    if (secret !== null && secret !== undefined) settings[key] = secret;
  }
  return settings;
}

function description() {
  return toPlain(loaded.map(({ warnings }, plugin) => ({ components: components.describe(plugin), warnings })));
}

/** @param {any} frame */
async function run(frame) {
  /** @type {import("./channel.mjs").Where} */
  const here = { plugin: frame.plugin, execution: frame.execution };
  running.set(frame.id, here);
  /** @type {Record<string, unknown> & { t: string }} */
  let answer;
  try {
    answer = { t: "ended", id: frame.id, ending: await invoke(runtime, components, frame, here) };
  } catch (error) {
    const available = isRecord(error) && Array.isArray(error["available"]) ? error["available"] : [];
    answer = { t: "absent", id: frame.id, available: toPlain(available) };
  }
  running.delete(frame.id);
  try {
    channel.send(answer);
  } catch (error) {
    // Within the bound as data, above it as text: escapes made it grow.
    channel.send({ t: "ended", id: frame.id, ending: bare({ ending: "failed", error: describeFailure(error) }) });
  }
}

channel.listen((frame) => {
  const handler = handlers[frame.t];
  if (handler) void handler(frame);
});
channel.send({ t: "hello", protocol: PROTOCOL, node: process.version, pid: process.pid });
