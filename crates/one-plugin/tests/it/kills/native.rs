//! Hosts of a native plugin: killed between two instructions of ours.

use std::io::{BufReader, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use plugin_lifecycle::native_source;
use plugin_runtime_api::{Engine, NativeExecutor, NativePlugin, NotesPlugin};
use serde_json::json;

use super::{Host, asked, kills, start, wait_for};

fn on(file: &Path, hours: u64) -> Host {
    let native: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(NotesPlugin)];
    let mut host = Host::on(file, hours, Arc::new(NativeExecutor::new(native.clone())));
    let source = Arc::new(native_source(&native));
    host.manager = host.manager.with_source_for(Engine::Native, source);
    host
}

/// The whole life of a plugin, over and over, wherever the last host was killed.
fn work(host: &Host) {
    let tenant = host.tenant();
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        let there = block_on(tenant.installed(NotesPlugin::NAME)).unwrap();
        let instance = match there {
            Some(plugin) => plugin.instance,
            None => {
                let plan = block_on(tenant.plan_install(NotesPlugin::NAME, "^1.0")).unwrap();
                block_on(tenant.install(&plan)).unwrap()
            }
        };
        // It may be anywhere: what cannot be done there is refused.
        drop(block_on(tenant.activate(instance)));
        for _ in 0..3 {
            drop(block_on(tenant.execute(
                instance,
                "ADD_NOTE",
                json!({"text": "x"}),
            )));
        }
        drop(block_on(tenant.deactivate(instance)));
        drop(block_on(tenant.uninstall(instance)));
    }
}

/// Not a test: where a host that the test below starts begins. Started as one, it does nothing.
#[test]
fn host() {
    if let Some((file, hours)) = asked() {
        work(&on(&file, hours));
    }
}

#[test]
fn whatever_a_killed_host_left_is_finished_or_undone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("facts.sqlite");
    on(&file, 0).found();
    let (kills, mut taken) = (kills(), 0);
    for round in 0..kills {
        let mut child = start("kills::native::host", &file, round * 2)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        wait_for(&mut child, &mut out, "ready");
        // Somewhere in its work: primes apart, so that no rhythm of the host is met each time.
        std::thread::sleep(Duration::from_micros(3_000 + round * 7_919 % 61_000));
        child.kill().unwrap();
        child.wait().unwrap();
        taken += on(&file, round * 2 + 1).recover(&format!("kill {round}"));
    }
    eprintln!("{kills} hosts killed, {taken} times something was under way");
    assert!(taken > 0 || kills < 20, "nothing was ever under way");
}
