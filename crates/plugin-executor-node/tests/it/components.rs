//! What each kind of component gets and gives.

use std::collections::BTreeSet;

use futures::executor::block_on;
use futures::future::join_all;
use plugin_runtime_api::{ComponentKind, Ending, Executor as _, ExecutorError};
use serde_json::{Value, json};

use crate::support::{Bench, failure, result};

const PLUGIN: &str = "
    const yes = async () => true;
    export default {
        name: 'p',
        actions: [
            { name: 'ECHO', validate: yes, handler: async (runtime, message, state, options, callback) => {
                await callback({ text: 'one' }); await callback({ text: 'two', big: 5n });
                return { success: true, message, state, options, agent: runtime.agentId, character: runtime.character.name }; } },
            { name: 'PICKY', validate: async (runtime, message) => message.content.text.includes('please'), handler: () => 'done' },
            { name: 'BROKEN', validate: () => { throw new Error('cannot tell'); }, handler: () => 'done' },
            { name: 'THROWS', validate: yes, handler: async () => { throw new RangeError('too far'); } },
            { name: 'ADMITS', validate: yes, handler: () => ({ success: false, error: new Error('no funds') }) },
            { name: 'DENIES', validate: yes, handler: () => false },
            { name: 'ODD', validate: yes, handler: () => { throw null; } },
        ],
        providers: [
            { name: 'TIME', get: async (runtime, message) => ({ text: 'now: ' + message.content.text, values: { a: 1 }, data: { b: [1] }, junk: 1 }) },
            { name: 'OLD', get: () => 'only text' },
        ],
        evaluators: [
            { name: 'REFLECT', validate: async (r, m) => m.content.text === 'yes', handler: () => ({ noted: true }) },
            { name: 'ALWAYS', alwaysRun: true, validate: () => false, handler: () => ({ noted: true }) },
        ],
        models: { TEXT_SMALL: async (runtime, params) => params.prompt.toUpperCase() },
        events: { PING: [async (payload) => { payload.runtime.seen = payload.n; }, async () => {}] },
        routes: [
            { type: 'GET', path: '/items/:id', handler: async (req, res) => res.status(201).json({ id: req.params.id, q: req.query.q, url: req.url }) },
            { type: 'POST', path: '/raw', handler: (req, res) => { res.writeHead(202, { 'Content-Type': 'text/plain' }); setTimeout(() => res.end('later ' + req.body.n), 10); } },
            { type: 'GET', path: '/fails', handler: async () => { throw new Error('no page'); } },
        ],
    };";

#[test]
fn every_kind_is_run_by_its_exact_name() {
    let Some(bench) = Bench::of(PLUGIN) else {
        return;
    };
    bench.start();
    use ComponentKind::{Action, Evaluator, Event, Model, Provider, Route};
    let run = |kind, name: &str, input| {
        let call = bench.call(kind, name, input);
        serde_json::to_value(bench.invoke(call).unwrap().ending).unwrap()
    };
    let check = |kind, name: &str, input: Value, expected: Value| {
        assert_eq!(run(kind, name, input), expected, "{name}");
    };
    let ok = |output: Value| json!({"ending": "succeeded", "output": output});
    check(
        Action,
        "PICKY",
        json!({"text": "please"}),
        ok(json!({"result": "done", "responses": []})),
    );
    let refused = json!({"ending": "refused", "reason": "validate of PICKY said no to this input"});
    check(Action, "PICKY", json!({"text": "now"}), refused);
    let provided = json!({"text": "now: x", "values": {"a": 1}, "data": {"b": [1]}});
    check(Provider, "TIME", json!({"text": "x"}), ok(provided));
    check(Provider, "OLD", json!({}), ok(json!({"text": "only text"})));
    let noted = ok(json!({"result": {"noted": true}, "responses": []}));
    check(Evaluator, "REFLECT", json!({"text": "yes"}), noted.clone());
    check(Evaluator, "ALWAYS", json!({}), noted);
    assert_eq!(
        run(Evaluator, "REFLECT", json!({})).get("ending").unwrap(),
        "refused"
    );
    check(
        Model,
        "TEXT_SMALL",
        json!({"prompt": "abc"}),
        ok(json!("ABC")),
    );
    check(Event, "PING", json!({"n": 1}), ok(Value::Null));
    check(
        Route,
        "GET /items/:id",
        json!({"params": {"id": "7"}, "query": {"q": "a b"}}),
        ok(json!({
            "status": 201, "headers": {"content-type": "application/json"},
            "body": {"id": "7", "q": "a b", "url": "/items/:id?q=a+b"},
        })),
    );
    check(
        Route,
        "POST /raw",
        json!({"body": {"n": 3}}),
        ok(json!({"status": 202, "headers": {"content-type": "text/plain"}, "body": "later 3"})),
    );
    assert_eq!(
        run(Route, "GET /fails", json!({}))
            .pointer("/error/message")
            .unwrap(),
        "no page"
    );
}

#[test]
fn an_action_finds_its_input_wherever_plugins_look() {
    let Some(bench) = Bench::of(PLUGIN) else {
        return;
    };
    bench.start();
    let input = json!({"text": "hi", "amount": 3, "__proto__": {"admin": true}});
    let Ending::Succeeded { output } = bench.act("ECHO", input) else {
        panic!();
    };
    let at = |path: &str| output.pointer(path).unwrap_or(&Value::Null).clone();
    assert_eq!(
        at("/responses"),
        json!([{"text": "one"}, {"text": "two", "big": "5"}])
    );
    assert_eq!(at("/result/message/content/text"), "hi");
    assert_eq!(at("/result/message/content/actionParams/amount"), 3);
    assert_eq!(at("/result/options/amount"), 3);
    assert_eq!(at("/result/options/parameters/amount"), 3);
    assert_eq!(at("/result/options/admin"), Value::Null);
    assert_eq!(at("/result/character"), "Ada");
    let agent = bench.spec.agent.to_string();
    assert_eq!(at("/result/agent"), json!(agent));
    assert_eq!(at("/result/message/roomId"), json!(agent));
    assert_eq!(
        at("/result/state"),
        json!({"values": {}, "data": {}, "text": ""})
    );
}

#[test]
fn failures_keep_the_plugins_words() {
    let Some(bench) = Bench::of(PLUGIN) else {
        return;
    };
    bench.start();
    for (name, class, message) in [
        ("BROKEN", "Error", "cannot tell"),
        ("THROWS", "RangeError", "too far"),
        ("ADMITS", "Error", "no funds"),
        ("DENIES", "ActionFailed", "DENIES returned false"),
        ("ODD", "Thrown", "null"),
    ] {
        let (found, words) = failure(bench.act(name, json!({})));
        assert_eq!((found.as_str(), words.as_str()), (class, message));
    }
}

#[test]
fn names_are_never_guessed() {
    let Some(bench) = Bench::of(PLUGIN) else {
        return;
    };
    bench.start();
    for name in ["echo", "ECH", "ECHO ", "constructor", "__proto__"] {
        let call = bench.call(ComponentKind::Action, name, json!({}));
        let Err(ExecutorError::NoSuchComponent { available, .. }) = bench.invoke(call) else {
            panic!("{name} was run");
        };
        let expected = [
            "ADMITS", "BROKEN", "DENIES", "ECHO", "ODD", "PICKY", "THROWS",
        ];
        assert_eq!(available, expected, "{name}");
    }
    let mut other = bench.call(ComponentKind::Action, "ECHO", json!({}));
    other.plugin = "q".parse().unwrap();
    assert_eq!(bench.invoke(other).unwrap_err().tag(), "NoSuchComponent");
}

#[test]
fn sixty_four_calls_at_once_are_each_answered_with_their_own() {
    let source = crate::support::action(
        "await new Promise(r => setTimeout(r, 5 * (options.n % 7)));
         await runtime.setCache('k' + options.n, options.n); return runtime.getCache('k' + options.n)",
    );
    let Some(bench) = Bench::of(&source) else {
        return;
    };
    bench.start();
    let calls = (0..64).map(|n| {
        let call = bench.call(ComponentKind::Action, "RUN", json!({ "n": n }));
        bench.executor.invoke(&bench.spec.runtime, call)
    });
    let answers: Vec<Value> = block_on(join_all(calls))
        .into_iter()
        .map(|outcome| {
            let outcome = outcome.unwrap();
            assert_eq!(outcome.usage.host_calls, 2);
            result(outcome.ending)
        })
        .collect();
    assert_eq!(answers, (0..64).map(|n| json!(n)).collect::<Vec<_>>());
    let asked: BTreeSet<&str> = bench.host.names().into_iter().collect();
    assert!(asked.contains("cache.set") && asked.contains("cache.get"));
}

#[test]
fn the_same_key_runs_once() {
    let source = crate::support::action("globalThis.n = (globalThis.n ?? 0) + 1; return n");
    let Some(bench) = Bench::of(&source) else {
        return;
    };
    bench.start();
    let call = bench.call(ComponentKind::Action, "RUN", json!({}));
    assert_eq!(block_on(bench.executor.outcome(&call.key)), Ok(None));
    let twice =
        [call.clone(), call.clone()].map(|it| bench.executor.invoke(&bench.spec.runtime, it));
    let twice = block_on(join_all(twice));
    assert_eq!(twice.first(), twice.last());
    let again = bench.invoke(call.clone()).unwrap();
    assert_eq!(result(again.ending.clone()), 1);
    assert_eq!(block_on(bench.executor.outcome(&call.key)), Ok(Some(again)));
    assert_eq!(bench.result(json!({})), 2);
}

#[test]
fn usage_says_what_it_took() {
    let source = crate::support::action("await runtime.getCache('x'); return 'x'.repeat(1000)");
    let Some(bench) = Bench::of(&source) else {
        return;
    };
    bench.start();
    let call = bench.call(
        ComponentKind::Action,
        "RUN",
        json!({"text": "y".repeat(500)}),
    );
    let usage = bench.invoke(call).unwrap().usage;
    assert_eq!(usage.host_calls, 1);
    assert!(usage.wall_us > 0);
    assert!((500..5_000).contains(&usage.bytes_in), "{usage:?}");
    assert!((1_000..5_000).contains(&usage.bytes_out), "{usage:?}");
    if cfg!(target_os = "linux") {
        assert!(usage.memory_bytes > 10 << 20, "{usage:?}");
    }
}
