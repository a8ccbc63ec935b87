//! Keys of organisations and of the host.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::future::join;
use one_ontology::GroupId;
use plugin_runtime_api::{SecretName, SecretString, Vault as _};
use plugin_testkit::vault::organisation;
use plugin_vault_store::{
    DataKey, HostKeyId, KeyError, KeyProvider, LocalKeys, StoreVault, WrappedKey,
};

use crate::rig::{FIRST, Rig, SECOND, SECRET, leased, name, put};

fn states(rig: &Rig) -> Vec<(u64, String, bool)> {
    let rows = rig.rows("acme", "vault_key").into_iter();
    let mut states: Vec<_> = rows
        .map(|row| {
            let generation = row.properties.get("generation").unwrap().as_u64().unwrap();
            let wrapped = row.properties.text("wrapped").unwrap();
            (
                generation,
                row.status.as_str().to_owned(),
                !wrapped.is_empty(),
            )
        })
        .collect();
    states.sort();
    states
}

#[test]
fn a_rotation_destroys_the_key_of_before() {
    let rig = Rig::new();
    let vault = rig.vault();
    let name = name("acme", "a", "KEY");
    put(&vault, &name, SECRET);
    for _ in 0..2 {
        block_on(vault.rotate(name.group)).unwrap();
    }
    let gone = |generation| (generation, "archived".to_owned(), false);
    assert_eq!(
        states(&rig),
        [gone(1), gone(2), (3, "active".to_owned(), true)]
    );
    assert_eq!(leased(&vault, &name), Ok(SECRET.to_owned()));
}

#[test]
fn the_host_changes_its_key_and_forgets_the_one_of_before() {
    let rig = Rig::new();
    let name = name("acme", "a", "KEY");
    put(&rig.vault(), &name, SECRET);
    let only = || LocalKeys::from_text(SECOND).unwrap();
    let both = only().with_former(FIRST).unwrap();
    let early = rig.over(rig.store.clone(), only());
    let said = leased(&early, &name).unwrap_err();
    assert!(said.contains("the host has no key `local:"), "{said}");
    let moving = rig.over(rig.store.clone(), both);
    assert_eq!(leased(&moving, &name), Ok(SECRET.to_owned()));
    assert_eq!(block_on(moving.rewrap(name.group)), Ok(1));
    assert_eq!(block_on(moving.rewrap(name.group)), Ok(0));
    assert_eq!(leased(&early, &name), Ok(SECRET.to_owned()));
    let former = leased(&rig.vault(), &name).unwrap_err();
    assert!(former.contains("the host has no key"), "{former}");
}

#[test]
fn a_host_with_a_former_key_makes_no_new_one() {
    let rig = Rig::new();
    let name = name("acme", "a", "KEY");
    let former = rig.vault();
    put(&former, &name, SECRET);
    let only = || LocalKeys::from_text(SECOND).unwrap();
    let moving = rig.over(rig.store.clone(), only().with_former(FIRST).unwrap());
    assert_eq!(block_on(moving.rewrap(name.group)), Ok(1));
    let refused = block_on(former.rotate(name.group)).unwrap_err();
    assert_eq!(refused.tag(), "VaultKeyMissing");
    assert_eq!(states(&rig), [(1, "active".to_owned(), true)]);
    // The file with the former key is gone now.
    let moved = rig.over(rig.store.clone(), only());
    assert_eq!(leased(&moved, &name), Ok(SECRET.to_owned()));
    block_on(moved.rotate(name.group)).unwrap();
    assert_eq!(leased(&moved, &name), Ok(SECRET.to_owned()));
}

#[test]
fn when_the_key_is_lost_a_new_one_is_made_once_nothing_is_kept_any_more() {
    let rig = Rig::new();
    let (first, second) = (name("acme", "a", "KEY"), name("acme", "b", "KEY"));
    let former = rig.vault();
    put(&former, &first, SECRET);
    put(&former, &second, SECRET);
    let other = rig.over(rig.store.clone(), LocalKeys::from_text(SECOND).unwrap());
    let refused = |vault: &StoreVault| {
        let checked = block_on(vault.check_rotation(first.group)).unwrap_err();
        let rotated = block_on(vault.rotate(first.group)).unwrap_err();
        assert_eq!(checked, rotated);
        assert_eq!(rotated.tag(), "VaultKeyMissing");
    };
    refused(&other);
    block_on(other.forget(&first)).unwrap();
    refused(&other);
    block_on(other.destroy(second.group, second.instance)).unwrap();
    // It is made when somebody asks for it, not in passing.
    let given = block_on(other.put(&first, SecretString::new("new"))).unwrap_err();
    assert_eq!(given.tag(), "VaultKeyMissing");
    block_on(other.check_rotation(first.group)).unwrap();
    block_on(other.rotate(first.group)).unwrap();
    let ended = (1, "archived".to_owned(), false);
    assert_eq!(states(&rig), [ended, (2, "active".to_owned(), true)]);
    put(&other, &first, "new");
    assert_eq!(leased(&other, &first), Ok("new".to_owned()));
    refused(&former);
    let none = rig.with(Arc::new(plugin_vault_store::NoKeys));
    refused(&none);
}

/// A host with another key, and one with the first that keeps a secret in the middle of what it does.
#[derive(Debug)]
struct Forestalled {
    keys: LocalKeys,
    other: StoreVault,
    name: SecretName,
}

#[async_trait]
impl KeyProvider for Forestalled {
    fn current(&self) -> HostKeyId {
        self.keys.current()
    }

    async fn wrap(&self, group: GroupId, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let secret = SecretString::new(SECRET);
        self.other.put(&self.name, secret).await.unwrap();
        self.keys.wrap(group, key).await
    }

    async fn unwrap(&self, group: GroupId, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        self.keys.unwrap(group, wrapped).await
    }
}

#[test]
fn a_secret_that_is_kept_meanwhile_keeps_the_new_key_out() {
    let rig = Rig::new();
    let name = name("acme", "a", "KEY");
    let former = rig.vault();
    put(&former, &name, "before");
    block_on(former.forget(&name)).unwrap();
    let forestalled = rig.with(Arc::new(Forestalled {
        keys: LocalKeys::from_text(SECOND).unwrap(),
        other: rig.vault(),
        name: name.clone(),
    }));
    let refused = block_on(forestalled.rotate(name.group)).unwrap_err();
    assert_eq!(refused.tag(), "VaultKeyMissing");
    assert_eq!(leased(&former, &name), Ok(SECRET.to_owned()));
}

/// A host with the former key, and another that wraps everything anew in the middle of what it does.
#[derive(Debug)]
struct Overtaken {
    keys: LocalKeys,
    other: StoreVault,
}

#[async_trait]
impl KeyProvider for Overtaken {
    fn current(&self) -> HostKeyId {
        self.keys.current()
    }

    async fn wrap(&self, group: GroupId, key: &DataKey) -> Result<WrappedKey, KeyError> {
        self.other.rewrap(group).await.unwrap();
        self.keys.wrap(group, key).await
    }

    async fn unwrap(&self, group: GroupId, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        self.keys.unwrap(group, wrapped).await
    }
}

#[test]
fn a_rotation_that_a_new_host_key_overtakes_makes_no_key_either() {
    let rig = Rig::new();
    let name = name("acme", "a", "KEY");
    put(&rig.vault(), &name, SECRET);
    let only = || LocalKeys::from_text(SECOND).unwrap();
    let both = only().with_former(FIRST).unwrap();
    let overtaken = rig.with(Arc::new(Overtaken {
        keys: LocalKeys::from_text(FIRST).unwrap(),
        other: rig.over(rig.store.clone(), both),
    }));
    let refused = block_on(overtaken.rotate(name.group)).unwrap_err();
    assert_eq!(refused.tag(), "VaultKeyMissing");
    assert_eq!(states(&rig), [(1, "active".to_owned(), true)]);
    let moved = rig.over(rig.store.clone(), only());
    assert_eq!(leased(&moved, &name), Ok(SECRET.to_owned()));
}

#[test]
fn a_lost_key_that_nothing_is_sealed_with_is_in_nobodys_way() {
    let rig = Rig::new();
    let name = name("acme", "a", "KEY");
    let vault = rig.vault();
    put(&vault, &name, SECRET);
    let mut lost = rig.rows("acme", "vault_key")[0].clone();
    block_on(vault.rotate(name.group)).unwrap();
    // A key of before, which a rotation that was interrupted has left behind.
    let ended = rig.rows("acme", "vault_key").into_iter();
    let ended = ended
        .filter(|row| row.id == lost.id)
        .map(|row| row.revision);
    lost.revision = ended.max().unwrap();
    lost.properties = lost
        .properties
        .with("state", "leaving")
        .with("host_key", "local:lost");
    rig.forge(lost);
    block_on(vault.check(name.group)).unwrap();
    let only = LocalKeys::from_text(SECOND).unwrap();
    let moving = rig.over(rig.store.clone(), only.with_former(FIRST).unwrap());
    assert_eq!(block_on(moving.rewrap(name.group)), Ok(1));
    assert_eq!(block_on(moving.rewrap(name.group)), Ok(0));
    block_on(moving.rotate(name.group)).unwrap();
    assert_eq!(leased(&moving, &name), Ok(SECRET.to_owned()));
}

#[test]
fn a_wrapped_key_of_another_organisation_does_not_open() {
    let rig = Rig::new();
    let vault = rig.vault();
    let (here, there) = (name("acme", "a", "KEY"), name("globex", "a", "KEY"));
    put(&vault, &here, SECRET);
    put(&vault, &there, "theirs");
    let stolen = rig.rows("globex", "vault_key")[0].clone();
    let mut forged = rig.rows("acme", "vault_key")[0].clone();
    let wrapped = stolen.properties.get("wrapped").unwrap().clone();
    forged.properties = forged.properties.with("wrapped", wrapped);
    rig.forge(forged);
    let said = leased(&vault, &here).unwrap_err();
    assert!(said.contains("does not open"), "{said}");
    assert_eq!(leased(&vault, &there), Ok("theirs".to_owned()));
}

#[test]
fn what_is_put_while_keys_change_is_kept() {
    let rig = Rig::new();
    let (one, two) = (rig.vault(), rig.vault());
    let names: Vec<_> = (0..5)
        .map(|it| name("acme", "a", &it.to_string()))
        .collect();
    put(&one, &names[0], "0");
    block_on(async {
        let rotates = async {
            for _ in 0..3 {
                one.rotate(organisation("acme")).await.unwrap();
            }
        };
        let puts = async {
            for name in &names {
                let secret = SecretString::new(name.parameter.as_str());
                two.put(name, secret).await.unwrap();
            }
        };
        join(rotates, puts).await;
    });
    for name in &names {
        assert_eq!(leased(&one, name).as_ref(), Ok(&name.parameter));
    }
}

#[test]
fn what_is_no_key_is_not_repeated() {
    for text in ["", "1234", &FIRST[1..], "hunter2", &format!("{FIRST}00")] {
        let said = LocalKeys::from_text(text).unwrap_err().to_string();
        assert!(text.is_empty() || !said.contains(text), "{said}");
    }
    LocalKeys::from_text(&format!("  {FIRST}\n")).unwrap();
    let fresh = LocalKeys::generate().unwrap();
    assert_ne!(*fresh, *LocalKeys::generate().unwrap());
    LocalKeys::from_text(&fresh).unwrap();
}
