//! Trying a failed installation again.

use std::collections::BTreeSet;

use one_ontology::{ThingId, Timestamp};
use plugin_registry::{ProgressSink, Silent};
use semver::Version;

use crate::manager::install::{given_up, ids_of, merge, plugins};
use crate::manager::update::outdated;
use crate::manager::write::{Step, still_held};
use crate::releases::releases_of;
use crate::{
    ActivityKind, Command, Instance, Interrupted, ManagerError, Operation, PendingOperation, Phase,
    State, Tenant, transition,
};

impl Tenant {
    /// Tries an installation again that failed: the same one, with all plugins that were installed together, and
    /// the same versions. It counts as no further installation.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused` unless its installation failed, `InstanceNotFound`, `BulkheadFull` (too many
    /// plugins), `ReleaseRevoked`; `PlanOutdated` when a part of it was removed since; `Source`, and it rests in FAILED again.
    pub async fn retry_install(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.retry_install_with(instance, &Silent).await
    }

    /// As [`Tenant::retry_install`], telling `progress` how far it is.
    ///
    /// # Errors
    /// As [`Tenant::retry_install`].
    pub async fn retry_install_with(
        &self,
        instance: ThingId,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        let work = Box::pin(self.retry_install_with_unobserved(instance, progress));
        self.observed(ActivityKind::RetryInstall, Some(instance), work)
            .await
    }

    async fn retry_install_with_unobserved(
        &self,
        instance: ThingId,
        progress: &dyn ProgressSink,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::InstallPluginInOrg)?;
        let failed = self.failed_together(instance).await?;
        self.refuse_revoked(failed.iter().flat_map(releases_to_fetch))
            .await?;
        let failed: Vec<&Instance> = failed.iter().collect();
        self.rewrite_all(&ids_of(&failed), |found, now| {
            let mut changes = None;
            for (before, found) in failed.iter().zip(found) {
                let found = found.ok_or_else(given_up)?;
                still_held(&found, before)?;
                let step = self.retried(found, now)?;
                changes = Some(merge(changes, step.changes)?);
            }
            let Some(changes) = changes else {
                return Ok(None);
            };
            Ok(Some(changes.spend(plugins(self, failed.len())?)))
        })
        .await?;
        let begun = self.begun_after(&failed).await?;
        let begun: Vec<&Instance> = begun.iter().collect();
        self.bring_in(&begun, progress).await
    }

    /// All instances of a failed installation, that one among them.
    async fn failed_together(&self, instance: ThingId) -> Result<Vec<Instance>, ManagerError> {
        let found = self.load(instance).await?;
        let failed = State::Failed {
            operation: Interrupted::Install,
        };
        if found.properties.lifecycle != failed {
            // What is retried of a runtime that failed is its start: `activate`.
            let command = match found.properties.lifecycle {
                State::Error => Command::Install,
                _ => Command::Retry,
            };
            transition(found.properties.lifecycle, command)?;
        }
        let held = interrupted(&found)?;
        let Some(Phase::Fetch(batch)) = &held.phase else {
            return Err(given_up());
        };
        let mut together = Vec::new();
        for id in &batch.together {
            let member = self.find(*id).await?.filter(|it| {
                let same = interrupted(it).is_ok_and(|other| other.key == held.key);
                it.properties.lifecycle == failed && same
            });
            together.push(member.ok_or_else(given_up)?);
        }
        self.refuse_changed_members(&together).await?;
        Ok(together)
    }

    /// Refuses where a plugin that they count on has another version than when they were planned.
    async fn refuse_changed_members(&self, together: &[Instance]) -> Result<(), ManagerError> {
        let of_others = together
            .iter()
            .flat_map(|it| &it.properties.members)
            .filter(|member| together.iter().all(|it| it.id != member.instance));
        for member in of_others {
            let found = self.find(member.instance).await?;
            if found.is_none_or(|it| it.properties.version != member.version) {
                return Err(outdated("what it counts on has another version by now"));
            }
        }
        Ok(())
    }

    fn retried(&self, found: Instance, now: Timestamp) -> Result<Step, ManagerError> {
        let held = interrupted(&found)?.clone();
        let fence = found.properties.fence.next();
        let lease = held.phase.as_ref().map(|phase| self.lease_of(phase));
        let operation = PendingOperation {
            attempt: held.attempt.saturating_add(1),
            lease_until: now.plus(lease.unwrap_or(self.shared().policy.operation_lease)),
            fence,
            ..held
        };
        let attempt = operation.attempt;
        self.step(
            found,
            Command::Retry,
            now,
            |p| {
                p.fence = fence;
                p.reason = None;
                p.interrupted = None;
                p.operation = Some(operation);
            },
            |event| event.with("operation", "install").with("attempt", attempt),
        )
    }
}

/// The releases that an installation which failed was to bring.
fn releases_to_fetch(instance: &Instance) -> BTreeSet<(String, Version)> {
    let mut releases = releases_of(&instance.properties);
    let held = instance.properties.interrupted.as_ref();
    if let Some(Phase::Fetch(batch)) = held.and_then(|held| held.phase.as_ref()) {
        let packages = batch.packages.iter();
        releases.extend(packages.map(|it| (it.name.clone(), it.version.clone())));
    }
    releases
}

fn interrupted(instance: &Instance) -> Result<&PendingOperation, ManagerError> {
    let held = instance.properties.interrupted.as_ref();
    held.ok_or_else(|| ManagerError::PlanOutdated {
        reason: "nothing says any more what was to be fetched; uninstall it, then plan again"
            .to_owned(),
    })
}
