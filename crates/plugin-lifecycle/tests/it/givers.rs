//! Two who give the same secret at once, at every step of both, and what is known of it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::executor::block_on;
use one_ontology::{SequentialIds, ThingId, Timestamp};
use plugin_lifecycle::{
    Instance, ManagerError, PluginInstance, PluginManager, Policy, Recovery, TakenWhat, Tenant,
    recovery,
};
use plugin_runtime_api::{
    ExecutionId, MemoryVault, SecretName, SecretString, Vault as _, VaultError,
};
use serde_json::{Value, json};

use crate::secrets::KEY;
use crate::stepping::{Stepping, SteppingVault, Walker};
use crate::world::{World, group, person};

/// What becomes of one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It comes to its end.
    Ends,
    /// Its host goes down where it stands.
    Dies,
    /// The vault takes what it gives and does not say so.
    IsNotAnswered,
}

/// One platform, one plugin, and two hosts that let each other go first.
struct Stage {
    world: World,
    vault: Arc<MemoryVault>,
    vaults: [Arc<SteppingVault>; 2],
    tenants: [Tenant; 2],
    instance: ThingId,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let vault = Arc::new(MemoryVault::new());
        let vaults = [SteppingVault::over(&vault), SteppingVault::over(&vault)];
        let host = |number: usize| {
            let store = Arc::new(Stepping(world.store.clone()));
            let manager = PluginManager::with_environment(
                store.clone(),
                store,
                world.executor.clone(),
                world.clock.clone(),
                Arc::new(SequentialIds::starting_at(10_000 * (number as u64 + 1))),
            )
            .with_source(Arc::new(world.source.clone()))
            .with_vault(vaults[number].clone());
            block_on(manager.tenant(person("alice"), group("acme"))).unwrap()
        };
        let tenants = [host(0), host(1)];
        let acme = world.tenant("alice", "acme");
        let instance = world.installed(&acme);
        Self {
            world,
            vault,
            vaults,
            tenants,
            instance,
        }
    }

    /// One of the two hosts gives a secret, or with none takes it away.
    fn gives<'a>(
        &'a self,
        host: usize,
        secret: Option<&str>,
    ) -> Walker<'a, Result<(), ManagerError>> {
        let value = secret.map_or(Value::Null, Value::from);
        let settings = BTreeMap::from([(KEY.to_owned(), value)]);
        Walker::new(self.tenants[host].configure(self.instance, settings))
    }

    fn name(&self) -> SecretName {
        SecretName {
            group: group("acme"),
            instance: self.instance,
            parameter: KEY.to_owned(),
        }
    }

    /// What the vault has.
    fn kept(&self) -> Option<String> {
        let name = self.name();
        let leased = self
            .vault
            .lease(&name, ExecutionId::of_name(&["look"]), Timestamp::EPOCH);
        match block_on(leased) {
            Ok(secret) => Some(secret.expose().to_owned()),
            Err(VaultError::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn row(&self) -> PluginInstance {
        let acme = self.world.tenant("alice", "acme");
        let found: Instance = block_on(acme.instance(self.instance)).unwrap();
        found.properties
    }

    /// One interleaving: the first goes `steps.0`, the second `steps.1`, then both as their fates say, the
    /// one or the other first. What is said to be there is there, or somebody says that it is unsure.
    fn check(&self, steps: (usize, usize), fates: [Fate; 2], order: [usize; 2], taken: bool) {
        let case = format!("{steps:?} {fates:?} {order:?} {taken}");
        let before = format!("before {case}");
        self.gives(0, Some(&before)).run().0.unwrap();
        assert!(self.row().secrets_unsure.is_empty(), "{case}");
        let secrets = [
            Some(format!("first {case}")),
            (!taken).then(|| format!("second {case}")),
        ];
        for (vault, fate) in self.vaults.iter().zip(fates) {
            vault
                .mute
                .store(fate == Fate::IsNotAnswered, Ordering::Relaxed);
        }
        let mut walkers = [0, 1].map(|host| Some(self.gives(host, secrets[host].as_deref())));
        let mut ends: [Option<Result<(), ManagerError>>; 2] = [None, None];
        // Who dies when it has written its end has given its secret as well as if it had said so.
        let mut written = [false; 2];
        for (host, steps) in [steps.0, steps.1].into_iter().enumerate() {
            let revision = self.row().settings_revision;
            ends[host] = walkers[host].as_mut().unwrap().walk(steps);
            written[host] = self.row().settings_revision > revision;
        }
        for host in order {
            let walker = walkers[host].take().unwrap();
            if ends[host].is_none() && fates[host] != Fate::Dies {
                ends[host] = Some(walker.run().0);
            }
        }
        for vault in &self.vaults {
            vault.mute.store(false, Ordering::Relaxed);
        }
        self.world.pass(601);
        let report = block_on(self.world.manager.recover([group("acme")]));
        assert_eq!(report.failed, [], "{case}");
        let row = self.row();
        assert!(row.secrets_under_way.is_empty(), "{case}");
        let unsure = row.secrets_unsure.contains(KEY);
        let confirmed = |host: usize| written[host] || matches!(ends[host], Some(Ok(())));
        let mut said: BTreeSet<Option<String>> = [0, 1]
            .into_iter()
            .filter(|host| confirmed(*host))
            .map(|host| secrets[host].clone())
            .collect();
        if said.is_empty() {
            said.insert(Some(before));
        }
        let kept = self.kept();
        assert!(
            unsure || said.contains(&kept),
            "{case}: the vault has {kept:?}, and nobody says that it may"
        );
        if confirmed(0) && confirmed(1) {
            assert!(!unsure, "{case}: both were told that all is well");
        }
        // Whatever the vault may have, the row knows of.
        assert!(kept.is_none() || row.secrets_left().contains(KEY), "{case}");
        assert_eq!(row.lifecycle, plugin_lifecycle::State::Installed, "{case}");
    }
}

const FATES: [[Fate; 2]; 7] = [
    [Fate::Ends, Fate::Ends],
    [Fate::Ends, Fate::Dies],
    [Fate::Dies, Fate::Ends],
    [Fate::Ends, Fate::IsNotAnswered],
    [Fate::IsNotAnswered, Fate::Ends],
    [Fate::IsNotAnswered, Fate::Dies],
    [Fate::IsNotAnswered, Fate::IsNotAnswered],
];

fn every_step(taken: bool) {
    let (first, length) = Stage::new().gives(0, Some("length")).run();
    first.unwrap();
    assert!(length > 10, "{length} steps are too few to be all");
    for first in 0..=length {
        let stage = Stage::new();
        for second in 0..=length {
            // Who takes away is told apart from who gives by the first four.
            for fates in FATES.into_iter().take(if taken { 4 } else { FATES.len() }) {
                let go_on = fates.iter().filter(|fate| **fate != Fate::Dies).count();
                // Who goes on first matters where both do.
                for order in [[0, 1], [1, 0]].into_iter().take(go_on.max(1)) {
                    stage.check((first, second), fates, order, taken);
                }
            }
        }
    }
}

#[test]
fn of_two_who_give_at_once_none_takes_the_others_mark_away() {
    every_step(false);
}

#[test]
fn nor_of_one_who_gives_and_one_who_takes_away() {
    every_step(true);
}

#[test]
fn whoever_was_given_up_does_not_give_any_more() {
    let stage = Stage::new();
    let mut slow = stage.gives(0, Some("late"));
    while stage.row().secrets_under_way.is_empty() {
        assert!(slow.walk(1).is_none());
    }
    stage.world.pass(601);
    block_on(stage.world.manager.recover([group("acme")]));
    stage.gives(1, Some("since")).run().0.unwrap();
    let error = slow.run().0.unwrap_err();
    assert_eq!(error.tag(), "Superseded");
    assert_eq!(stage.kept().as_deref(), Some("since"));
    // It cannot know that it gave nothing: better asked once too often.
    assert!(stage.row().secrets_unsure.contains(KEY));
}

#[test]
fn an_instance_with_secrets_is_not_removed_by_a_host_without_a_vault() {
    let stage = Stage::new();
    stage.gives(0, Some("kept")).run().0.unwrap();
    let acme = stage.world.tenant("alice", "acme");
    let refused = block_on(acme.uninstall(stage.instance)).unwrap_err();
    assert_eq!(refused.tag(), "SecretsLeft");
    assert!(refused.to_string().contains(KEY), "{refused}");
    assert_eq!(stage.row().lifecycle, plugin_lifecycle::State::Installed);
    // One that was begun by a host with a vault, which then went down.
    let mut removal = Walker::new(stage.tenants[0].uninstall(stage.instance));
    while stage.row().lifecycle != plugin_lifecycle::State::Uninstalling {
        assert!(removal.walk(1).is_none());
    }
    drop(removal);
    for _ in 0..5 {
        stage.world.pass(601);
        let report = block_on(stage.world.manager.recover([group("acme")]));
        let [failed] = &report.failed[..] else {
            panic!("{report:?}");
        };
        assert_eq!(
            (failed.error.as_str(), report.taken.len()),
            ("SecretsLeft", 0)
        );
    }
    assert_eq!(stage.kept().as_deref(), Some("kept"));
    let again = Walker::new(stage.tenants[1].uninstall(stage.instance));
    again.run().0.unwrap();
    assert_eq!(stage.kept(), None);
    let name = stage.name();
    let late = stage.vault.put(&name, SecretString::new("late"));
    assert_eq!(block_on(late), Err(VaultError::Destroyed));
}

#[test]
fn what_was_destroyed_is_not_in_the_way_of_a_removal() {
    let stage = Stage::new();
    stage.gives(0, Some("kept")).run().0.unwrap();
    let destroyed = Walker::new(stage.tenants[0].destroy_secret(stage.instance, KEY));
    destroyed.run().0.unwrap();
    assert_eq!(stage.kept(), None);
    let acme = stage.world.tenant("alice", "acme");
    block_on(acme.uninstall(stage.instance)).unwrap();
}

#[test]
fn secrets_are_named_and_destroyed_one_by_one_by_those_who_may() {
    let stage = Stage::new();
    let acme = &stage.tenants[0];
    let names = |tenant: &Tenant| Walker::new(tenant.secret_names(stage.instance)).run().0;
    let destroy = |tenant: &Tenant, name: &str| {
        Walker::new(tenant.destroy_secret(stage.instance, name))
            .run()
            .0
    };
    assert_eq!(names(acme).unwrap(), [""; 0]);
    stage.gives(0, Some("one")).run().0.unwrap();
    assert_eq!(names(acme).unwrap(), [KEY]);
    assert_eq!(
        destroy(acme, "CHUNK_SIZE").unwrap_err().tag(),
        "NoSuchSecret"
    );
    let globex = stage.world.manager.clone().with_vault(stage.vault.clone());
    let globex = block_on(globex.tenant(person("gil"), group("globex"))).unwrap();
    assert_eq!(names(&globex).unwrap_err().tag(), "InstanceNotFound");
    assert_eq!(destroy(&globex, KEY).unwrap_err().tag(), "InstanceNotFound");
    let user = stage.world.manager.clone().with_vault(stage.vault.clone());
    let user = block_on(user.tenant(person("uma"), group("acme"))).unwrap();
    for denied in [
        names(&user).map(drop),
        destroy(&user, KEY),
        Walker::new(user.rotate_secrets()).run().0,
    ] {
        assert_eq!(denied.unwrap_err().tag(), "OperationDenied");
    }
    assert_eq!(stage.kept().as_deref(), Some("one"));
    Walker::new(acme.rotate_secrets()).run().0.unwrap();
    let revision = stage.row().settings_revision;
    destroy(acme, KEY).unwrap();
    assert_eq!(names(acme).unwrap(), [""; 0]);
    assert_eq!(stage.row().settings_revision, revision + 1);
    assert_eq!(stage.row().secrets_kept, Some(BTreeSet::new()));
    let without = stage.world.tenant("alice", "acme");
    assert_eq!(names(&without).unwrap_err().tag(), "NoVault");
    let trail = block_on(without.audit_all()).unwrap();
    let text = serde_json::to_string(&trail.events).unwrap();
    assert!(text.contains("rotate_secrets") && !text.contains("\"one\""));
}

#[test]
fn marks_of_older_versions_are_read_and_end() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let mut row =
        serde_json::to_value(block_on(acme.instance(instance)).unwrap().properties).unwrap();
    let until: Timestamp = "2026-11-20T12:10:00Z".parse().unwrap();
    row["secrets_under_way"] = json!({KEY: until, "OTHER": until});
    row.as_object_mut().unwrap().remove("secrets_kept");
    let row: PluginInstance = serde_json::from_value(row).unwrap();
    let named: Vec<&str> = row
        .secrets_under_way
        .iter()
        .flat_map(|(_, giving)| giving.names.iter().map(String::as_str))
        .collect();
    assert_eq!(BTreeSet::from_iter(named), BTreeSet::from([KEY, "OTHER"]));
    assert_eq!(row.secrets_left(), BTreeSet::from([KEY, "OTHER"]));
    let at = until;
    let steps = recovery(&row, &Policy::default(), at);
    let mut doubts = steps
        .iter()
        .filter(|step| matches!(step, Recovery::DoubtSecrets { .. }));
    assert_eq!(doubts.by_ref().count(), 2);
    // Written again, it is as it is written now.
    let again = serde_json::to_value(&row).unwrap();
    assert_eq!(
        serde_json::from_value::<PluginInstance>(again).unwrap(),
        row
    );
    let wrong = json!({"no id": {"names": [], "until": until}});
    assert!(serde_json::from_value::<plugin_lifecycle::Givings>(wrong).is_err());
}

#[test]
fn each_giver_that_went_silent_is_told_of() {
    let stage = Stage::new();
    for host in [0, 1] {
        let mut given = stage.gives(host, Some("lost"));
        while stage.row().secrets_under_way.iter().count() <= host {
            assert!(given.walk(1).is_none());
        }
        drop(given);
    }
    stage.world.pass(601);
    let report = block_on(stage.world.manager.recover([group("acme")]));
    let names = vec![KEY.to_owned()];
    let told: Vec<&TakenWhat> = report.taken.iter().map(|it| &it.what).collect();
    let doubt = TakenWhat::Secrets { names };
    assert_eq!(told, [&doubt, &doubt]);
}

#[test]
fn nor_where_a_secret_is_given_while_it_is_about_to_be_removed() {
    let mut refused = 0;
    for steps in 0.. {
        let stage = Stage::new();
        let store = Arc::new(Stepping(stage.world.store.clone()));
        let manager = PluginManager::with_environment(
            store.clone(),
            store,
            stage.world.executor.clone(),
            stage.world.clock.clone(),
            Arc::new(SequentialIds::starting_at(50_000)),
        );
        let alone = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
        let mut removal = Walker::new(alone.uninstall(stage.instance));
        if removal.walk(steps).is_some() {
            break;
        }
        let given = stage.gives(1, Some("kept")).run().0;
        let removed = removal.run().0;
        match given {
            Ok(()) => {
                assert_eq!(removed.unwrap_err().tag(), "SecretsLeft", "{steps}");
                let state = stage.row().lifecycle;
                assert_eq!(state, plugin_lifecycle::State::Installed, "{steps}");
                refused += 1;
            }
            Err(late) => {
                assert!(removed.is_ok(), "{steps}: {late} {removed:?}");
                assert_eq!(stage.kept(), None, "{steps}");
            }
        }
    }
    assert!(refused > 2, "{refused}");
}

#[test]
fn what_runs_is_started_anew_where_nobody_knows_which_secrets_it_should_have() {
    let stage = Stage::new();
    stage.gives(0, Some("kept")).run().0.unwrap();
    let activation = stage.tenants[0].activate(stage.instance);
    Walker::new(activation).run().0.unwrap();
    let fence = stage.row().fence;
    stage.vaults[0].mute.store(true, Ordering::Relaxed);
    stage.gives(0, None).run().0.unwrap_err();
    let row = stage.row();
    assert!(row.secrets_unsure.contains(KEY));
    assert!(row.fence > fence);
}

#[test]
fn whose_giver_is_silent_is_unsure_also_before_somebody_says_so() {
    let stage = Stage::new();
    let mut slow = stage.gives(0, Some("late"));
    while stage.row().secrets_under_way.is_empty() {
        assert!(slow.walk(1).is_none());
    }
    drop(slow);
    let silent =
        |row: &PluginInstance, now| row.secrets_under_way.silent_at(now).cloned().collect();
    let (_, giving) = stage
        .row()
        .secrets_under_way
        .iter()
        .next()
        .map(|it| (*it.0, it.1.clone()))
        .unwrap();
    let at_the_end: Vec<String> = silent(&stage.row(), giving.until);
    assert_eq!(at_the_end, [KEY]);
    let before: Vec<String> = silent(&stage.row(), Timestamp::EPOCH);
    assert_eq!(before, [""; 0]);
}
