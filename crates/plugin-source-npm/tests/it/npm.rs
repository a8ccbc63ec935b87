//! What npm is given and what becomes of what it does, without a real npm.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use plugin_registry::{PackagePin, Silent, Source as _};
use plugin_source_npm::{NpmOptions, NpmSource};
use semver::Version;
use tempfile::TempDir;

use crate::world::{names, request, sri};

#[test]
fn unusable_requests_are_refused_at_once() {
    let (source, _directory) = crate::server::source("registry=http://registry.example", |_| {});
    let pin = |name: &str, integrity: Option<&str>| PackagePin {
        name: name.to_owned(),
        version: Version::new(1, 0, 0),
        integrity: integrity.map(str::to_owned),
    };
    let good = sri(b"x");
    for (why, pins, tag) in [
        ("nothing", vec![], "NpmInvalidRequest"),
        (
            "a path",
            vec![pin("../x", Some(&good))],
            "NpmInvalidRequest",
        ),
        (
            "twice",
            vec![pin("a", Some(&good)), pin("a", Some(&good))],
            "NpmInvalidRequest",
        ),
        ("no digest", vec![pin("a", None)], "NpmUnverifiable"),
        (
            "sha1",
            vec![pin("a", Some("sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00="))],
            "NpmUnverifiable",
        ),
    ] {
        let error = block_on(source.closure(&request(&pins), &Silent)).unwrap_err();
        assert_eq!(error.tag(), tag, "{why}: {error}");
    }
}

#[test]
fn without_npm_it_says_so() {
    let (source, directory) =
        crate::server::source("registry=http://registry.example", |options| {
            options.npm = "no-such-npm".into();
        });
    let pins = request(&[PackagePin {
        name: "a".to_owned(),
        version: Version::new(1, 0, 0),
        integrity: Some(sri(b"x")),
    }]);
    let error = block_on(source.closure(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "NpmUnavailable", "{error}");
    let error = block_on(source.stage(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "ToolMissing", "{error}");
    assert!(names(&directory.path().join("closures/.staging")).is_empty());
}

#[cfg(unix)]
#[test]
fn an_npm_that_hangs_is_ended_with_all_it_started() {
    use std::os::unix::fs::PermissionsExt;
    let tools = TempDir::new().unwrap();
    let npm = tools.path().join("npm");
    let note = tools.path().join("child");
    let script = format!(
        "#!/bin/sh\nsleep 1000 &\necho $! > {note}.part\nmv {note}.part {note}\nwait\n",
        note = note.display()
    );
    std::fs::write(&npm, script).unwrap();
    std::fs::set_permissions(&npm, PermissionsExt::from_mode(0o755)).unwrap();
    let (source, _directory) =
        crate::server::source("registry=http://registry.example", |options| {
            options.npm = npm.clone();
            options.environment = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into();
            options.npm_limit = Duration::from_secs(3);
        });
    let pins = request(&[PackagePin {
        name: "a".to_owned(),
        version: Version::new(1, 0, 0),
        integrity: Some(sri(b"x")),
    }]);
    let error = block_on(source.closure(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "NpmTimedOut", "{error}");
    let child = std::fs::read_to_string(&note).unwrap();
    // A killed process may stay a moment, and as a zombie until whoever inherits it looks.
    let alive = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        state.is_ok_and(|stat| !stat.contains(") Z"))
    };
    for _ in 0..100 {
        if !alive() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("process {child} is still there");
}

#[cfg(unix)]
#[test]
fn npm_sees_only_what_it_needs_and_what_it_says_is_shown_without_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let tools = TempDir::new().unwrap();
    let npm = tools.path().join("npm");
    let seen = tools.path().join("seen");
    let script = format!(
        "#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/environ > {}\ncat .npmrc >> {0}\necho \"npm error token is $TOKEN, $SHELL_SECRET\" >&2\nexit 7\n",
        seen.display()
    );
    std::fs::write(&npm, script).unwrap();
    std::fs::set_permissions(&npm, PermissionsExt::from_mode(0o755)).unwrap();
    let environment: BTreeMap<String, String> = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/nonexistent"),
        ("TOKEN", "hush-1"),
        ("SHELL_SECRET", "other"),
        ("NODE_OPTIONS", "--require /evil.js"),
        ("npm_config_script_shell", "/evil"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    let config = plugin_source_npm::NpmConfig::parse(&plugin_source_npm::ConfigInput {
        environment: environment.clone(),
        user: "registry=http://h.example\n//h.example/:_authToken=${TOKEN}".to_owned(),
        ..Default::default()
    });
    let directory = TempDir::new().unwrap();
    let mut options = NpmOptions::new(directory.path(), environment);
    options.npm = npm;
    let source = NpmSource::new(config.unwrap(), options).unwrap();
    let pins = request(&[PackagePin {
        name: "a".to_owned(),
        version: Version::new(1, 0, 0),
        integrity: Some(sri(b"x")),
    }]);
    let error = block_on(source.closure(&pins, &Silent)).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("exit status: 7") && message.contains("token is ***"),
        "{message}"
    );
    assert!(!message.contains("hush"), "{message}");
    let seen = std::fs::read_to_string(&seen).unwrap();
    let has = |line: &str| seen.lines().any(|seen| seen == line);
    assert!(has("HOME=/nonexistent") && has("TOKEN=hush-1"), "{seen}");
    let value = |key: &str| {
        let line = seen
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap();
        let name = line.trim_start_matches("=${").trim_end_matches('}');
        let prefix = format!("{name}=");
        seen.lines()
            .find_map(|line| line.strip_prefix(prefix.as_str()))
            .unwrap()
    };
    assert_eq!(value("registry"), "http://h.example/");
    assert_eq!(value("//h.example/:_authToken"), "hush-1");
    for absent in ["SHELL_SECRET", "NODE_OPTIONS", "script_shell"] {
        assert!(!seen.contains(absent), "{seen}");
    }
}
