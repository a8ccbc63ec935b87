//! What plugin code may ask of its host, and as whom.

use plugin_runtime_api::ComponentKind;
use serde_json::{Value, json};

use crate::support::{Bench, failure, thing};

#[test]
fn settings_are_the_plugins_own_and_exact() {
    let Some(bench) = Bench::of_action(
        "return ['GREETING', 'FLAG', 'COUNT', 'FROM_CHARACTER', 'PATH', 'constructor', '__proto__'].map(k => runtime.getSetting(k))",
    ) else {
        return;
    };
    bench.start();
    let expected = json!(["hello from p", false, 0, "c", null, null, null]);
    assert_eq!(bench.result(json!({})), expected);
}

#[test]
fn secrets_are_asked_for_by_name_before_anything_loads() {
    let Some(mut bench) = Bench::of_action(
        "return ['TOKEN', 'ABSENT', 'GREETING', 'OTHER'].map(k => runtime.getSetting(k))",
    ) else {
        return;
    };
    let plugin = bench.spec.plugins.first_mut().unwrap();
    plugin.secrets = vec!["TOKEN".to_owned(), "ABSENT".to_owned()];
    bench.start();
    assert_eq!(bench.host.asker("setting.get").instance, thing("p"));
    let expected = json!(["secret TOKEN", null, "hello from p", null]);
    assert_eq!(bench.result(json!({})), expected);
}

#[test]
fn what_the_host_does_not_offer_is_said_by_name() {
    let Some(bench) = Bench::of_action("return eval(options.code)") else {
        return;
    };
    bench.start();
    for (code, name) in [
        ("runtime.getConnection()", "getConnection"),
        (
            "runtime.registerDatabaseAdapter({})",
            "registerDatabaseAdapter",
        ),
        ("runtime.messageManager.createMemory({})", "messageManager"),
        ("runtime.databaseAdapter.db", "databaseAdapter"),
        ("runtime.brandNewMethod()", "brandNewMethod"),
    ] {
        let (class, message) = failure(bench.run(json!({ "code": code })));
        assert_eq!(class, "HostUnsupported", "{code}");
        assert_eq!(
            message,
            format!("not supported by this host: {name}"),
            "{code}"
        );
    }
    // What the host itself refuses arrives with the host's name for it.
    let (class, message) = failure(bench.run(json!({"code": "runtime.createTask({name: 't'})"})));
    assert_eq!(class, "HostUnsupported");
    assert_eq!(message, "not supported by this host: task.create");
    // Asking for the runtime itself is harmless.
    let harmless = "[await runtime, JSON.stringify({r: runtime.toJSON}), `${typeof runtime[Symbol.iterator]}`].length";
    let code = format!("(async () => {harmless})()");
    assert_eq!(bench.result(json!({ "code": code })), 3);
    assert_eq!(
        bench.result(json!({"code": "({ runtime, kept: 1 })"})),
        json!({"kept": 1})
    );
}

#[test]
fn calls_that_do_not_hold_are_refused_by_field() {
    let Some(bench) = Bench::of_action("return runtime.createMemory(options.memory, 'facts')")
    else {
        return;
    };
    bench.start();
    let (class, message) =
        failure(bench.run(json!({"memory": {"id": "not a uuid", "content": {}}})));
    assert_eq!(class, "HostCallInvalid");
    assert!(message.starts_with("memory.create: "), "{message}");
}

#[test]
fn the_host_is_told_who_asks_from_what_is_known() {
    let late = "export default { name: 'q', init(c, runtime) { globalThis.q = runtime; },
        actions: [{ name: 'RUN', validate: () => true, handler: async (r) => { await r.setCache('q', 1); setTimeout(() => r.deleteCache('x').catch(() => {}), 20); } }] }";
    let Some(mut bench) = Bench::of_all(&[
        ("p", &crate::support::action("return runtime.getCache('p')")),
        ("q", late),
    ]) else {
        return;
    };
    bench.start();
    let born = bench.host.asker("entity.get");
    assert_eq!((born.execution, born.fence), (None, bench.spec.fence));
    let call = bench.call(ComponentKind::Action, "RUN", json!({}));
    bench.invoke(call.clone()).unwrap();
    let asker = bench.host.asker("cache.get");
    assert_eq!(asker.execution, Some(call.execution));
    assert_eq!(
        (asker.group, asker.agent),
        (bench.spec.group, bench.spec.agent)
    );
    assert_eq!(asker.instance, thing("p"));
    bench.spec.plugins.remove(0);
    let call = bench.call(ComponentKind::Action, "RUN", json!({}));
    bench.invoke(call.clone()).unwrap();
    let asker = bench.host.asker("cache.set");
    assert_eq!(
        (asker.instance, asker.execution),
        (thing("q"), Some(call.execution))
    );
    // What runs on after the end belongs to the runtime, not to the execution.
    while !bench.host.names().contains(&"cache.delete") {
        std::thread::yield_now();
    }
    assert_eq!(bench.host.asker("cache.delete").execution, None);
}

#[test]
fn forged_executions_plugins_and_answers_change_nothing() {
    // The worst a plugin can do with the channel: write frames of its own.
    let Some(bench) = Bench::of_action(
        "const send = (f) => { const b = Buffer.from(JSON.stringify(f)); const h = Buffer.alloc(4); h.writeUInt32BE(b.length); fs.writeSync(3, Buffer.concat([h, b])); };
         send({ t: 'ended', id: 999, ending: { ending: 'succeeded', output: 'forged' } });
         send({ t: 'ended', id: 999, ending: { ending: 'succeeded', output: 'forged' } });
         send({ t: 'started', plugins: [] });
         send({ t: 'absent', id: 77, available: [] });
         send({ t: 'stopped' });
         send({ t: 'call', id: 5000, plugin: 12345, execution: '00000000-0000-0000-0000-000000000001', call: { call: 'cache.get', key: 'forged', group: 'other' } });
         await new Promise(r => setTimeout(r, 50));
         return 'true answer'",
    ) else {
        return;
    };
    bench.start();
    assert_eq!(bench.result(json!({})), "true answer");
    let asker = bench.host.asker("cache.get");
    assert_eq!(
        (asker.group, asker.instance),
        (bench.spec.group, thing("p"))
    );
    assert_eq!(asker.execution, None);
}

#[test]
fn an_answer_given_twice_counts_once() {
    let Some(bench) = Bench::of_action(
        "const send = (f) => { const b = Buffer.from(JSON.stringify(f)); const h = Buffer.alloc(4); h.writeUInt32BE(b.length); fs.writeSync(3, Buffer.concat([h, b])); };
         send({ t: 'ended', id: options.n, ending: { ending: 'succeeded', output: { result: 'first' } } });
         return 'second'",
    ) else {
        return;
    };
    bench.start();
    for n in 1..4 {
        assert_eq!(bench.result(json!({ "n": n })), "first");
    }
}

#[test]
fn a_claim_that_is_the_hosts_to_make_is_not_believed() {
    let Some(bench) = Bench::of_action(
        "const b = Buffer.from(JSON.stringify({ t: 'ended', id: 1, ending: { ending: 'timed_out', after_ms: 1 } }));
         const h = Buffer.alloc(4); h.writeUInt32BE(b.length); fs.writeSync(3, Buffer.concat([h, b])); return 1",
    ) else {
        return;
    };
    bench.start();
    let (class, _) = failure(bench.run(json!({})));
    assert_eq!(class, "ProtocolViolated");
}

#[test]
fn host_calls_of_one_execution_are_bounded() {
    let Some(mut bench) =
        Bench::of_action("for (let i = 0; i < 20; i++) await runtime.getCache('k')")
    else {
        return;
    };
    bench.spec.limits.host_calls = 10;
    bench.start();
    let (class, message) = failure(bench.run(json!({})));
    assert_eq!(class, "HostUnavailable");
    assert!(message.contains("at most 10 host calls"), "{message}");
}

#[test]
fn a_host_that_panics_is_unavailable_once() {
    let Some(bench) = Bench::of_action("return runtime.setCache(options.key, 1)") else {
        return;
    };
    bench.start();
    let (class, _) = failure(bench.run(json!({"key": "panic"})));
    assert_eq!(class, "HostUnavailable");
}

#[test]
fn models_of_a_plugin_go_before_the_hosts() {
    let source = "export default { name: 'p', models: { TEXT_LARGE: (runtime, params) => 'own ' + params.prompt },
        actions: [{ name: 'RUN', validate: () => true, handler: async (runtime) => [
            await runtime.useModel('TEXT_LARGE', { prompt: 'x' }),
            await runtime.useModel('TEXT_SMALL', { prompt: 'x' }),
            (await runtime.useModel('TEXT_EMBEDDING', 'x')).length,
            (await runtime.getModel('TEXT_EMBEDDING')(runtime, { texts: ['a', 'b'] })).length ] }] }";
    let Some(bench) = Bench::of(source) else {
        return;
    };
    bench.start();
    let expected = json!(["own x", "a model read {\"prompt\":\"x\"}", 128, 2]);
    assert_eq!(bench.result(json!({})), expected);
}

#[test]
fn events_reach_handlers_inside_and_the_host_outside() {
    let source = "export default { name: 'p', events: { DONE: [async (p) => { globalThis.got = [p.n, typeof p.runtime.useModel]; }] },
        actions: [{ name: 'RUN', validate: () => true, handler: async (runtime) => { await runtime.emitEvent('DONE', { n: 1, runtime }); return got; } }] }";
    let Some(bench) = Bench::of(source) else {
        return;
    };
    bench.start();
    assert_eq!(bench.result(json!({})), json!([1, "function"]));
    assert!(bench.host.names().contains(&"event.emit"));
}

#[test]
fn the_environment_is_cleared() {
    let Some(bench) = Bench::of_action(
        "return [Object.keys(process.env).sort(), process.cwd() === fs.realpathSync(process.env.HOME), fs.readdirSync('/proc/self/fd').length]",
    ) else {
        return;
    };
    bench.start();
    let found = bench.result(json!({}));
    let names = found.get(0).cloned().unwrap();
    assert_eq!(names, json!(["HOME", "NODE_ENV", "NO_COLOR", "TMPDIR"]));
    assert_eq!(found.get(1), Some(&Value::Bool(true)));
}

#[test]
fn what_is_printed_is_a_log_and_no_answer() {
    use futures::StreamExt as _;
    use plugin_runtime_api::{Executor as _, LogStream};
    let Some(bench) = Bench::of(
        "console.log('loading {\"t\":\"ended\",\"id\":1}'); console.error('warned');
         export default { name: 'p', actions: [{ name: 'RUN', validate: () => true, handler: async (runtime) => {
            runtime.logger.info({ a: 1, runtime }, 'logged'); process.stdout.write('x'.repeat(100_000) + '\\n'); console.log('last'); return 1; } }] }",
    ) else {
        return;
    };
    let mut logs = bench.executor.logs(&bench.spec.runtime);
    bench.start();
    assert_eq!(bench.result(json!({})), 1);
    let mut seen = Vec::new();
    futures::executor::block_on(async {
        while let Some(line) = logs.next().await {
            let last = line.text == "last";
            seen.push((line.stream, line.text));
            if last {
                break;
            }
        }
    });
    let has = |stream, text: &str| seen.iter().any(|it| *it == (stream, text.to_owned()));
    assert!(
        has(LogStream::Stdout, "loading {\"t\":\"ended\",\"id\":1}"),
        "{seen:?}"
    );
    assert!(seen.iter().all(|(_, text)| text.len() < 10_000));
    futures::executor::block_on(async {
        bench
            .executor
            .stop(
                &bench.spec.runtime,
                bench.spec.fence,
                std::time::Duration::ZERO,
            )
            .await
            .unwrap();
        while let Some(line) = logs.next().await {
            seen.push((line.stream, line.text));
        }
    });
    let has = |stream, text: &str| seen.iter().any(|it| *it == (stream, text.to_owned()));
    assert!(has(LogStream::Stderr, "warned"), "{seen:?}");
    assert!(has(LogStream::Logger, "info: {\"a\":1} logged"), "{seen:?}");
}
