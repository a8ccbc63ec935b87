// One invocation: the component it names, run once, its ending as data.

import { randomUUID } from "node:crypto";

import { where } from "./channel.mjs";
import { WorkerFailure, describeFailure } from "./failure.mjs";
import { DEFAULT_BOUNDS, bare, isRecord, toPlain } from "./plain.mjs";
import { callRoute } from "./routes.mjs";
import { emptyState, parseResult } from "./state.mjs";

/**
 * @typedef {{ ending: "succeeded", output: unknown } | { ending: "refused", reason: string } | { ending: "failed", error: import("./failure.mjs").Failure }} Ending
 * @typedef {{ execution: string, plugin: number, kind: string, name: string, input: unknown, outputBytes: number }} Invocation
 */

const MAX_RESPONSES = 1_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * @param {any} runtime
 * @param {import("./components.mjs").Components} components
 * @param {Invocation} call
 * @param {import("./channel.mjs").Where} here
 * @returns {Promise<Ending>}
 */
export async function invoke(runtime, components, call, here) {
  // Not a failure of the plugin, so it is thrown to the caller.
  const part = components.find(call.plugin, call.kind, call.name);
  try {
    const ending = await where.run(here, () => run(runtime, part, call));
    if (ending.ending !== "succeeded") return bare(ending);
    const bounds = { ...DEFAULT_BOUNDS, maxBytes: Math.min(call.outputBytes, DEFAULT_BOUNDS.maxBytes) };
    return bare({ ending: /** @type {const} */ ("succeeded"), output: toPlain(ending.output, bounds) ?? null });
  } catch (error) {
    return bare({ ending: /** @type {const} */ ("failed"), error: describeFailure(error) });
  } finally {
    // Plugins let work run on after they returned; it belongs to the runtime then.
    if (!here.ended) here.execution = undefined;
  }
}

/** @param {any} runtime @param {any} part @param {Invocation} call @returns {Promise<Ending>} */
async function run(runtime, part, call) {
  switch (call.kind) {
    case "action":
      return act(runtime, part, call, true);
    case "evaluator":
      return act(runtime, part, call, part.alwaysRun !== true);
    case "provider":
      return succeeded(parseResult(await part.get(runtime, messageOf(runtime, call), stateOf(call.input))));
    case "model":
      return succeeded(await part.handler(runtime, call.input ?? {}));
    case "route":
      return succeeded(await callRoute(part, runtime, call.input, call.outputBytes));
    case "event": {
      const payload = { source: "host", ...(isRecord(call.input) ? call.input : {}), runtime };
      await Promise.all(part.map((/** @type {import("./shapes.mjs").Callable} */ handler) => handler(payload)));
      return succeeded(null);
    }
    default:
      throw new WorkerFailure("NotInvocable", `a ${call.kind} is used by plugins and cannot be invoked`);
  }
}

/** @param {any} runtime @param {any} part @param {Invocation} call @param {boolean} mayRefuse @returns {Promise<Ending>} */
async function act(runtime, part, call, mayRefuse) {
  const message = messageOf(runtime, call);
  const state = stateOf(call.input);
  const valid = await part.validate(runtime, message, state);
  if (!valid && mayRefuse) return { ending: "refused", reason: `validate of ${call.name} said no to this input` };
  const parameters = isRecord(call.input) ? call.input : {};
  // Plugins look for their parameters in several places; all of them are given the same.
  const options = { ...parameters, parameters, actionParams: parameters };
  /** @type {unknown[]} */
  const responses = [];
  /** @param {unknown} content */
  const callback = async (content) => {
    if (responses.length >= MAX_RESPONSES) throw new WorkerFailure("TooManyResponses", `more than ${MAX_RESPONSES} responses`);
    // Copied at once: what is said is said, also if the object changes later.
    responses.push(toPlain(content, { ...DEFAULT_BOUNDS, maxBytes: call.outputBytes }));
    return [];
  };
  const result = await part.handler(runtime, message, state, options, callback, []);
  const failure = failureOf(call.name, result);
  if (failure) return { ending: "failed", error: failure };
  return succeeded({ result: result ?? null, responses });
}

/** A handler may report failure in what it returns instead of throwing. @param {string} name @param {unknown} result */
function failureOf(name, result) {
  if (result === false) return { name: "ActionFailed", message: `${name} returned false` };
  if (!isRecord(result) || result["success"] !== false) return undefined;
  const error = result["error"];
  if (error instanceof Error) return describeFailure(error);
  const words = [error, result["text"]].find((it) => typeof it === "string" && it !== "");
  return describeFailure({ name: "ActionFailed", message: words ?? `${name} reported failure without a reason` });
}

/** @param {unknown} output @returns {Ending} */
function succeeded(output) {
  return { ending: "succeeded", output };
}

/**
 * The message that plugins expect, from the input: `text` is what a person said, ids say where and
 * by whom; the parameters also stand in `content.actionParams`, where some plugins look.
 * @param {any} runtime
 * @param {Invocation} call
 * @returns {import("./state.mjs").Message}
 */
function messageOf(runtime, call) {
  const input = typeof call.input === "string" ? { text: call.input } : isRecord(call.input) ? call.input : {};
  const content = isRecord(input["content"]) ? input["content"] : {};
  /** @param {string} key @param {string} otherwise */
  const id = (key, otherwise) => {
    const given = input[key];
    return typeof given === "string" && UUID.test(given) ? given : otherwise;
  };
  const text = [content["text"], input["text"]].find((it) => typeof it === "string") ?? "";
  return {
    id: id("id", UUID.test(call.execution) ? call.execution : randomUUID()),
    entityId: id("entityId", runtime.agentId),
    agentId: runtime.agentId,
    roomId: id("roomId", runtime.agentId),
    worldId: id("worldId", runtime.agentId),
    content: {
      source: "host",
      ...(call.kind === "action" ? { actions: [call.name] } : {}),
      ...content,
      text,
      actionParams: input,
    },
    createdAt: Date.now(),
  };
}

/** @param {unknown} input */
function stateOf(input) {
  const given = isRecord(input) && isRecord(input["state"]) ? input["state"] : undefined;
  if (!given) return emptyState();
  const { text, values, data } = parseResult(given);
  return { values: values ?? {}, data: data ?? {}, text: text ?? "" };
}
