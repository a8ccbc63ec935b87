//! Hosts that die in the middle, at each commit.

use std::sync::Arc;

use futures::executor::block_on;
use plugin_runtime_api::{SecretString, Vault as _};
use plugin_store_layers::{At, Fault, Injected, Injection, Method};
use plugin_vault_store::{LocalKeys, StoreVault};

use crate::rig::{FIRST, Rig, SECRET, leased, name, put};

/// Lets `work` die at each of its commits, before and after; then checks what is left.
fn everywhere(
    prepare: impl Fn(&StoreVault),
    work: impl AsyncFn(&StoreVault),
    check: impl Fn(&Rig, &StoreVault),
) {
    let mut crashes = 0;
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        for nth in 1.. {
            let rig = Rig::new();
            prepare(&rig.vault());
            let dies = Injection::new(fault.clone(), At::Nth(nth)).on(Method::Commit);
            let store = Arc::new(Injected::over(rig.store.clone(), [dies]));
            let keys = LocalKeys::from_text(FIRST).unwrap();
            block_on(work(&rig.over(store.clone(), keys)));
            if !store.has_crashed() {
                break;
            }
            crashes += 1;
            check(&rig, &rig.vault());
        }
    }
    assert!(crashes >= 4, "{crashes}");
}

fn many(vault: &StoreVault) {
    for number in 0..150 {
        put(vault, &name("acme", "a", &format!("KEY {number}")), SECRET);
    }
}

#[test]
fn an_interrupted_rotation_loses_nothing_and_the_next_one_ends_it() {
    everywhere(
        many,
        async |vault| drop(vault.rotate(name("acme", "a", "").group).await),
        |rig, vault| {
            let all = |vault: &StoreVault| {
                for number in [0, 50, 99, 100, 149] {
                    let name = name("acme", "a", &format!("KEY {number}"));
                    assert_eq!(leased(vault, &name), Ok(SECRET.to_owned()));
                }
            };
            all(vault);
            put(vault, &name("acme", "a", "KEY 0"), SECRET);
            block_on(vault.rotate(name("acme", "a", "").group)).unwrap();
            all(vault);
            let keys = rig.rows("acme", "vault_key").into_iter();
            let live = keys.filter(|row| row.properties.text("wrapped") != Some(""));
            assert_eq!(live.count(), 1);
        },
    );
}

#[test]
fn an_interrupted_put_is_the_one_of_before_or_the_new_one() {
    let key = || name("acme", "a", "KEY");
    everywhere(
        |_| (),
        async |vault| {
            for secret in ["first", "second"] {
                drop(vault.put(&key(), SecretString::new(secret)).await);
            }
        },
        |_, vault| {
            let left = leased(vault, &key());
            let fine = match &left {
                Ok(secret) => ["first", "second"].contains(&secret.as_str()),
                Err(said) => said.contains("there is no secret"),
            };
            assert!(fine, "{left:?}");
            put(vault, &key(), "third");
            assert_eq!(leased(vault, &key()), Ok("third".to_owned()));
        },
    );
}

#[test]
fn an_interrupted_end_keeps_out_what_comes_late_or_never_began() {
    let key = || name("acme", "a", "KEY");
    everywhere(
        |vault| put(vault, &key(), SECRET),
        async |vault| drop(vault.destroy(key().group, key().instance).await),
        |_, vault| {
            block_on(vault.destroy(key().group, key().instance)).unwrap();
            let late = block_on(vault.put(&key(), SecretString::new("late")));
            assert_eq!(late.unwrap_err().tag(), "SecretsDestroyed");
            assert!(leased(vault, &key()).is_err());
        },
    );
}
