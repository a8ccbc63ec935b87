//! What the vault keeps, as things of the organisation.

use std::collections::BTreeSet;

use one_ontology::{
    GroupId, Scope, Thing, ThingId, ThingProperties, ThingStatus, ThingType, Timestamp,
};
use plugin_runtime_api::SecretName;
use serde::{Deserialize, Serialize};

/// A data key of an organisation, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyRow {
    /// Counts the keys of the organisation, from 1.
    pub(crate) generation: u64,
    /// What it is for.
    pub(crate) state: KeyState,
    /// The host's key that it is wrapped with.
    pub(crate) host_key: String,
    /// The wrapped key, as hexadecimal digits; empty once it is destroyed.
    pub(crate) wrapped: String,
}

/// What a data key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// It seals and opens.
    Active,
    /// It opens what has not been sealed anew yet.
    Leaving,
}

/// A secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretRow {
    pub(crate) instance: ThingId,
    pub(crate) parameter: String,
    /// Counts the secrets under this name, from 1.
    pub(crate) version: u64,
    /// The generation of the key that it is sealed with.
    pub(crate) key: u64,
    /// As hexadecimal digits; empty once it is destroyed.
    pub(crate) sealed: String,
}

/// Says of an instance that it is given no secrets any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndRow {
    pub(crate) instance: ThingId,
}

fn own_type(name: &str) -> ThingType {
    // INVARIANT: the names given here are valid, and none is listed.
    name.parse().unwrap_or(ThingType::ExternalConnection)
}

macro_rules! row {
    ($($name:ident $wire:literal)*) => {$(
        impl ThingProperties for $name {
            fn thing_type() -> ThingType {
                own_type($wire)
            }
        }
    )*};
}

row! { KeyRow "vault_key" SecretRow "vault_secret" EndRow "vault_end" }

impl SecretRow {
    /// What the seal of a secret is bound to: moved elsewhere, or exchanged for one of before, it does
    /// not open.
    pub(crate) fn bound(&self, group: GroupId) -> Vec<u8> {
        crate::seal::bound(&[
            "secret",
            &group.to_string(),
            &self.instance.to_string(),
            &self.parameter,
            &self.version.to_string(),
            &self.key.to_string(),
        ])
    }
}

/// The keys that are needed: the newest, which seals, and those under which a secret is sealed.
pub(crate) fn needed(keys: Vec<Thing<KeyRow>>, secrets: &[Thing<SecretRow>]) -> Vec<Thing<KeyRow>> {
    let newest = keys.iter().map(|key| key.properties.generation).max();
    let sealed: BTreeSet<u64> = secrets.iter().map(|row| row.properties.key).collect();
    let is_needed = |generation| newest == Some(generation) || sealed.contains(&generation);
    let keys = keys.into_iter();
    keys.filter(|key| is_needed(key.properties.generation))
        .collect()
}

pub(crate) fn key_id(group: GroupId, generation: u64) -> ThingId {
    ThingId::of_name(&["vault key", &group.to_string(), &generation.to_string()])
}

pub(crate) fn secret_id(name: &SecretName) -> ThingId {
    let (group, instance) = (name.group.to_string(), name.instance.to_string());
    ThingId::of_name(&["vault secret", &group, &instance, &name.parameter])
}

pub(crate) fn end_id(group: GroupId, instance: ThingId) -> ThingId {
    ThingId::of_name(&["vault end", &group.to_string(), &instance.to_string()])
}

/// A new row. Secrets and ends are named for their instance, so that a store's index finds them.
pub(crate) fn made<P: ThingProperties>(
    scope: &Scope,
    id: ThingId,
    name: &str,
    properties: P,
    now: Timestamp,
) -> Thing<P> {
    Thing {
        id,
        place: scope.place(),
        thing_type: P::thing_type(),
        name: name.to_owned(),
        status: ThingStatus::Active,
        properties,
        revision: one_ontology::Revision::FIRST,
        created_at: now,
        updated_at: now,
    }
}
