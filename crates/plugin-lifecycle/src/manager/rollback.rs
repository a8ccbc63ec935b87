//! Going back to an earlier version.

use std::collections::BTreeSet;

use one_ontology::{ThingId, Timestamp};
use plugin_registry::{ProgressSink, Silent};
use plugin_runtime_api::Permissions;

use crate::manager::update::{Beside, outdated};
use crate::manager::write::Step;
use crate::{
    ActivityKind, Change, ChangePart, Command, CommandKind, Edition, Instance, ManagerError,
    Operation, Snapshot, Tenant,
};

impl Tenant {
    /// Brings back the version that an instance had before its last update, with the settings that it had then.
    /// Secrets stay as they are, and it may never do more than it may now. Once it is back it is not kept any
    /// more: going back again goes to the one before that.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `NoExecutor`, `NoSnapshot`, `ReleaseRevoked`; `PlanOutdated` when a plugin that it needs
    /// is not there any more; `Source` when its packages cannot be fetched, and nothing is changed;
    /// `RollbackFailed` when it does not start, and the instance rests in ERROR.
    pub async fn rollback(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.rollback_with(instance, &Silent).await
    }

    /// As [`Tenant::rollback`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::rollback`].
    pub async fn rollback_with(
        &self,
        instance: ThingId,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        let work = Box::pin(self.rollback_with_unobserved(instance, progress));
        self.observed(ActivityKind::Rollback, Some(instance), work)
            .await
    }

    async fn rollback_with_unobserved(
        &self,
        instance: ThingId,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        let found = self.load(instance).await?;
        let snapshots = self.snapshots_of(&found).await?;
        let meant = last(&found, &snapshots)?;
        self.refuse_foreign(&found.properties.engine)?;
        let edition = self.as_of_now(instance, &meant.properties.edition).await?;
        self.refuse_revoked(edition.releases(&found.properties.npm_package))
            .await?;
        if !edition.packages.is_empty() {
            // While the version of now is there, and may serve.
            let engine = &found.properties.engine;
            self.stage_packages(engine, &edition.packages, progress)
                .await?;
        }
        let begin = |now_found: Instance, beside: Beside, now| {
            // Whoever went back meanwhile has used it up, and two steps back are not what is meant.
            let same = last(&now_found, &beside.snapshots)?.id == meant.id;
            if !same || now_found.properties.version != found.properties.version {
                return Err(outdated("the version of the plugin has changed meanwhile"));
            }
            self.rollback_step(now_found, meant.id, edition.clone(), now)
        };
        let begun = self
            .begin_change(instance, CommandKind::Rollback, begin)
            .await?;
        self.change(begun, progress).await
    }

    fn rollback_step(
        &self,
        found: Instance,
        snapshot: ThingId,
        mut to: Edition,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let key = self.new_key(CommandKind::Rollback.as_str(), now)?;
        to.runtime = self.runtime_of(found.id, &key);
        let may = &found.properties.grants;
        to.grants = to.grants.iter().filter(|it| may.allow(*it)).collect();
        let change = Change {
            part: ChangePart::Fetch,
            to,
            leave: BTreeSet::new(),
            approved: Permissions::none(),
            snapshot: Some(snapshot),
        };
        self.change_step(found, Command::Rollback, &key, change, now)
    }
}

fn last<'a>(found: &Instance, snapshots: &'a [Snapshot]) -> Result<&'a Snapshot, ManagerError> {
    snapshots.last().ok_or_else(|| ManagerError::NoSnapshot {
        package: found.properties.npm_package.clone(),
    })
}
