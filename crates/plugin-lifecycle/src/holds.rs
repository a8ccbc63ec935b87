//! Who holds executions of an instance back, to change it when those under way have ended.

use std::collections::BTreeMap;

use one_ontology::{Timestamp, ids};
use plugin_runtime_api::Fence;
use serde::{Deserialize, Serialize};

use crate::{CommandKind, PluginInstance, StateKind};

ids! {
    /// One holding back of executions: by one call, on one host.
    HoldId
}

/// That one call lets no execution begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What is to be done when those under way have ended.
    pub command: CommandKind,
    /// Until when, at the latest: whoever holds them back may be gone.
    pub until: Timestamp,
}

/// Every hold on an instance. Each is its own: who lets go of one lets no execution past another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds(BTreeMap<HoldId, Hold>);

impl Holds {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One that still holds.
    #[must_use]
    pub fn standing(&self, id: &HoldId, now: Timestamp) -> Option<Hold> {
        self.0.get(id).copied().filter(|hold| hold.until > now)
    }

    /// The one that holds longest.
    #[must_use]
    pub fn last(&self, now: Timestamp) -> Option<Hold> {
        let standing = self.0.values().filter(|hold| hold.until > now);
        standing.max_by_key(|hold| hold.until).copied()
    }

    /// Adds one, or renews it. Those that hold no more are forgotten.
    pub fn put(&mut self, id: HoldId, hold: Hold, now: Timestamp) {
        self.0.retain(|_, hold| hold.until > now);
        self.0.insert(id, hold);
    }

    pub(crate) fn end(&mut self, id: &HoldId) -> Option<Hold> {
        self.0.remove(id)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn leases(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().map(|hold| &mut hold.until)
    }
}

impl PluginInstance {
    /// What keeps executions from beginning now, and until when at the latest: a call that holds them back, or
    /// a restart that is owed and waits for those under way.
    #[must_use]
    pub fn held_back(&self, now: Timestamp) -> Option<Hold> {
        let owed = self.restart_owed.and_then(|_| self.last_lease());
        let owed = owed.filter(|until| *until > now).map(|until| Hold {
            command: CommandKind::Configure,
            until,
        });
        let held = self.holds.last(now);
        held.into_iter().chain(owed).max_by_key(|hold| hold.until)
    }

    /// When the last of its executions must have ended.
    pub(crate) fn last_lease(&self) -> Option<Timestamp> {
        self.executions.values().map(|it| it.lease_until).max()
    }

    /// What runs may have other secrets than the vault: it is replaced by the next use, which is when the
    /// executions in it have ended.
    pub(crate) fn owe_restart(&mut self, now: Timestamp) {
        match self.lifecycle.kind() {
            StateKind::Active => self.fence = self.fence.next(),
            StateKind::Executing
            | StateKind::Activating
            | StateKind::Updating
            | StateKind::RollingBack => {
                self.restart_owed.get_or_insert(now);
            }
            StateKind::Discovered
            | StateKind::Installing
            | StateKind::Installed
            | StateKind::Deactivating
            | StateKind::Suspended
            | StateKind::Error
            | StateKind::Failed
            | StateKind::Uninstalling
            | StateKind::Uninstalled => {}
        }
    }

    /// Pays what is owed where nothing is under way any more, of a step that began under `before`.
    pub(crate) fn pay_restart(&mut self, before: Fence) {
        let state = self.lifecycle.kind();
        if state == StateKind::Executing || state.is_transient() {
            return;
        }
        let owed = self.restart_owed.take().is_some();
        if owed && state == StateKind::Active && self.fence == before {
            self.fence = self.fence.next();
        }
    }
}
