//! From packages to a described runtime, or a typed reason why not.

use plugin_runtime_api::{ComponentKind, Engine, ExecutorError};
use serde_json::json;

use crate::support::{Bench, action, write_package};

/// How a start of this source fails: the plugin named, the class and the message.
fn check(source: &str, name: &str, message: &str) {
    let Some(mut bench) = Bench::of_all(&[("fine", &action("")), ("p", source)]) else {
        return;
    };
    if name == "TimedOut" {
        bench.spec.limits.start_ms = 2_000;
    }
    match bench.try_start() {
        Err(ExecutorError::StartFailed { plugin, failure }) => {
            assert_eq!(plugin.as_str(), "p", "{failure:?}");
            assert_eq!(failure.name, name, "{failure:?}");
            assert!(failure.message.contains(message), "{failure:?}");
        }
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn a_plugin_that_throws_on_load_is_named_with_its_words() {
    check(
        "throw new TypeError('no luck')",
        "TypeError",
        "load: no luck",
    );
}

#[test]
fn a_plugin_that_is_no_javascript_is_named() {
    check("export default {", "SyntaxError", "load: ");
}

#[test]
fn a_plugin_that_imports_what_is_not_there_is_named() {
    check("import 'absent'", "Error", "Cannot find package 'absent'");
}

#[test]
fn a_plugin_that_exports_nothing_is_named() {
    check("export {}", "NoPluginExported", "it exports nothing");
    check(
        "export const helper = 1",
        "NoPluginExported",
        "it exports helper",
    );
}

#[test]
fn a_plugin_that_hangs_on_load_is_ended_in_time() {
    check(
        "await new Promise(() => {})",
        "TimedOut",
        "load: it took longer than 2000 ms",
    );
    check(
        "for (;;) {}",
        "TimedOut",
        "load: it took longer than 2000 ms",
    );
}

#[test]
fn a_plugin_that_exits_on_load_is_named() {
    check(
        "process.exit(7)",
        "Crashed",
        "load: the worker exited with code 7",
    );
}

#[test]
fn a_plugin_that_takes_all_memory_on_load_is_named() {
    let bomb = "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))";
    check(bomb, "RangeError", "Array buffer allocation failed");
}

#[test]
fn a_bound_below_what_node_itself_needs_is_a_typed_failure() {
    let Some(mut bench) = Bench::of(&action("")) else {
        return;
    };
    bench.spec.limits.memory_bytes = 48 << 20;
    let error = bench.try_start().unwrap_err();
    assert_eq!(error.tag(), "PluginStartFailed", "{error}");
    assert!(
        error.to_string().contains("start of the worker: "),
        "{error}"
    );
}

#[test]
fn a_plugin_whose_init_or_service_fails_is_named_with_the_stage() {
    check(
        "export default { name: 'p', init() { throw new Error('no key') } }",
        "Error",
        "init: no key",
    );
    check(
        "export default { name: 'p', services: [class S { static serviceType = 'x'; static async start() { throw new Error('no port') } }] }",
        "Error",
        "start of service x: no port",
    );
    check(
        "export default { name: 'p', services: [class S { static serviceType = 'x'; static start() {} }] }",
        "ShapeInvalid",
        "start returned no service",
    );
}

#[test]
fn a_failed_start_leaves_nothing_running_and_may_be_tried_again() {
    let Some(bench) = Bench::of("throw new Error('not yet')") else {
        return;
    };
    assert!(bench.try_start().is_err());
    write_package(&bench.root(), "p", &action("return 'now'"));
    bench.start();
    assert_eq!(bench.result(json!({})), "now");
}

#[test]
fn what_is_not_installed_is_said_before_a_worker_is_started() {
    let Some(mut bench) = Bench::of(&action("")) else {
        return;
    };
    let good = bench.spec.clone();
    let check = |bench: &Bench, expected: &str| {
        let error = bench.try_start().unwrap_err();
        assert_eq!(error.tag(), expected, "{error}");
    };
    bench.spec.plugins.first_mut().unwrap().name = "absent".parse().unwrap();
    check(&bench, "ArtifactMissing");
    bench.spec = good.clone();
    bench.spec.plugins.first_mut().unwrap().version = "2.0.0".to_owned();
    check(&bench, "ArtifactMissing");
    bench.spec = good.clone();
    bench.spec.plugins.first_mut().unwrap().name = "../p".parse().unwrap();
    check(&bench, "InvalidRuntimeSpec");
    bench.spec = good.clone();
    bench.spec.plugins.clear();
    check(&bench, "InvalidRuntimeSpec");
    bench.spec = good.clone();
    bench.spec.artifact = plugin_runtime_api::Artifact::Native;
    check(&bench, "InvalidRuntimeSpec");
    bench.spec = good;
    bench.spec.engine = Engine::Wasm;
    check(&bench, "UnsupportedEngine");
}

#[test]
fn plugins_are_initialised_in_order_and_described_afterwards() {
    let first = "export default { name: 'a', description: 'first',
        init: async (config, runtime) => { await new Promise(r => setTimeout(r, 30)); globalThis.order = ['a']; },
        services: [class A { static serviceType = 'a'; capabilityDescription = 'is a';
            static async start(runtime) { const b = await runtime.getServiceLoadPromise('b'); return Object.assign(new A(), { b }); } }] }";
    let second = "export default { name: 'b', config: { GREETING: 'default', OTHER: 'kept' },
        init: (config, runtime) => { globalThis.order.push('b'); globalThis.config = config;
            runtime.registerAction({ name: 'LATE', validate: () => true, handler: () => ({ order, config }) }); },
        actions: [{ name: 'NO_VALIDATE', handler() {} }],
        services: [class B { static serviceType = 'b'; static start() { return new B(); } }] }";
    let Some(mut bench) = Bench::of_all(&[("a", first), ("@scope/b", second)]) else {
        return;
    };
    let info = bench.start();
    let described: Vec<String> = info
        .plugins
        .iter()
        .flat_map(|plugin| {
            plugin
                .components
                .iter()
                .map(move |it| format!("{} {} {}", plugin.name, it.kind, it.name))
        })
        .collect();
    assert_eq!(
        described,
        ["a service a", "@scope/b action LATE", "@scope/b service b"]
    );
    let warnings = &info.plugins.last().unwrap().warnings;
    assert_eq!(
        *warnings,
        ["actions[0] is left out: `NO_VALIDATE` has no validate"]
    );
    assert!(info.engine.starts_with("node v"), "{}", info.engine);

    bench.spec.plugins.remove(0);
    let late = bench.call(ComponentKind::Action, "LATE", json!({}));
    let ending = bench.invoke(late).unwrap().ending;
    assert_eq!(
        crate::support::result(ending),
        json!({"order": ["a", "b"], "config": {"GREETING": "hello from @scope/b", "OTHER": "kept"}})
    );
    // What real plugins expect to be there before their services start.
    let expected = [
        "world.ensure",
        "entity.get",
        "entity.create",
        "room.ensure",
        "participant.list",
        "participant.add",
    ];
    assert_eq!(bench.host.names(), expected);
}
