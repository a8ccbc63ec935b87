//! Hosts of a Node plugin, with npm, workers and processes of their own: killed in the middle of each operation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_executor_node::{NodeConfig, NodeExecutor};
use plugin_lifecycle::{Approval, ManagerError, Run, RunOutcome, Tenant};
use plugin_source_npm::{NpmOptions, NpmPlaces, NpmSource};
use serde_json::json;

use super::{Host, asked, kills, start, wait_for};
use crate::program::skip;
use crate::registry::{Version, serve};

const REGISTRY: &str = "ONE_PLUGIN_TEST_KILLED_REGISTRY";
const FOLDER: &str = "ONE_PLUGIN_TEST_KILLED_FOLDER";
const PLUGIN: &str = "@elizaos/plugin-ledger";
const FIRST: &str = "1.0.0";
const SECOND: &str = "1.1.0";

/// A plugin whose action does something that can be counted: it writes a line, and takes a moment.
const LEDGER: &str = r#"
import { appendFileSync } from "node:fs";
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export default {
  name: "ledger",
  description: "Writes down what it is told",
  actions: [{
    name: "WRITE", description: "Writes a line", similes: [], examples: [],
    validate: async () => true,
    handler: async (_runtime, message) => {
      await sleep(15);
      appendFileSync("LINES", `${message.content.text}\n`);
      await sleep(15);
      return { success: true, text: "written" };
    },
  }],
};
"#;

/// What a host is killed in the middle of, and how many milliseconds that may take.
const OPERATIONS: [(&str, u64); 5] = [
    ("install", 1_500),
    ("activate", 300),
    ("execute", 120),
    ("update", 2_000),
    ("uninstall", 150),
];

/// Where a test and its hosts keep things.
struct Places {
    folder: PathBuf,
    registry: String,
}

impl Places {
    fn file(&self) -> PathBuf {
        self.folder.join("facts.sqlite")
    }

    fn lines(&self) -> PathBuf {
        self.folder.join("lines")
    }

    fn on(&self, hours: u64) -> Host {
        let path = std::env::var("PATH").unwrap();
        let home = self.folder.display().to_string();
        let environment = BTreeMap::from([
            ("PATH".to_owned(), path.clone()),
            ("HOME".to_owned(), home.clone()),
            ("TMPDIR".to_owned(), home),
            ("npm_config_registry".to_owned(), self.registry.clone()),
        ]);
        let config = NpmPlaces::new(environment.clone()).config().unwrap();
        let options = NpmOptions::new(self.folder.join("packages"), environment);
        let source = Arc::new(NpmSource::new(config, options).unwrap());
        let node = NodeConfig::from_path_variable(Some(path.into()));
        let node = Arc::new(NodeExecutor::new(node).unwrap());
        let mut host = Host::on(&self.file(), hours, node);
        host.manager = host.manager.with_source(source);
        host
    }

    /// The processes that run files below the folder of the hosts.
    fn workers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for process in std::fs::read_dir("/proc").unwrap() {
            let line = std::fs::read(process.unwrap().path().join("cmdline"));
            let line = String::from_utf8_lossy(&line.unwrap_or_default()).replace('\0', " ");
            if line.contains("main.mjs") && line.contains(self.folder.to_str().unwrap()) {
                found.push(line);
            }
        }
        found
    }
}

fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
}

/// The whole life of a plugin, over and over, wherever the last host was killed.
fn work(host: &Host) {
    let tenant = host.tenant();
    for life in 0.. {
        let instance = match block_on(tenant.installed(PLUGIN)).unwrap() {
            Some(plugin) => plugin.instance,
            None => {
                say("install");
                let plan = block_on(tenant.plan_install(PLUGIN, FIRST)).unwrap();
                block_on(tenant.install(&plan)).unwrap()
            }
        };
        // It may be anywhere: what cannot be done there is refused.
        say("activate");
        drop(block_on(tenant.activate(instance)));
        for part in 0..3 {
            write(
                &tenant,
                instance,
                &format!("{}.{life}.{part}", std::process::id()),
            );
            if part == 1 {
                say("update");
                drop(block_on(update(&tenant, instance)));
            }
        }
        drop(block_on(tenant.deactivate(instance)));
        say("uninstall");
        drop(block_on(tenant.uninstall(instance)));
    }
}

fn write(tenant: &Tenant, instance: ThingId, line: &str) {
    say("execute");
    let input = json!({"text": line});
    drop(block_on(tenant.execute(instance, "WRITE", input)));
}

async fn update(tenant: &Tenant, instance: ThingId) -> Result<(), ManagerError> {
    let version = tenant.instance(instance).await?.properties.version;
    let to = if version == FIRST { SECOND } else { FIRST };
    let plan = tenant.plan_update(instance, to).await?;
    tenant.update(&plan, &Approval::of(&plan)).await
}

/// Not a test: where a host that the test below starts begins. Started as one, it does nothing.
#[test]
fn host() {
    let (folder, registry) = (std::env::var_os(FOLDER), std::env::var(REGISTRY));
    if let (Some((_, hours)), Some(folder), Ok(registry)) = (asked(), folder, registry) {
        let folder = folder.into();
        work(&Places { folder, registry }.on(hours));
    }
}

/// Kills a host in the middle of an operation, and waits until its workers have ended.
fn kill(places: &Places, round: u64) -> &'static str {
    let (operation, takes) = OPERATIONS[round as usize % OPERATIONS.len()];
    let mut child = start("kills::node::host", &places.file(), round * 2)
        .env(FOLDER, &places.folder)
        .env(REGISTRY, &places.registry)
        .env("TMPDIR", &places.folder)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    wait_for(&mut child, &mut out, operation);
    // Primes apart, so that no rhythm of the host is met each time.
    std::thread::sleep(Duration::from_millis(round * 7_919 % takes));
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..1_000 {
        if places.workers().is_empty() {
            return operation;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = places.workers();
    assert_eq!(
        left,
        Vec::<String>::new(),
        "workers outlive the host that was killed"
    );
    operation
}

/// Nothing was done twice, nothing is said to be done that was not, and nothing was done that is not told of.
///
/// Gives how many executions have succeeded.
fn compare(places: &Places, host: &Host, after: &str) -> usize {
    let tenant = host.tenant();
    let lines = std::fs::read_to_string(places.lines()).unwrap_or_default();
    let lines: Vec<&str> = lines.lines().collect();
    let once: BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(
        once.len(),
        lines.len(),
        "written twice, after {after}: {lines:?}"
    );
    let trail = host.trail(tenant.scope());
    let runs: Vec<Run> = trail.iter().filter_map(Run::of).collect();
    let ended = |outcomes: &[RunOutcome]| {
        let such = runs.iter().filter(|run| outcomes.contains(&run.outcome));
        such.count()
    };
    let succeeded = ended(&[RunOutcome::Succeeded]);
    let not_run = ended(&[RunOutcome::NotRun, RunOutcome::Refused]);
    let written = lines.len();
    assert!(
        succeeded <= written && written <= runs.len() - not_run,
        "{written} written, {succeeded} succeeded, {not_run} of {} not run, after {after}",
        runs.len()
    );
    succeeded
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_a_killed_host_of_node_plugins_left_is_finished_or_undone() {
    let path = std::env::var("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|place| place.join(program).is_file());
    if let Some(missing) = ["node", "npm"].iter().find(|it| !is_there(it)) {
        return skip(
            "kills of a host with workers",
            &format!("{missing} is not on PATH"),
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("lines");
    let code = LEDGER.replace("LINES", lines.to_str().unwrap());
    let versions = [FIRST, SECOND].map(|version| Version {
        version,
        parameters: json!({}),
        code: &code,
    });
    let written = folder.path().join("written");
    let registry = serve(PLUGIN, &versions, &written, &path);
    let places = Places {
        folder: folder.path().to_owned(),
        registry,
    };
    places.on(0).found();
    let (kills, mut taken) = (kills(), BTreeMap::new());
    let mut succeeded = 0;
    for round in 0..kills {
        let operation = kill(&places, round);
        let after = format!("kill {round}, in {operation}");
        let host = places.on(round * 2 + 1);
        *taken.entry(operation).or_insert(0) += host.recover(&after);
        succeeded = compare(&places, &host, &after);
    }
    eprintln!("{kills} hosts killed; under way were, by operation: {taken:?}");
    assert!(
        kills < 20 || taken.values().filter(|it| **it > 0).count() > 2,
        "hardly anything was ever under way: {taken:?}"
    );
    assert!(
        kills < 20 || succeeded > 20,
        "{succeeded} executions succeeded"
    );
}
