//! Ctrl-C while versions are looked for.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};

use crate::program::{Home, skip};
use crate::registry::{Version, answering, serve};

/// How many pigeons want a hole of their own, of which there is one less: hard to refute.
const PIGEONS: usize = 12;

fn document(name: &str) -> Option<Value> {
    let own = name.strip_prefix("@elizaos/")?;
    let versions: Map<String, Value> = (1..=PIGEONS)
        .map(|at| {
            let version = format!("{at}.0.0");
            let mut release = json!({"name": name, "version": version});
            if let Some(pigeon) = own.strip_prefix("pigeon") {
                let pigeon: usize = pigeon.parse().unwrap();
                let hole = format!("@elizaos/hole{}", at.min(PIGEONS - 1));
                release["dependencies"] = json!({hole: format!("{}.0.0", pigeon + 1)});
            }
            (version, release)
        })
        .collect();
    Some(json!({"name": name, "dist-tags": {}, "versions": versions}))
}

fn registry() -> String {
    answering(|path| {
        Some(
            document(path.trim_start_matches('/'))?
                .to_string()
                .into_bytes(),
        )
    })
}

#[cfg(unix)]
#[test]
fn a_search_ends_when_its_person_has_had_enough() {
    let home = Home::new()
        .without_network()
        .with("npm_config_registry", &registry());
    let pigeons: Vec<String> = (0..PIGEONS)
        .map(|at| format!("@elizaos/pigeon{at}@*"))
        .collect();
    for (command, option) in [("tree", "--verbose"), ("plan", "--json")] {
        let mut child = home
            .command([command, option, "--steps", "18446744073709551615"])
            .args(&pigeons)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        assert_eq!(
            line.trim(),
            "looking for versions that fit together; Ctrl-C ends it"
        );
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut said = String::new();
        err.read_to_string(&mut said).unwrap();
        let output = child.wait_with_output().unwrap();
        said.push_str(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("ResolutionCancelled"), "{said}");
        assert!(said.contains("nothing was changed"), "{said}");
    }
    let spent = home.run_all(
        ["tree", "--steps", "10"]
            .iter()
            .map(ToString::to_string)
            .chain(pigeons),
    );
    assert_eq!(spent.code, 5, "{}", spent.page());
    assert!(
        spent.err.contains("`--steps` allows more"),
        "{}",
        spent.page()
    );
}

const SLEEPER: &str = r#"
export default {
  name: "sleeper",
  description: "Takes its time",
  actions: [{
    name: "SLEEP", description: "sleeps", similes: [], examples: [], validate: async () => true,
    handler: async () => {
      await new Promise((done) => setTimeout(done, 25000));
      return { success: true, text: "awake" };
    },
  }],
};
"#;

#[cfg(unix)]
#[test]
fn an_execution_that_is_interrupted_is_cancelled_and_its_plugin_stays_active() {
    let path = std::env::var("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|place| place.join(program).is_file());
    if let Some(missing) = ["node", "npm"].iter().find(|it| !is_there(it)) {
        return skip(
            "an interrupted execution",
            &format!("{missing} is not on PATH"),
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let home = with_sleeper(folder.path(), &path);
    let child = begun(&home);
    let id = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(asked.success());
    assert_eq!(ended(child), (Some(130), "cancelled".to_owned()));
    let state = || home.json("status sleeper")[0]["state"].clone();
    assert_eq!(state(), "ACTIVE");
    assert!(home.ok("runs sleeper").contains("cancelled"));

    // By another process, which has no part in it.
    let child = begun(&home);
    let status = home.json("status sleeper");
    let execution = status[0]["executions"][0]["execution"].as_str().unwrap();
    home.ok(&format!("cancel sleeper {execution}"));
    assert_eq!(ended(child), (Some(1), "cancelled".to_owned()));
    assert_eq!(state(), "ACTIVE");
}

fn with_sleeper(folder: &Path, path: &str) -> Home {
    let versions = [Version {
        version: "1.0.0",
        parameters: json!({}),
        code: SLEEPER,
    }];
    let packages = folder.join("packages");
    let registry = serve("@elizaos/plugin-sleeper", &versions, &packages, path);
    let home = Home::new()
        .without_network()
        .with("npm_config_registry", &registry)
        .with("PATH", path);
    home.ok("install @elizaos/plugin-sleeper");
    home.ok("activate sleeper");
    home
}

/// An execution that is at work.
fn begun(home: &Home) -> Child {
    let child = home
        .command(["exec", "sleeper", "SLEEP"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let state = || home.json("status sleeper")[0]["state"].clone();
    let begins = (0..200).any(|_| state() == "EXECUTING");
    assert!(begins, "it was never at work");
    // It is written before its runtime is started.
    std::thread::sleep(std::time::Duration::from_secs(3));
    child
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), said.trim().to_owned())
}
