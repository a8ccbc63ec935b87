//! Ctrl-C while versions are looked for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::program::Home;

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

/// A registry that has what is asked for; it ends with the test.
fn registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.next().unwrap().unwrap();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let name = asked
                .split_whitespace()
                .nth(1)
                .unwrap()
                .trim_start_matches('/');
            let name = name.replace("%2f", "/").replace("%2F", "/");
            let (status, body) = match document(&name) {
                Some(document) => ("200 OK", document.to_string()),
                None => ("404 Not Found", "{}".to_owned()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _closed = stream.write_all((head + &body).as_bytes());
        }
    });
    address
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
