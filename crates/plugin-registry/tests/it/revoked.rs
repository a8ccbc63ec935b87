//! Revocations, and what was fetched without what they revoke.

use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, EventType, MemoryStore, NewEvent, Place, Scope, Store as _, StoreError,
    Thing, ThingId, ThingProperties as _, Timestamp,
};
use plugin_registry::{MemorySource, PluginLayer, Revocation, Revocations, Severity, collect};
use plugin_resolver::{PackageName, Request, resolve};
use serde_json::json;

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

fn revoked(package: &str, versions: &str, severity: Severity) -> Revocation {
    let by = ("system:security".parse().unwrap(), Timestamp::EPOCH);
    Revocation::new(name(package), versions, "bad", severity, by).unwrap()
}

#[test]
fn what_a_revocation_covers() {
    let table = [
        ("1.2.3", "1.2.3", true),
        ("1.2.3", "1.2.4", false),
        ("<1.4.2", "1.4.1", true),
        ("<1.4.2", "1.4.2-rc.1", true),
        ("<1.4.2", "1.4.2", false),
        ("*", "0.0.1-alpha", true),
        ("^1 || 3.0.0", "1.9.9", true),
        ("^1 || 3.0.0", "2.0.0", false),
    ];
    for (versions, version, covers) in table {
        let revocation = revoked("plugin-x", versions, Severity::Low);
        let found = revocation.covers(&version.parse().unwrap());
        assert_eq!(found, covers, "{versions} of {version}");
    }
    let mut unread = revoked("plugin-x", "*", Severity::Low);
    unread.versions = "from another time".to_owned();
    assert!(unread.covers(&"1.0.0".parse().unwrap()), "rather too much");
    let by = ("system:security".parse().unwrap(), Timestamp::EPOCH);
    let error = Revocation::new(name("plugin-x"), "none", "", Severity::Low, by).unwrap_err();
    assert_eq!(error.tag(), "InvalidRange");
}

#[test]
fn of_several_the_worst_is_found() {
    let all = Revocations::of([
        revoked("plugin-x", "*", Severity::Low),
        revoked("plugin-x", "<2", Severity::Critical),
        revoked("plugin-y", "*", Severity::High),
    ]);
    let worst = |package: &str, version: &str| {
        let found = all.find(package, &version.parse().unwrap());
        found.map(|it| it.severity)
    };
    assert_eq!(worst("plugin-x", "1.0.0"), Some(Severity::Critical));
    assert_eq!(worst("plugin-x", "2.0.0"), Some(Severity::Low));
    assert_eq!(worst("plugin-z", "2.0.0"), None);
}

#[test]
fn a_row_that_cannot_be_read_is_said_and_lets_nothing_through() {
    let store = Arc::new(MemoryStore::new());
    let scope = Scope::system("security".parse().unwrap(), Place::Global);
    let event =
        |number: &str| NewEvent::new(EventId::of_name(&[number]), EventType::EntityCreated, None);
    let now = Timestamp::EPOCH;
    let row = revoked("plugin-x", "*", Severity::Low).into_row(&scope);
    let row = row.untyped().unwrap();
    block_on(store.commit(ChangeSet::new(&scope, event("1"), now).insert(row))).unwrap();
    let read = block_on(Revocations::load(store.as_ref(), &scope)).unwrap();
    assert_eq!(read.iter().count(), 1);
    let broken = Thing::new(
        &scope,
        ThingId::of_name(&["broken"]),
        Revocation::thing_type(),
        "broken",
        now,
    );
    block_on(store.commit(ChangeSet::new(&scope, event("2"), now).insert(broken))).unwrap();
    let error = block_on(Revocations::load(store.as_ref(), &scope)).unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
}

#[test]
fn a_tag_that_points_at_what_is_left_out_means_the_newest_below_it() {
    let package = |tags: serde_json::Value| {
        let versions = ["1.0.0", "1.1.0", "2.0.0-beta.1", "2.0.0-beta.2", "3.0.0"];
        let versions: serde_json::Map<String, serde_json::Value> = versions
            .iter()
            .map(|version| {
                let release = json!({"name": "plugin-x", "version": version});
                ((*version).to_owned(), release)
            })
            .collect();
        json!({"name": "plugin-x", "dist-tags": tags, "versions": versions})
    };
    let tags = json!({"latest": "1.1.0", "beta": "2.0.0-beta.2", "old": "1.0.0"});
    let source = MemorySource::new("npm").with("plugin-x", package(tags));
    let layer = PluginLayer::with([name("plugin-x")]);
    let without = |gone: &[&str]| {
        let collected = block_on(collect(&source, &[name("plugin-x")], &layer)).unwrap();
        collected.without(&layer, |_, version| {
            gone.contains(&version.to_string().as_str())
        })
    };
    let meant = |gone: &[&str], spec: &str| {
        let request = Request::new().root(name("plugin-x"), spec.parse().unwrap());
        let answer = resolve(&without(gone).universe, &request).ok()?;
        answer.version(&name("plugin-x")).map(ToString::to_string)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(meant(&[], "latest"), some("1.1.0"));
    assert_eq!(meant(&["1.1.0"], "latest"), some("1.0.0"));
    assert_eq!(meant(&["1.1.0"], "1.1.0"), None);
    assert_eq!(meant(&["2.0.0-beta.2"], "beta"), some("2.0.0-beta.1"));
    assert_eq!(
        meant(&["1.0.0", "1.1.0"], "latest"),
        None,
        "no prerelease instead"
    );
    assert_eq!(meant(&["3.0.0"], "*"), some("1.1.0"));
}
