//! What plugins follow: the channel of their organisation, and how old a release has to be.

use futures::executor::block_on;
use one_ontology::{EventQuery, EventType, Limit, Store as _};
use plugin_lifecycle::{
    Approval, Channel, OutdatedPlugin, Pin, ReleaseSettings, Tenant, Treatment, YoungRelease,
};
use serde_json::{Value, json};

use crate::world::{KNOWLEDGE, SQL, World, package};

/// Versions with the tags that point at them, and when each was published.
fn publish(world: &World, tags: Value, published: &[(&str, &str)]) {
    let body = || json!({"dependencies": {"@elizaos/core": "^1.7.0", SQL: "^1.7.0"}});
    let mut all = vec![("1.6.1", body())];
    all.extend(published.iter().map(|(version, _)| (*version, body())));
    let mut document = package(KNOWLEDGE, &all);
    document["dist-tags"] = tags;
    let time = published.iter();
    let time = time.map(|(version, at)| ((*version).to_owned(), json!(at)));
    document["time"] = Value::Object(time.collect());
    world.source.put(KNOWLEDGE, document);
}

fn follow(tenant: &Tenant, channel: Option<&str>) {
    let channel: Option<Channel> = channel.map(|it| it.parse().unwrap());
    let follow = |settings: &mut ReleaseSettings| settings.channel.clone_from(&channel);
    block_on(tenant.change_release_settings(follow)).unwrap();
}

fn cool(tenant: &Tenant, hours: u64) {
    let cool = |settings: &mut ReleaseSettings| settings.cooldown_s = Some(hours * 3600);
    block_on(tenant.change_release_settings(cool)).unwrap();
}

fn outdated(tenant: &Tenant) -> Option<OutdatedPlugin> {
    let found = block_on(tenant.outdated()).unwrap();
    found
        .into_iter()
        .find(|it| it.package.as_str() == KNOWLEDGE)
}

#[test]
fn a_plugin_follows_its_pin_else_its_organisation_else_what_is_latest() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&acme);
    let other = world.active(&globex);
    let tags = json!({"latest": "1.7.0", "next": "1.8.0", "beta": "2.0.0-beta.1"});
    let old = "2025-01-01T00:00:00Z";
    publish(
        &world,
        tags,
        &[("1.7.0", old), ("1.8.0", old), ("2.0.0-beta.1", old)],
    );
    let to = |tenant: &Tenant, instance, requested: &str| match block_on(
        tenant.plan_update(instance, requested),
    ) {
        Ok(plan) => plan.to.to_string(),
        Err(error) => error.tag().to_owned(),
    };
    let pin = |pin: Option<&str>| {
        let pin: Option<Pin> = pin.map(|it| it.parse().unwrap());
        block_on(acme.pin(instance, pin)).unwrap();
    };
    let table = [
        (None, None, "1.7.0"),
        (Some("next"), None, "1.8.0"),
        (Some("beta"), None, "2.0.0-beta.1"),
        (Some("next"), Some("beta"), "2.0.0-beta.1"),
        (Some("next"), Some("~1.7.0"), "1.7.0"),
        (Some("latest"), None, "1.7.0"),
        (None, Some("next"), "1.8.0"),
        // Where its publisher has no such tag.
        (Some("canary"), None, "1.7.0"),
        (Some("next"), Some("canary"), "1.7.0"),
    ];
    for (channel, pinned, expected) in table {
        follow(&acme, channel);
        pin(pinned);
        let found = outdated(&acme).unwrap();
        assert_eq!(
            found.to.unwrap().to_string(),
            expected,
            "{channel:?} {pinned:?}"
        );
        assert_eq!(found.follows.as_deref(), pinned.or(channel));
        assert_eq!(
            to(&acme, instance, "latest"),
            expected,
            "{channel:?} {pinned:?}"
        );
    }
    // What is asked for by name is that.
    pin(None);
    assert_eq!(to(&acme, instance, "next"), "1.8.0");
    assert_eq!(to(&acme, instance, "1.7.0"), "1.7.0");
    assert_eq!(to(&acme, instance, "canary"), "ResolutionConflict");
    assert_eq!(to(&globex, other, "latest"), "1.7.0");
    // Each change is an event, and what changes nothing is none.
    let query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let told = || {
        let page = block_on(world.store.events(acme.scope(), &query)).unwrap();
        let events = page.items.into_iter();
        let settings = events.filter(|it| it.event_type == EventType::SettingsUpdated);
        let channel = settings.map(|it| it.metadata.text("channel").unwrap_or("-").to_owned());
        channel.collect::<Vec<_>>()
    };
    assert_eq!(
        told(),
        ["next", "beta", "next", "latest", "-", "canary", "next"]
    );
    follow(&acme, Some("next"));
    assert_eq!(told().len(), 7);
    for text in ["^1.6", "./here", "1.2.3", ""] {
        assert!(text.parse::<Channel>().is_err(), "{text}");
    }
}

#[test]
fn what_is_too_young_is_offered_later_and_had_by_its_name() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let tags = json!({"latest": "1.8.0"});
    let (old, young) = ("2026-11-01T00:00:00Z", "2026-11-20T10:00:00Z");
    publish(&world, tags, &[("1.7.0", old), ("1.8.0", young)]);
    assert_eq!(outdated(&acme).unwrap().to.unwrap().to_string(), "1.8.0");
    cool(&acme, 24);
    let found = outdated(&acme).unwrap();
    assert_eq!(found.to.unwrap().to_string(), "1.7.0");
    let waits = found.young.unwrap();
    let now = one_ontology::Clock::now(world.clock.as_ref());
    assert_eq!(
        waits.told(now),
        "1.8.0 is 2 hours old; it is offered from 2026-11-21T10:00:00.000000Z on"
    );
    let to = |requested: &str| {
        let plan = block_on(acme.plan_update(instance, requested)).unwrap();
        (plan.to.to_string(), plan.warnings.len())
    };
    assert_eq!(to("latest"), ("1.7.0".to_owned(), 1));
    assert_eq!(to("^1.6"), ("1.7.0".to_owned(), 1));
    assert_eq!(to("1.8.0"), ("1.8.0".to_owned(), 0));
    // Who has it by name is not brought back.
    let plan = block_on(acme.plan_update(instance, "1.8.0")).unwrap();
    block_on(acme.update(&plan, &Approval::of(&plan))).unwrap();
    let error = block_on(acme.plan_update(instance, "latest")).unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
    block_on(acme.rollback(instance)).unwrap();
    // A day later.
    world.pass(22 * 3600);
    let found = outdated(&acme).unwrap();
    assert_eq!(
        (found.to.unwrap().to_string(), found.young),
        ("1.8.0".to_owned(), None)
    );
}

#[test]
fn where_everything_newer_is_too_young_that_is_all_that_is_said() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    world.active(&acme);
    cool(&acme, 48);
    let young = "2026-11-20T11:00:00Z";
    publish(&world, json!({"latest": "1.7.0"}), &[("1.7.0", young)]);
    let found = outdated(&acme).unwrap();
    assert_eq!((found.to, found.held_by), (None, None));
    assert_eq!(found.young.unwrap().version.to_string(), "1.7.0");
}

#[test]
fn ages_are_told_in_words() {
    let published_at = "2026-11-20T00:00:00Z".parse().unwrap();
    let young = YoungRelease {
        version: "1.0.0".parse().unwrap(),
        published_at,
        offered_from: published_at,
    };
    for (minutes, words) in [
        (0, "0 minutes"),
        (1, "1 minute"),
        (59, "59 minutes"),
        (60, "1 hour"),
        (119, "1 hour"),
        (120, "2 hours"),
        (47 * 60, "47 hours"),
        (48 * 60, "2 days"),
        (240 * 60, "10 days"),
    ] {
        let now = published_at.plus(std::time::Duration::from_secs(minutes * 60));
        let told = young.told(now);
        assert!(
            told.starts_with(&format!("1.0.0 is {words} old;")),
            "{told}"
        );
    }
}

#[test]
fn settings_of_before_are_read() {
    let read = |value: Value| serde_json::from_value::<ReleaseSettings>(value).unwrap();
    assert_eq!(read(json!({})), ReleaseSettings::default());
    let some = read(json!({"treatments": {"deprecated": "ignore"}}));
    assert_eq!(some.treatments.deprecated, Treatment::Ignore);
    assert_eq!(some.treatments.revoked, Treatment::Suspend);
    let written = serde_json::to_value(ReleaseSettings::default()).unwrap();
    assert_eq!(written["treatments"]["revoked"], "suspend");
    assert_eq!(written.get("channel"), None);
}
