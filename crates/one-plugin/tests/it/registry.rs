//! Registries on this machine: of whatever a test answers, or of plugins written on the spot.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

/// Answers what is asked for by path, `/@scope/name`, until the test ends; gives the address. What has no answer is not there.
pub(crate) fn answering(
    answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    serve_on(listener, answer)
}

fn serve_on(
    listener: TcpListener,
    answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> String {
    let address = address_of(&listener);
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || respond(stream, &*answer));
        }
    });
    address
}

fn address_of(listener: &TcpListener) -> String {
    format!("http://{}/", listener.local_addr().unwrap())
}

/// One version of a plugin: its manifest's version, the parameters that it names, and its code.
pub(crate) struct Version<'a> {
    pub(crate) version: &'a str,
    pub(crate) parameters: Value,
    pub(crate) code: &'a str,
}

/// Packs the versions with npm and serves them until the test ends; gives the address.
pub(crate) fn serve(name: &str, versions: &[Version<'_>], folder: &Path, path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = address_of(&listener);
    let mut answers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut document = json!({"name": name, "dist-tags": {}, "versions": {}});
    for version in versions {
        let (manifest, tarball) = pack(name, version, folder, path);
        let file = format!("{name}/-/{}.tgz", version.version);
        let mut manifest = manifest;
        manifest["dist"]["tarball"] = Value::from(format!("{address}{file}"));
        document["dist-tags"]["latest"] = version.version.into();
        document["versions"][version.version] = manifest;
        answers.insert(format!("/{file}"), tarball);
    }
    answers.insert(format!("/{name}"), document.to_string().into_bytes());
    serve_on(listener, move |path| answers.get(path).cloned())
}

/// The manifest with its digest, and the tarball, as npm makes them.
fn pack(name: &str, version: &Version<'_>, folder: &Path, path: &str) -> (Value, Vec<u8>) {
    // What npm writes for itself, a log that grows while it packs, must not be in what it packs.
    let (home, folder) = (folder.join("npm"), folder.join(version.version));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let mut manifest = json!({
        "name": name,
        "version": version.version,
        "type": "module",
        "main": "index.js",
        "keywords": ["elizaos-plugins"],
        "agentConfig": {
            "pluginType": "elizaos:plugin:1.0.0",
            "pluginParameters": version.parameters,
        },
    });
    std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    std::fs::write(folder.join("index.js"), version.code).unwrap();
    let packed = Command::new("npm")
        .args(["pack", "--json", "--ignore-scripts"])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", &home)
        .env("npm_config_update_notifier", "false")
        .output()
        .unwrap();
    assert!(packed.status.success(), "{packed:?}");
    let said: Value = serde_json::from_slice(&packed.stdout).unwrap();
    let tarball = std::fs::read(folder.join(said[0]["filename"].as_str().unwrap())).unwrap();
    manifest["dist"] = json!({"integrity": said[0]["integrity"], "shasum": said[0]["shasum"]});
    (manifest, tarball)
}

fn respond(mut stream: TcpStream, answer: &dyn Fn(&str) -> Option<Vec<u8>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(asked)) = lines.next() else {
        return;
    };
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let path = asked.split_whitespace().nth(1).unwrap_or_default();
    let path = path.replace("%2f", "/").replace("%2F", "/");
    let (status, body) = match answer(&path) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", b"{}".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _closed = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body));
}
