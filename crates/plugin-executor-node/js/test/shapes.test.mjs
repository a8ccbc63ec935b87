import assert from "node:assert/strict";
import { test } from "node:test";

import { findPlugin, parsePlugin } from "../src/shapes.mjs";

const action = { name: "DO", validate: () => true, handler: () => {} };
const plugin = { name: "p", actions: [action] };

test("the plugin is found wherever real packages put it, and nothing is called", () => {
  const trap = () => assert.fail("an export was called");
  for (const exported of [
    { default: plugin },
    { trap, action, myPlugin: plugin },
    { default: trap, plugin },
    { default: { default: plugin } },
    { Service: class Service {}, action, zebra: plugin },
  ]) {
    assert.equal(findPlugin(exported), plugin);
  }
});

test("what is no plugin is refused with what was there", () => {
  for (const [exported, words] of /** @type {[Record<string, unknown>, RegExp][]} */ ([
    [{}, /exports nothing/],
    [{ action, helper: () => {} }, /exports action, helper/],
    [{ default: null }, /exports default/],
    [{ default: { name: "only a name" } }, /no export/],
    [{ default: [plugin] }, /no export/],
  ])) {
    assert.throws(() => findPlugin(exported), words);
  }
});

test("each part that does not hold costs only itself", () => {
  /** @type {string[]} */
  const warnings = [];
  const parsed = parsePlugin(
    {
      name: "p",
      description: 7,
      actions: [action, { name: "NO_VALIDATE", handler() {} }, null, "text"],
      providers: "none",
      services: [{ serviceType: "instance" }, class { static serviceType = "s"; static start() {} }],
      models: { TEXT_SMALL: () => "", BROKEN: 1 },
      events: { E: [() => {}], F: "x" },
      routes: [{ type: "GET", path: "/a", handler() {} }, { type: "STATIC", path: "/b" }],
    },
    warnings,
  );
  assert.deepEqual(parsed.actions.map((it) => it.name), ["DO"]);
  assert.deepEqual(parsed.services.map((it) => it.serviceType), ["s"]);
  assert.deepEqual(parsed.models.map(([name]) => name), ["TEXT_SMALL"]);
  assert.deepEqual(parsed.events.map(([name]) => name), ["E"]);
  assert.deepEqual(parsed.routes.map((it) => it.path), ["/a"]);
  assert.equal(warnings.length, 8);
});
