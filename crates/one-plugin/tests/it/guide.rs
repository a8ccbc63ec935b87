//! The operator's guide: every command of it runs, in its order, and says what stands there.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::program::skip;
use crate::registry::{Version, serve};

const GUIDE: &str = include_str!("../../../../docs/operating.md");

const GREETER: &str = r#"
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const action = (name, handler) => ({
  name, description: name, similes: [], examples: [], validate: async () => true, handler,
});
export default {
  name: "greeter",
  description: "Greets, at once or slowly",
  INIT
  actions: [
    action("GREET", async (_runtime, message) => (
      { success: true, text: `Good day, ${message.content.text}` })),
    action("GREET_BADLY", async () => { throw new Error("the table is locked"); }),
    action("GREET_SLOWLY", async () => {
      await sleep(20000);
      return { success: true, text: "Good day, at last" };
    }),
  ],
};
"#;

/// A command of the guide, and what it is said to print.
struct Step {
    command: String,
    says: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            is_inside = fence == "console";
        } else if is_inside {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    says: Vec::new(),
                }),
                (None, Some(step)) => step.says.push(line.to_owned()),
                (None, None) => assert_eq!(line, "", "it stands before every command"),
            }
        }
    }
    steps
}

/// Whether a line is as it should be; `…` stands for anything.
fn is_line(said: &str, should: &str) -> bool {
    let mut parts = should.split('…');
    let Some(mut rest) = parts.next().and_then(|first| said.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Whether lines are as they should be; a line that is `…` stands for any number of them.
fn are_lines(said: &[&str], should: &[String]) -> bool {
    match (said, should) {
        ([], []) => true,
        (_, [first, rest @ ..]) if first == "…" => {
            (0..=said.len()).any(|at| are_lines(&said[at..], rest))
        }
        ([line, said @ ..], [first, should @ ..]) => {
            is_line(line, first) && are_lines(said, should)
        }
        _ => false,
    }
}

/// A shell in which the program is on the path.
struct Shell<'a> {
    folder: &'a Path,
    path: String,
    registry: String,
}

impl Shell<'_> {
    fn run(&self, command: &str) -> String {
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(self.folder)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.folder)
            .env("TMPDIR", self.folder)
            .env("ONE_PLUGIN_HOME", self.folder.join("home"))
            .env("npm_config_registry", &self.registry)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[cfg(unix)]
#[test]
fn every_command_says_what_the_guide_says() {
    let path = std::env::var("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|place| place.join(program).is_file());
    if let Some(missing) = ["bash", "node", "npm"].iter().find(|it| !is_there(it)) {
        return skip("the operator's guide", &format!("{missing} is not on PATH"));
    }
    let folder = tempfile::tempdir().unwrap();
    let fails = r#"init: async () => { throw new Error("no such table: greetings"); },"#;
    let (good, bad) = (GREETER.replace("INIT", ""), GREETER.replace("INIT", fails));
    let versions = [("1.0.0", &good), ("1.1.0", &bad), ("1.2.0", &good)];
    let versions = versions.map(|(version, code)| Version {
        version,
        parameters: json!({"GREETER_TOKEN": {"type": "string", "sensitive": true}}),
        code,
    });
    let packages = folder.path().join("packages");
    let registry = serve("@elizaos/plugin-greeter", &versions, &packages, &path);
    let program = Path::new(env!("CARGO_BIN_EXE_one-plugin"))
        .parent()
        .unwrap();
    let shell = Shell {
        folder: folder.path(),
        path: format!("{}:{path}", program.display()),
        registry,
    };
    let steps = steps(GUIDE);
    assert!(steps.len() > 10, "{} commands", steps.len());
    for step in steps {
        let said = shell.run(&step.command);
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            are_lines(&lines, &step.says),
            "$ {}\n{said}\nshould say\n{}",
            step.command,
            step.says.join("\n")
        );
    }
}
