//! The clauses.

use futures::future::join_all;
use one_ontology::{GroupId, ThingId, Timestamp};
use plugin_runtime_api::{ExecutionId, SecretName, SecretString, Vault};

const SECRET: &str = "correct horse battery staple";

/// The organisations that the suite uses, as [`organisation`] names them.
pub const ORGANISATIONS: &[&str] = &["acme", "globex"];

/// The id of an organisation of the suite: a vault that keeps secrets with other facts needs it to
/// be there.
#[must_use]
pub fn organisation(name: &str) -> GroupId {
    group(name)
}

fn group(name: &str) -> GroupId {
    GroupId::of_name(&["vault suite", name])
}

fn instance(name: &str) -> ThingId {
    ThingId::of_name(&["vault suite", name])
}

fn name(of: &str, to: &str, parameter: &str) -> SecretName {
    SecretName {
        group: group(of),
        instance: instance(to),
        parameter: parameter.to_owned(),
    }
}

async fn put(vault: &dyn Vault, name: &SecretName, secret: &str) {
    vault.put(name, SecretString::new(secret)).await.unwrap();
}

/// The secret, or the tag of why it is not given out.
async fn leased(vault: &dyn Vault, name: &SecretName) -> Result<String, &'static str> {
    let execution = ExecutionId::of_name(&["vault suite"]);
    let leased = vault.lease(name, execution, Timestamp::EPOCH).await;
    let leased = leased.map(|secret| secret.expose().to_owned());
    leased.map_err(|error| error.tag())
}

async fn holds(vault: &dyn Vault, name: &SecretName, secret: &str) {
    assert_eq!(leased(vault, name).await.as_deref(), Ok(secret), "{name:?}");
}

async fn lacks(vault: &dyn Vault, name: &SecretName) {
    assert_eq!(leased(vault, name).await, Err("SecretNotFound"), "{name:?}");
}

async fn listed(vault: &dyn Vault, of: &str, to: &str) -> Vec<String> {
    vault.list(group(of), instance(to)).await.unwrap()
}

pub(super) async fn what_is_put_is_given_out(vault: &dyn Vault) {
    let name = name("acme", "a", "KEY");
    put(vault, &name, SECRET).await;
    holds(vault, &name, SECRET).await;
    holds(vault, &name, SECRET).await;
}

pub(super) async fn what_was_not_put_is_not_found(vault: &dyn Vault) {
    lacks(vault, &name("acme", "a", "KEY")).await;
    put(vault, &name("acme", "a", "KEY"), SECRET).await;
    lacks(vault, &name("acme", "a", "OTHER")).await;
    assert_eq!(listed(vault, "acme", "b").await, [""; 0]);
}

pub(super) async fn the_last_put_counts(vault: &dyn Vault) {
    let name = name("acme", "a", "KEY");
    for secret in ["first", "second", "third"] {
        put(vault, &name, secret).await;
        holds(vault, &name, secret).await;
    }
    assert_eq!(listed(vault, "acme", "a").await, ["KEY"]);
}

pub(super) async fn any_text_comes_back_as_it_was(vault: &dyn Vault) {
    let long = "x".repeat(16 * 1024);
    let texts = ["", " ", "a\0b\n\r\t", "Ünïcödé \u{1f511}", "\"{}'\\", &long];
    for (number, text) in texts.into_iter().enumerate() {
        let name = name("acme", "a", &format!("KEY {number}"));
        put(vault, &name, text).await;
        holds(vault, &name, text).await;
    }
}

pub(super) async fn a_secret_is_one_instance_s_own(vault: &dyn Vault) {
    let places = [("acme", "a"), ("acme", "b"), ("globex", "a")];
    for (of, to) in places {
        put(vault, &name(of, to, "KEY"), &format!("{of} {to}")).await;
    }
    for (of, to) in places {
        holds(vault, &name(of, to, "KEY"), &format!("{of} {to}")).await;
        assert_eq!(listed(vault, of, to).await, ["KEY"]);
    }
    lacks(vault, &name("globex", "b", "KEY")).await;
    assert_eq!(listed(vault, "globex", "b").await, [""; 0]);
}

pub(super) async fn names_are_compared_exactly(vault: &dyn Vault) {
    let names = ["KEY", "key", "KEY ", "K%Y", "KÉY", "KE\u{301}Y"];
    for parameter in names {
        put(vault, &name("acme", "a", parameter), parameter).await;
    }
    for parameter in names {
        holds(vault, &name("acme", "a", parameter), parameter).await;
    }
    lacks(vault, &name("acme", "a", "K_Y")).await;
}

pub(super) async fn names_are_listed_in_order(vault: &dyn Vault) {
    for parameter in ["Z", "A", "B2", "B10", "b"] {
        put(vault, &name("acme", "a", parameter), SECRET).await;
    }
    let in_order = ["A", "B10", "B2", "Z", "b"];
    assert_eq!(listed(vault, "acme", "a").await, in_order);
}

pub(super) async fn a_rotation_changes_nothing_that_is_given_out(vault: &dyn Vault) {
    let (here, there) = (name("acme", "a", "KEY"), name("globex", "a", "KEY"));
    put(vault, &here, "here").await;
    put(vault, &there, "there").await;
    for round in ["1", "2", "3"] {
        vault.rotate(group("acme")).await.unwrap();
        holds(vault, &here, "here").await;
        holds(vault, &there, "there").await;
        let fresh = name("acme", "a", round);
        put(vault, &fresh, round).await;
        holds(vault, &fresh, round).await;
    }
    assert_eq!(listed(vault, "acme", "a").await, ["1", "2", "3", "KEY"]);
}

pub(super) async fn an_organisation_without_secrets_can_be_rotated(vault: &dyn Vault) {
    vault.rotate(group("acme")).await.unwrap();
    lacks(vault, &name("acme", "a", "KEY")).await;
}

pub(super) async fn what_is_forgotten_is_gone_and_may_come_again(vault: &dyn Vault) {
    let it = name("acme", "a", "KEY");
    vault.forget(&it).await.unwrap();
    lacks(vault, &it).await;
    for secret in ["first", "second"] {
        put(vault, &it, secret).await;
        holds(vault, &it, secret).await;
        for _ in 0..2 {
            vault.forget(&it).await.unwrap();
            lacks(vault, &it).await;
            assert_eq!(listed(vault, "acme", "a").await, [""; 0]);
        }
    }
    vault.destroy(it.group, it.instance).await.unwrap();
    vault.forget(&it).await.unwrap();
    let late = vault.put(&it, SecretString::new(SECRET)).await;
    assert_eq!(late.unwrap_err().tag(), "SecretsDestroyed");
}

pub(super) async fn only_that_secret_is_forgotten(vault: &dyn Vault) {
    let left = [
        name("acme", "a", "OTHER"),
        name("acme", "b", "KEY"),
        name("globex", "a", "KEY"),
    ];
    let it = name("acme", "a", "KEY");
    for name in left.iter().chain([&it]) {
        put(vault, name, SECRET).await;
    }
    vault.forget(&it).await.unwrap();
    lacks(vault, &it).await;
    for name in &left {
        holds(vault, name, SECRET).await;
    }
    assert_eq!(listed(vault, "acme", "a").await, ["OTHER"]);
}

pub(super) async fn what_is_forgotten_stays_so_when_keys_change(vault: &dyn Vault) {
    let (it, other) = (name("acme", "a", "KEY"), name("acme", "a", "OTHER"));
    put(vault, &it, SECRET).await;
    put(vault, &other, SECRET).await;
    vault.forget(&it).await.unwrap();
    vault.rotate(group("acme")).await.unwrap();
    lacks(vault, &it).await;
    holds(vault, &other, SECRET).await;
    put(vault, &it, "another").await;
    vault.rotate(group("acme")).await.unwrap();
    holds(vault, &it, "another").await;
}

pub(super) async fn what_is_destroyed_is_gone(vault: &dyn Vault) {
    for parameter in ["A", "B"] {
        put(vault, &name("acme", "a", parameter), SECRET).await;
    }
    vault.destroy(group("acme"), instance("a")).await.unwrap();
    for parameter in ["A", "B"] {
        lacks(vault, &name("acme", "a", parameter)).await;
    }
    assert_eq!(listed(vault, "acme", "a").await, [""; 0]);
    vault.rotate(group("acme")).await.unwrap();
    lacks(vault, &name("acme", "a", "A")).await;
}

pub(super) async fn only_that_instance_is_destroyed(vault: &dyn Vault) {
    let left = [name("acme", "b", "KEY"), name("globex", "a", "KEY")];
    for name in left.iter().chain([&name("acme", "a", "KEY")]) {
        put(vault, name, SECRET).await;
    }
    vault.destroy(group("acme"), instance("a")).await.unwrap();
    for name in &left {
        holds(vault, name, SECRET).await;
        put(vault, name, "another").await;
    }
}

pub(super) async fn what_comes_after_the_end_is_refused(vault: &dyn Vault) {
    let never = name("acme", "never had one", "KEY");
    let late = name("acme", "a", "KEY");
    put(vault, &late, SECRET).await;
    for name in [&late, &never] {
        vault.destroy(name.group, name.instance).await.unwrap();
        let refused = vault.put(name, SecretString::new("late")).await;
        assert_eq!(refused.unwrap_err().tag(), "SecretsDestroyed");
        lacks(vault, name).await;
    }
    assert_eq!(listed(vault, "acme", "a").await, [""; 0]);
}

pub(super) async fn destroying_again_is_well(vault: &dyn Vault) {
    put(vault, &name("acme", "a", "KEY"), SECRET).await;
    for _ in 0..3 {
        vault.destroy(group("acme"), instance("a")).await.unwrap();
    }
    lacks(vault, &name("acme", "a", "KEY")).await;
}

pub(super) async fn many_at_once_each_keep_their_own(vault: &dyn Vault) {
    let names: Vec<SecretName> = (0..16)
        .map(|number| name("acme", "a", &format!("KEY {number}")))
        .collect();
    join_all(names.iter().map(|it| put(vault, it, &it.parameter))).await;
    for it in &names {
        holds(vault, it, &it.parameter).await;
    }
    assert_eq!(listed(vault, "acme", "a").await.len(), 16);
}

pub(super) async fn it_can_be_printed_without_a_secret(vault: &dyn Vault) {
    let name = name("acme", "a", "KEY");
    put(vault, &name, SECRET).await;
    holds(vault, &name, SECRET).await;
    assert!(!format!("{vault:?} {vault:#?}").contains(SECRET));
}

pub(super) async fn errors_say_nothing_of_secrets(vault: &dyn Vault) {
    let it = name("acme", "a", "KEY");
    put(vault, &it, SECRET).await;
    vault.destroy(it.group, it.instance).await.unwrap();
    let refused = vault.put(&it, SecretString::new(SECRET)).await;
    let refused = refused.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains(SECRET));
}
