//! What a plugin may do, in six permissions and three presets.

use std::collections::BTreeSet;
use std::fmt;

use one_ontology::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// One permission. Components require them, an instance is granted them.
    closed Permission ("one of the six permissions") {
        /// Reach hosts outside, through the host's egress policy.
        NetworkExternal = "network.external",
        /// Read what the organisation's plugins have stored.
        StorageRead = "storage.read",
        /// Store, change and delete.
        StorageWrite = "storage.write",
        /// Use the secrets of the instance.
        SecretsAccess = "secrets.access",
        /// Publish events and messages to the organisation.
        EventsPublish = "events.publish",
        /// Search the organisation's knowledge.
        KnowledgeQuery = "knowledge.query",
    }
}

vocabulary! {
    /// The three sets that people choose from.
    closed PermissionPreset ("`read_only`, `connected` or `full`") {
        /// Reads storage and knowledge; nothing leaves, nothing changes.
        ReadOnly = "read_only",
        /// Reads and writes, reaches the network and publishes, but sees no secrets.
        Connected = "connected",
        /// All six.
        Full = "full",
    }
}

/// A set of permissions, in the order of [`Permission::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// No permission.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// The permissions of a preset.
    #[must_use]
    pub fn preset(preset: PermissionPreset) -> Self {
        let all = Permission::ALL.iter().copied();
        match preset {
            PermissionPreset::ReadOnly => {
                Self::from_iter([Permission::StorageRead, Permission::KnowledgeQuery])
            }
            PermissionPreset::Connected => {
                all.filter(|p| *p != Permission::SecretsAccess).collect()
            }
            PermissionPreset::Full => all.collect(),
        }
    }

    /// Whether `permission` is in the set.
    #[must_use]
    pub fn allow(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// What `required` has and this set has not.
    #[must_use]
    pub fn missing(&self, required: &Self) -> Self {
        Self(required.0.difference(&self.0).copied().collect())
    }

    /// Each permission, in order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, permission) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(permission.as_str())?;
        }
        Ok(())
    }
}
