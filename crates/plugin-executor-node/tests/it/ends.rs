//! Every way a worker or an execution can end, each typed, none leaving anything behind.

use std::time::Duration;

use futures::executor::block_on;
use plugin_runtime_api::{ComponentKind, Ending, Executor as _, RuntimeStatus};
use serde_json::json;

use crate::support::{Bench, failure, result};

fn status(bench: &Bench) -> RuntimeStatus {
    block_on(bench.executor.status(&bench.spec.runtime)).unwrap()
}

fn timed(bench: &Bench, input: serde_json::Value, timeout_ms: u64) -> Ending {
    let mut call = bench.call(ComponentKind::Action, "RUN", input);
    call.timeout_ms = timeout_ms;
    bench.invoke(call).unwrap().ending
}

/// The worker's process ends, and nobody has to wait for it any more.
fn wait_until_gone(bench: &Bench, pid: u64) {
    while std::path::Path::new(&format!("/proc/{pid}")).exists() {
        std::thread::yield_now();
    }
    assert!(matches!(
        status(bench),
        RuntimeStatus::Crashed { .. } | RuntimeStatus::Stopped
    ));
}

#[test]
fn no_code_inside_delays_the_hosts_clock() {
    for body in [
        "for (;;) {}",
        "const spin = () => Promise.resolve().then(spin); await spin()",
        "await new Promise(() => {})",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    ] {
        let body = format!("if (options.pid) return process.pid; {body}");
        let Some(bench) = Bench::of_action(&body) else {
            return;
        };
        bench.start();
        let pid = bench.result(json!({"pid": true})).as_u64().unwrap();
        assert_eq!(
            timed(&bench, json!({}), 300),
            Ending::TimedOut { after_ms: 300 },
            "{body}"
        );
        wait_until_gone(&bench, pid);
        // A crashed runtime is started again under the same fence.
        bench.start();
        assert_ne!(bench.result(json!({"pid": true})).as_u64(), Some(pid));
    }
}

#[test]
fn the_specs_own_time_limit_holds_too() {
    let Some(mut bench) = Bench::of_action("await new Promise(() => {})") else {
        return;
    };
    bench.spec.limits.timeout_ms = 200;
    bench.start();
    assert_eq!(
        timed(&bench, json!({}), 60_000),
        Ending::TimedOut { after_ms: 200 }
    );
}

#[test]
fn exiting_in_the_middle_is_a_crash_with_its_reason() {
    for (body, reason) in [
        ("process.exit(5)", "the worker exited with code 5"),
        ("process.exit(0)", "the worker exited with code 0"),
        ("process.abort()", "the worker was ended by signal 6"),
        (
            "process.kill(process.pid, 'SIGKILL')",
            "the worker was ended by signal 9",
        ),
        (
            "setTimeout(() => { throw new Error('loose end') }); await new Promise(() => {})",
            "the worker exited with code 70: Error: loose end",
        ),
        (
            "fs.closeSync(3); for (;;) {}",
            "the worker closed its channel",
        ),
        (
            "fs.writeSync(3, Buffer.from([255, 255, 255, 255])); await new Promise(() => {})",
            "the worker sent a frame of 4294967295 bytes is above the limit of 8388608",
        ),
        (
            "fs.writeSync(3, Buffer.from([0, 0, 0, 2, 123, 125])); await new Promise(() => {})",
            "the worker sent what is no frame: missing field `t` at line 1 column 2",
        ),
    ] {
        let Some(bench) = Bench::of_action(body) else {
            return;
        };
        bench.start();
        let expected = Ending::Crashed {
            reason: reason.to_owned(),
        };
        assert_eq!(bench.run(json!({})), expected, "{body}");
        let fence = bench.spec.fence;
        let crashed = RuntimeStatus::Crashed {
            fence,
            reason: reason.to_owned(),
        };
        // The outcome is told when nothing of the worker is left, or just before.
        while status(&bench) != crashed {
            std::thread::yield_now();
        }
        let call = bench.call(ComponentKind::Action, "RUN", json!({}));
        assert_eq!(bench.invoke(call).unwrap_err().tag(), "RuntimeNotRunning");
    }
}

#[test]
fn a_promise_nobody_waits_for_does_not_end_the_worker() {
    let Some(bench) = Bench::of_action(
        "Promise.reject(new Error('unseen')); await new Promise(r => setTimeout(r, 20)); return 1",
    ) else {
        return;
    };
    bench.start();
    assert_eq!(bench.result(json!({})), 1);
    assert_eq!(bench.result(json!({})), 1);
}

#[test]
fn memory_is_bounded_whatever_it_is_taken_with() {
    for body in [
        "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))",
        "const all = []; for (;;) all.push(new Array(100_000).fill({}).map(() => ({ a: Math.random() })))",
        "const all = []; for (;;) { const b = new SharedArrayBuffer(1 << 24); new Uint8Array(b).fill(1); all.push(b); }",
    ] {
        let Some(bench) = Bench::of_action(body) else {
            return;
        };
        let enforcement = bench.executor.enforcement(&bench.spec.engine).unwrap();
        if !enforcement
            .barriers
            .contains_key(&plugin_runtime_api::Barrier::Memory)
        {
            return crate::support::skip("this system cannot bound a worker's memory");
        }
        bench.start();
        let limit_bytes = bench.spec.limits.memory_bytes;
        let call = bench.call(ComponentKind::Action, "RUN", json!({}));
        let outcome = bench.invoke(call).unwrap();
        assert_eq!(
            outcome.ending,
            Ending::OutOfMemory { limit_bytes },
            "{body}"
        );
    }
}

#[test]
fn outputs_are_bounded_and_the_worker_goes_on() {
    let Some(mut bench) = Bench::of_action("return eval(options.code)") else {
        return;
    };
    bench.spec.limits.output_bytes = 100_000;
    bench.start();
    for code in [
        "'x'.repeat(100 * 1024 * 1024)",
        "Buffer.alloc(100 * 1024 * 1024)",
        "new Array(1e6).fill(1)",
        "let deep = []; for (let i = 0; i < 1000; i++) deep = [deep]; deep",
        // Fits as data, does not as JSON.
        "'\\u0001'.repeat(90_000)",
    ] {
        let (class, _) = failure(bench.run(json!({ "code": code })));
        assert_eq!(class, "OutputTooLarge", "{code}");
    }
    assert_eq!(
        bench.result(json!({"code": "const c = {n: 1}; c.c = c; c"})),
        json!({"n": 1})
    );
    assert_eq!(
        bench.result(json!({"code": "[NaN, 1n, () => 1, undefined]"})),
        json!([null, "1", null, null])
    );
    // An input no frame can carry is the caller's failure, and typed as well.
    let huge = "x".repeat(9 << 20);
    assert_eq!(
        failure(bench.run(json!({ "text": huge }))).0,
        "InputTooLarge"
    );
}

#[test]
fn polluting_prototypes_does_not_forge_frames() {
    let Some(bench) = Bench::of_action(
        "Object.prototype.toJSON = () => ({ forged: true }); Array.prototype.toJSON = () => 'forged';
         Object.prototype.ending = 'succeeded'; return { list: [1], text: 'x' }",
    ) else {
        return;
    };
    bench.start();
    for _ in 0..2 {
        assert_eq!(
            bench.result(json!({"a": [1]})),
            json!({"list": [1], "text": "x"})
        );
    }
}

#[test]
fn cancelling_ends_the_wait_and_then_the_work() {
    let Some(bench) = Bench::of_action(
        "if (options.pid) return process.pid; await runtime.setCache('began', 1); for (;;) { await new Promise(r => setTimeout(r, 5)); await runtime.setCache('on', 1); }",
    ) else {
        return;
    };
    bench.start();
    let mut call = bench.call(ComponentKind::Action, "RUN", json!({}));
    call.timeout_ms = 1_500;
    let execution = call.execution;
    let running = bench.executor.invoke(&bench.spec.runtime, call);
    let cancelling = async {
        while !bench.host.names().contains(&"cache.set") {
            std::thread::yield_now();
        }
        bench
            .executor
            .cancel(&bench.spec.runtime, &execution)
            .await
            .unwrap();
        bench
            .executor
            .cancel(&bench.spec.runtime, &execution)
            .await
            .unwrap();
    };
    let (outcome, ()) = block_on(futures::future::join(running, cancelling));
    assert_eq!(outcome.unwrap().ending, Ending::Cancelled);
    // The cancelled code fails at its next host call; the worker serves on.
    assert!(bench.result(json!({"pid": true})).is_u64());
}

#[test]
fn stopping_lets_executions_and_services_end() {
    let Some(bench) = Bench::of(
        "export default { name: 'p', services: [class S { static serviceType = 's'; static async start(runtime) { return Object.assign(new S(), { runtime }); } async stop() { await this.runtime.setCache('stopped', 1); } }],
         actions: [{ name: 'RUN', validate: () => true, handler: async (runtime) => { await runtime.getCache('began'); await new Promise(r => setTimeout(r, 100)); return 'finished'; } }] }",
    ) else {
        return;
    };
    bench.start();
    let (runtime, fence) = (bench.spec.runtime, bench.spec.fence);
    let running = bench.executor.invoke(
        &runtime,
        bench.call(ComponentKind::Action, "RUN", json!({})),
    );
    let stopping = async {
        while !bench.host.names().contains(&"cache.get") {
            std::thread::yield_now();
        }
        bench
            .executor
            .stop(&runtime, fence, Duration::from_secs(10))
            .await
            .unwrap();
    };
    let (outcome, ()) = block_on(futures::future::join(running, stopping));
    assert_eq!(result(outcome.unwrap().ending), "finished");
    assert!(bench.host.names().contains(&"cache.set"));
    assert_eq!(status(&bench), RuntimeStatus::Stopped);
    block_on(bench.executor.stop(&runtime, fence, Duration::ZERO)).unwrap();
}

#[test]
fn stopping_by_force_cancels_and_leaves_no_process() {
    let Some(bench) = Bench::of_action(
        "if (options.pid) { const { spawn } = await import('node:child_process'); const c = spawn('sleep', ['1000']); await new Promise(r => c.on('spawn', r).on('error', r)); return [process.pid, c.pid]; }
         await runtime.getCache('began'); for (;;) {}",
    ) else {
        return;
    };
    bench.start();
    let pids = bench.result(json!({"pid": true}));
    let (runtime, fence) = (bench.spec.runtime, bench.spec.fence);
    let running = bench.executor.invoke(
        &runtime,
        bench.call(ComponentKind::Action, "RUN", json!({})),
    );
    let stopping = async {
        while !bench.host.names().contains(&"cache.get") {
            std::thread::yield_now();
        }
        bench
            .executor
            .stop(&runtime, fence, Duration::from_millis(100))
            .await
            .unwrap();
    };
    let (outcome, ()) = block_on(futures::future::join(running, stopping));
    assert_eq!(outcome.unwrap().ending, Ending::Cancelled);
    let worker = pids.get(0).unwrap().as_u64().unwrap();
    assert!(
        !std::path::Path::new(&format!("/proc/{worker}")).exists(),
        "the worker is left as a zombie"
    );
    if let Some(child) = pids.get(1).and_then(serde_json::Value::as_u64) {
        // Its parent is gone, so it is the system's to reap; it must not run.
        let dead = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        while !dead() {
            std::thread::yield_now();
        }
    }
}

#[test]
fn dropping_the_executor_ends_its_workers_and_removes_what_they_wrote() {
    let Some(bench) = Bench::of_action(
        "fs.writeFileSync(process.env.TMPDIR + '/left', 'x'); return [process.pid, process.env.HOME]",
    ) else {
        return;
    };
    bench.start();
    let left = bench.result(json!({}));
    let pid = left.get(0).unwrap().as_u64().unwrap();
    let home = std::path::PathBuf::from(left.get(1).unwrap().as_str().unwrap());
    assert!(home.join("left").is_file());
    drop(bench);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(!home.parent().unwrap().exists());
}
