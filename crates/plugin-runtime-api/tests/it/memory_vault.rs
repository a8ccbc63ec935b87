//! The vault in memory.

use futures::executor::block_on;
use one_ontology::{GroupId, ThingId, Timestamp};
use plugin_runtime_api::{ExecutionId, Lease, MemoryVault, SecretName, SecretString, Vault};

const SECRET: &str = "hunter2-but-longer";

fn name(group: &str, instance: &str, parameter: &str) -> SecretName {
    SecretName {
        group: GroupId::of_name(&[group]),
        instance: ThingId::of_name(&[instance]),
        parameter: parameter.to_owned(),
    }
}

fn vault(names: &[&SecretName]) -> MemoryVault {
    let vault = MemoryVault::new();
    for name in names {
        block_on(vault.put(name, SecretString::new(SECRET))).unwrap();
    }
    vault
}

fn lease(vault: &MemoryVault, name: &SecretName) -> Result<String, &'static str> {
    let execution = ExecutionId::of_name(&["execution"]);
    let leased = block_on(vault.lease(name, execution, Timestamp::EPOCH));
    leased
        .map(|secret| secret.expose().to_owned())
        .map_err(|error| error.tag())
}

#[test]
fn a_lease_gives_the_secret_and_is_recorded() {
    let known = name("acme", "a", "KEY");
    let vault = vault(&[&known]);
    assert_eq!(lease(&vault, &known), Ok(SECRET.to_owned()));
    let unknown = name("acme", "a", "OTHER");
    assert_eq!(lease(&vault, &unknown), Err("SecretNotFound"));
    let lease = Lease {
        name: known,
        execution: ExecutionId::of_name(&["execution"]),
        at: Timestamp::EPOCH,
    };
    assert_eq!(
        vault.leases(),
        [lease],
        "what was not given out is no lease"
    );
}

#[test]
fn a_secret_is_one_instances_own() {
    let vault = vault(&[
        &name("acme", "a", "Z"),
        &name("acme", "a", "B"),
        &name("acme", "b", "C"),
        &name("other", "a", "D"),
    ]);
    let of = |group: &str, instance: &str| {
        let name = name(group, instance, "");
        block_on(vault.list(name.group, name.instance)).unwrap()
    };
    assert_eq!(of("acme", "a"), ["B", "Z"]);
    assert_eq!(of("acme", "b"), ["C"]);
    assert_eq!(of("other", "a"), ["D"]);
    assert_eq!(
        lease(&vault, &name("other", "a", "Z")),
        Err("SecretNotFound")
    );
    let gone = name("acme", "a", "");
    block_on(vault.destroy(gone.group, gone.instance)).unwrap();
    assert!(of("acme", "a").is_empty());
    assert_eq!(of("acme", "b"), ["C"]);
    assert_eq!(of("other", "a"), ["D"]);
    assert_eq!(
        lease(&vault, &name("acme", "a", "Z")),
        Err("SecretNotFound")
    );
}

#[test]
fn putting_again_replaces_and_rotating_keeps() {
    let known = name("acme", "a", "KEY");
    let vault = vault(&[&known]);
    block_on(vault.put(&known, SecretString::new("new"))).unwrap();
    block_on(vault.rotate(known.group)).unwrap();
    assert_eq!(lease(&vault, &known), Ok("new".to_owned()));
}

#[test]
fn nothing_prints_a_secret() {
    let known = name("acme", "a", "KEY");
    let vault = vault(&[&known]);
    lease(&vault, &known).unwrap();
    assert_eq!(
        format!("{vault:?}"),
        "MemoryVault { secrets: 1, leases: 1 }"
    );
    assert_eq!(format!("{vault:#?}").matches(SECRET).count(), 0);
    let secret = SecretString::new(SECRET);
    assert_eq!(format!("{secret:?}"), "[redacted]");
    assert_eq!(format!("{:#?}", Some(secret)).matches(SECRET).count(), 0);
    let error = block_on(vault.lease(
        &name("acme", "a", "NONE"),
        ExecutionId::of_name(&["x"]),
        Timestamp::EPOCH,
    ));
    assert_eq!(error.unwrap_err().to_string(), "there is no secret `NONE`");
}

#[test]
fn what_comes_after_the_end_is_refused() {
    let (late, other) = (name("acme", "a", "KEY"), name("acme", "b", "KEY"));
    let vault = vault(&[&late]);
    block_on(vault.destroy(late.group, late.instance)).unwrap();
    block_on(vault.destroy(late.group, late.instance)).unwrap();
    let put = |name: &SecretName| block_on(vault.put(name, SecretString::new(SECRET)));
    assert_eq!(put(&late).unwrap_err().tag(), "SecretsDestroyed");
    assert_eq!(lease(&vault, &late), Err("SecretNotFound"));
    put(&other).unwrap();
}
