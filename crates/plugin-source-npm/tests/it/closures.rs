//! Closures, installed by the real npm from a registry on the loopback interface.

use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use plugin_registry::{PackagePin, Progress, Reused, Silent, Source as _};
use plugin_source_npm::{Network, NpmError, OptionalPackages};
use semver::Version;
use serde_json::{Value, json};

use crate::server::{Answer, Asked, Server};
use crate::world::{Notes, Packages, World, names, plugin, plugin_pins, request, sri, tarball};

/// Does something to a closure that nobody should do.
type Damage = fn(&Path);

#[test]
fn a_closure_is_installed_whole_once_and_runs_nothing() {
    let packages = plugin();
    let Some(world) = World::new("closures", Arc::clone(&packages)) else {
        return;
    };
    let source = world.source(|_| {});
    let mut pins = plugin_pins(&packages);
    let notes = Notes::default();
    let closure = block_on(source.closure(&request(&pins), &notes)).unwrap();
    assert_eq!(closure.reused, Reused::Fetched);
    assert_eq!(closure.packages, 3);
    assert_eq!(world.published(), [closure.digest.as_str()]);
    let modules = closure.directory.join("node_modules");
    assert_eq!(names(&modules), [".package-lock.json", "@x", "lib"]);
    let version = |name: &str| {
        let text = std::fs::read(modules.join(name).join("package.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["version"].clone()
    };
    assert_eq!(version("lib"), "1.2.0");
    assert_eq!(
        version("@x/core"),
        "1.0.0",
        "one core, the chosen one, for all"
    );
    assert!(!modules.join("lib/node_modules").exists());
    assert!(!closure.directory.join("ran").exists(), "no script ran");
    let file = modules.join("lib/index.js");
    assert!(std::fs::metadata(&file).unwrap().permissions().readonly());
    let steps = notes.0.lock().unwrap().clone();
    assert!(
        matches!(&steps[0], Progress::Step { what } if what.contains("resolves")),
        "{steps:?}"
    );
    assert!(
        matches!(steps.last(), Some(Progress::Downloaded { packages: 3, bytes }) if *bytes == closure.bytes),
        "{steps:?}"
    );

    // The same list in another order is the same closure, and nobody is asked.
    let asked = world.server.asked().len();
    pins.reverse();
    let again = block_on(source.stage(&request(&pins), &Silent)).unwrap();
    assert_eq!(
        (again.digest, again.reused),
        (closure.digest, Reused::Reused)
    );
    assert_eq!(
        (again.packages, again.bytes),
        (closure.packages, closure.bytes)
    );
    assert_eq!(world.server.asked().len(), asked);
}

#[test]
fn optional_packages_are_a_choice_and_another_closure() {
    let packages = plugin();
    let Some(world) = World::new("optional packages", Arc::clone(&packages)) else {
        return;
    };
    let pins = request(&plugin_pins(&packages));
    let install = |optional| {
        let source = world.source(|options| options.optional = optional);
        block_on(source.closure(&pins, &Silent)).unwrap()
    };
    let with = install(OptionalPackages::Install);
    let without = install(OptionalPackages::Skip);
    assert_ne!(with.digest, without.digest);
    assert_eq!((with.packages, without.packages), (4, 3));
}

#[test]
fn an_estimate_says_what_installing_then_brings() {
    let packages = plugin();
    let Some(world) = World::new("estimates", Arc::clone(&packages)) else {
        return;
    };
    let source = world.source(|_| {});
    let pins = request(&plugin_pins(&packages));
    let before = block_on(source.estimate(&pins)).unwrap();
    let expect: usize = [
        "/@x/core/-/core-1.0.0.tgz",
        "/@x/plugin/-/plugin-1.0.0.tgz",
        "/lib/-/lib-1.2.0.tgz",
    ]
    .iter()
    .map(|path| packages.tarballs[*path].len())
    .sum();
    assert_eq!((before.packages, before.unknown), (3, 0));
    assert_eq!(before.download, expect as u64);
    assert_eq!(before.reused, Reused::Fetched);
    assert_eq!(world.tarballs_fetched(), 0, "an estimate fetches nothing");
    assert!(world.published().is_empty());
    let closure = block_on(source.closure(&pins, &Silent)).unwrap();
    assert_eq!(
        (closure.packages, &closure.digest),
        (before.packages, &before.digest)
    );
    let after = block_on(source.estimate(&pins)).unwrap();
    assert_eq!((after.download, after.reused), (0, Reused::Reused));
}

#[test]
fn a_plan_with_other_bytes_is_refused_before_anything_is_fetched() {
    let packages = plugin();
    let Some(world) = World::new("integrity of plans", Arc::clone(&packages)) else {
        return;
    };
    let mut pins = plugin_pins(&packages);
    pins[1].integrity = Some(sri(b"what the plan saw"));
    let error = block_on(world.source(|_| {}).closure(&request(&pins), &Silent)).unwrap_err();
    assert!(
        matches!(&error, NpmError::IntegrityMismatch { package, .. } if package == "@x/plugin@1.0.0"),
        "{error}"
    );
    assert_eq!(world.tarballs_fetched(), 0);
    assert!(world.published().is_empty());
    assert!(names(&world.closures().join(".staging")).is_empty());
}

#[test]
fn bytes_that_are_not_the_published_ones_are_refused() {
    let packages = plugin();
    let evil = tarball(&[(
        "package/package.json",
        b"{\"name\":\"lib\",\"version\":\"1.2.0\"}",
    )]);
    let guard = move |asked: &Asked| {
        (asked.path() == "/lib/-/lib-1.2.0.tgz").then(|| Answer::ok(evil.clone()))
    };
    let Some(world) = World::guarded("integrity of bytes", Arc::clone(&packages), guard) else {
        return;
    };
    let pins = request(&plugin_pins(&packages));
    let error = block_on(world.source(|_| {}).closure(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "NpmIntegrityMismatch", "{error}");
    assert!(world.published().is_empty());
    assert!(names(&world.closures().join(".staging")).is_empty());
}

#[test]
fn what_is_not_from_a_registry_is_refused() {
    for (spec, expect) in [
        ("git+https://git.invalid/o/r.git", "git"),
        ("http://127.0.0.1:9/lib.tgz", "remote"),
        ("file:../..", "directory"),
    ] {
        let plugin = json!({"dependencies": {"lib": spec}});
        let packages = Arc::new(Packages::default().add("plugin", "1.0.0", plugin));
        let Some(world) = World::new("foreign packages", Arc::clone(&packages)) else {
            return;
        };
        let pins = request(&[packages.pin("plugin", "1.0.0")]);
        let error = block_on(world.source(|_| {}).closure(&pins, &Silent)).unwrap_err();
        assert_eq!(error.tag(), "NpmUnverifiable", "{spec}: {error}");
        assert!(error.to_string().contains(expect), "{spec}: {error}");
        assert!(world.published().is_empty(), "{spec}");
    }
}

#[test]
fn what_is_missing_is_an_error_that_names_it() {
    let plugin = json!({"dependencies": {"nowhere": "^1.0.0"}});
    let packages = Arc::new(Packages::default().add("plugin", "1.0.0", plugin));
    let Some(world) = World::new("missing packages", Arc::clone(&packages)) else {
        return;
    };
    let source = world.source(|_| {});
    let stage = |pin: PackagePin| block_on(source.closure(&request(&[pin]), &Silent)).unwrap_err();
    let missing = stage(packages.pin("plugin", "1.0.0"));
    assert_eq!(missing.tag(), "NpmPackageNotFound", "{missing}");
    assert!(missing.to_string().contains("nowhere"), "{missing}");
    let mut version = packages.pin("plugin", "1.0.0");
    version.version = Version::new(9, 9, 9);
    let missing = stage(version);
    assert_eq!(
        missing.to_string(),
        "package `plugin` has no version `9.9.9`"
    );
    assert!(world.published().is_empty());
}

#[test]
fn a_private_registry_is_reached_with_its_token_and_the_token_stays_secret() {
    let packages = plugin();
    let guard = |asked: &Asked| {
        (asked.header("authorization") != Some("Bearer hush-token")).then(|| Answer::status(401))
    };
    let Some(world) = World::guarded("tokens", Arc::clone(&packages), guard) else {
        return;
    };
    let pins = request(&plugin_pins(&packages));
    let token = |token: &str| format!("//{}/:_authToken={token}", world.server.host());
    let wrong = world.source_with(&token("hush-wrong"), |_| {});
    let error = block_on(wrong.closure(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "NpmUnauthorized", "{error}");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("hush"));
    let right = world.source_with(&token("hush-token"), |_| {});
    let closure = block_on(right.closure(&pins, &Silent)).unwrap();
    assert_eq!(closure.packages, 3);
    let found = std::process::Command::new("grep")
        .args(["-rlE", "hush-(token|wrong)"])
        .arg(world.directory.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[test]
fn a_scope_has_its_registry_in_npm_too() {
    let packages = plugin();
    let Some(world) = World::new("scopes", Arc::clone(&packages)) else {
        return;
    };
    let elsewhere = Server::start(|_| Answer::status(404));
    for scope in ["@x", "@X_y"] {
        let name = format!("{scope}/thing");
        let lower = name.to_lowercase();
        let private = Arc::new(Packages::default().add(&name, "1.0.0", json!({})));
        let pin = private.pin(&name, "1.0.0");
        let scoped = Server::named("127.0.0.1", move |own| {
            let own = own.to_owned();
            move |asked| private.answer(&own, asked)
        });
        let npmrc = format!(
            "registry={}\n{scope}:registry={}",
            elsewhere.url(),
            scoped.url()
        );
        let source = world.source_with(&npmrc, |_| {});
        let result = block_on(source.closure(&request(&[pin]), &Silent));
        assert!(result.is_ok(), "{lower}: {result:?}");
    }
}

#[test]
fn offline_npm_uses_what_it_has() {
    let packages = plugin();
    let Some(world) = World::new("offline closures", Arc::clone(&packages)) else {
        return;
    };
    let pins = request(&plugin_pins(&packages));
    let offline = || world.source(|options| options.network = Network::Offline);
    let error = block_on(offline().closure(&pins, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "NpmOffline", "{error}");
    assert!(world.server.asked().is_empty());
    let first = block_on(world.source(|_| {}).closure(&pins, &Silent)).unwrap();
    std::fs::remove_dir_all(world.closures()).unwrap();
    let asked = world.server.asked().len();
    let again = block_on(offline().closure(&pins, &Silent)).unwrap();
    assert_eq!(
        (again.digest, again.bytes > 0),
        (first.digest, first.bytes > 0)
    );
    assert_eq!(world.server.asked().len(), asked);
}

#[test]
fn a_version_published_after_npm_looked_is_found() {
    let old = Arc::new(Packages::default().add("plugin", "1.0.0", json!({})));
    let new =
        Packages::default()
            .add("plugin", "1.0.0", json!({}))
            .add("plugin", "1.1.0", json!({}));
    let pins = [
        request(&[old.pin("plugin", "1.0.0")]),
        request(&[new.pin("plugin", "1.1.0")]),
    ];
    let published = Arc::new(Mutex::new(None::<Packages>));
    let current = Arc::clone(&published);
    let host = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&host);
    let guard = move |asked: &Asked| {
        let current = current.lock().unwrap();
        current
            .as_ref()
            .map(|new| new.answer(&own.lock().unwrap(), asked))
    };
    let Some(world) = World::guarded("stale caches", old, guard) else {
        return;
    };
    *host.lock().unwrap() = world.server.host().to_owned();
    let source = world.source(|_| {});
    assert!(block_on(source.closure(&pins[0], &Silent)).is_ok());
    *published.lock().unwrap() = Some(new);
    let closure = block_on(source.closure(&pins[1], &Silent)).unwrap();
    assert_eq!(closure.packages, 1);
}

#[test]
fn two_processes_install_once() {
    let packages = plugin();
    let Some(world) = World::new("two at once", Arc::clone(&packages)) else {
        return;
    };
    let pins = request(&plugin_pins(&packages));
    // Locks belong to open files, so two sources are to each other as two processes are.
    let sources = [world.source(|_| {}), world.source(|_| {})];
    let stages = sources.iter().map(|source| source.closure(&pins, &Silent));
    let done = block_on(futures::future::try_join_all(stages)).unwrap();
    let mut reused: Vec<_> = done
        .iter()
        .map(|closure| format!("{:?}", closure.reused))
        .collect();
    reused.sort();
    assert_eq!(reused, ["Fetched", "Reused"]);
    assert_eq!(done[0].digest, done[1].digest);
    assert_eq!(world.tarballs_fetched(), 3);
}

#[test]
fn what_was_interrupted_or_damaged_is_not_used() {
    let packages = plugin();
    let Some(world) = World::new("damage", Arc::clone(&packages)) else {
        return;
    };
    let source = world.source(|_| {});
    let pins = request(&plugin_pins(&packages));
    let first = block_on(source.closure(&pins, &Silent)).unwrap();
    let staging = world
        .closures()
        .join(".staging")
        .join(format!("{}-1-0", first.digest));
    let damages: [(&str, Damage); 4] = [
        ("no note", |d| {
            std::fs::remove_file(d.join("closure.json")).unwrap()
        }),
        ("half a note", |d| {
            std::fs::write(d.join("closure.json"), "{").unwrap()
        }),
        ("no package", |d| {
            std::fs::remove_dir_all(d.join("node_modules/@x/plugin")).unwrap()
        }),
        ("another version", |d| {
            let file = d.join("node_modules/@x/core/package.json");
            std::fs::remove_file(&file).unwrap();
            std::fs::write(&file, r#"{"name":"@x/core","version":"2.0.0"}"#).unwrap();
        }),
    ];
    for (why, damage) in damages {
        damage(&first.directory);
        std::fs::create_dir_all(staging.join("node_modules/half")).unwrap();
        let again = block_on(source.closure(&pins, &Silent)).unwrap();
        assert_eq!(again.reused, Reused::Fetched, "{why}");
        assert!(
            !staging.exists(),
            "{why}: what a killed process left is cleared"
        );
        let reused = block_on(source.closure(&pins, &Silent)).unwrap();
        assert_eq!(reused.reused, Reused::Reused, "{why}");
    }
}
