//! Revoking releases for the whole platform, and refusing those that are revoked.

use one_ontology::{
    Actor, ChangeSet, EventId, EventType, NewEvent, Place, RowId, Scope, StoreError, Thing,
    ThingStatus, Timestamp,
};
use plugin_registry::{PluginLayer, Revocation, Revocations, Severity};
use plugin_resolver::{PackageName, Spec, compare_versions};
use semver::Version;

use crate::manager::question::Asked;
use crate::manager::write::untyped;
use crate::releases::{NoticeKind, ReleaseFacts, Treatment};
use crate::{
    Instance, ManagerError, Notice, Operation, PluginInstance, PluginManager, Tenant, allow,
};

impl PluginManager {
    /// Revokes releases of a package for every organisation: those in `versions` (`1.2.3`, `<1.4.2`). What runs them is told,
    /// and suspended where its organisation wants that, by [`PluginManager::apply_notices`]. Revoking the same versions again changes the
    /// reason.
    ///
    /// # Errors
    /// `Denied` for everyone but the platform's owners, `InvalidRange`, `Contended`, `Store`.
    pub async fn revoke(
        &self,
        actor: impl Into<Actor>,
        package: &PackageName,
        versions: &str,
        (reason, severity): (&str, Severity),
    ) -> Result<Revocation, ManagerError> {
        let scope = self.owner_of_registry(actor.into()).await?;
        let attempts = self.shared.policy.attempts;
        for _ in 0..attempts {
            let now = self.shared.now();
            let by = (scope.actor().clone(), now);
            let revocation = Revocation::new(package.clone(), versions, reason, severity, by)?;
            let id = Revocation::id(package, versions);
            let changes = ChangeSet::new(&scope, self.told(&revocation, "revoked", now), now);
            let changes = match self.shared.store.thing(&scope, id).await? {
                Some(row) => {
                    let mut again = untyped(&revocation.clone().into_row(&scope))?;
                    again.created_at = row.created_at;
                    again.revision = row.revision;
                    changes.replace(again)
                }
                None => changes.insert(untyped(&revocation.clone().into_row(&scope))?),
            };
            if self.committed(changes).await? {
                return Ok(revocation);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Takes a revocation back: that of exactly these versions. What it suspended stays so until somebody activates it.
    ///
    /// # Errors
    /// `Denied` for everyone but the platform's owners, `RevocationNotFound`, `Contended`, `Store`.
    pub async fn unrevoke(
        &self,
        actor: impl Into<Actor>,
        package: &PackageName,
        versions: &str,
    ) -> Result<Revocation, ManagerError> {
        let scope = self.owner_of_registry(actor.into()).await?;
        let attempts = self.shared.policy.attempts;
        for _ in 0..attempts {
            let now = self.shared.now();
            let id = Revocation::id(package, versions);
            let row = self.shared.store.thing(&scope, id).await?;
            let row = row.filter(|row| row.status != ThingStatus::Archived);
            let row = row.ok_or_else(|| ManagerError::RevocationNotFound {
                package: package.to_string(),
                versions: one_ontology::excerpt(versions, 64),
            })?;
            let revision = row.revision;
            let revocation = read(row)?;
            let changes = ChangeSet::new(&scope, self.told(&revocation, "lifted", now), now)
                .archive(RowId::Thing(id), revision);
            if self.committed(changes).await? {
                return Ok(revocation);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// What is revoked. Everyone may know.
    ///
    /// # Errors
    /// `Store`.
    pub async fn revocations(&self) -> Result<Revocations, ManagerError> {
        let task = Self::NOTICES.parse()?;
        let scope = Scope::system(task, Place::Global);
        Ok(Revocations::load(self.shared.store.as_ref(), &scope).await?)
    }

    async fn owner_of_registry(&self, actor: Actor) -> Result<Scope, ManagerError> {
        let directory = self.shared.directory.as_ref();
        let scope = Scope::enter(directory, actor, Place::Global).await?;
        allow(&scope, Operation::RemovePluginFromRegistry)?;
        Ok(scope)
    }

    fn told(&self, revocation: &Revocation, what: &str, now: Timestamp) -> NewEvent {
        let id = EventId::new(self.shared.ids.as_ref(), now);
        let row = Revocation::id(&revocation.package, &revocation.versions);
        NewEvent::new(id, EventType::EntityUpdated, Some(row.into()))
            .with("what", what)
            .with("npm_package", revocation.package.as_str())
            .with("versions", revocation.versions.as_str())
            .with("reason", revocation.reason.as_str())
            .with("severity", revocation.severity.as_str())
    }

    /// Whether it was written; not where somebody else wrote in between.
    async fn committed(&self, changes: ChangeSet) -> Result<bool, ManagerError> {
        match self.shared.store.commit(changes).await {
            Ok(_) => Ok(true),
            Err(
                StoreError::Stale { .. }
                | StoreError::Busy { .. }
                | StoreError::AlreadyExists { .. },
            ) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn read(row: Thing) -> Result<Revocation, ManagerError> {
    let id = row.id;
    let typed = row.typed::<Revocation>();
    let typed = typed.map_err(|violations| ManagerError::Unreadable {
        instance: id,
        violations,
    })?;
    Ok(typed.properties)
}

impl Tenant {
    /// The releases that nobody here can have: those revoked, where the organisation suspends such.
    pub(crate) async fn revoked_here(&self) -> Result<Revocations, ManagerError> {
        let store = self.shared().store.as_ref();
        let revocations = Revocations::load(store, &self.scope).await?;
        if revocations.is_empty() {
            return Ok(revocations);
        }
        let settings = self.load_release_settings().await?;
        Ok(match settings.treatments.revoked {
            Treatment::Suspend => revocations,
            Treatment::Notify | Treatment::Ignore => Revocations::default(),
        })
    }

    /// Refuses what is to be had here if a release of it is revoked.
    pub(crate) async fn refuse_revoked(
        &self,
        releases: impl IntoIterator<Item = (String, Version)>,
    ) -> Result<(), ManagerError> {
        let revocations = self.revoked_here().await?;
        self.refuse_among(revocations, releases).await
    }

    /// Refuses what is to be had here if one of these revocations is of a release of it.
    pub(crate) async fn refuse_among(
        &self,
        revocations: Revocations,
        releases: impl IntoIterator<Item = (String, Version)>,
    ) -> Result<(), ManagerError> {
        for (package, version) in releases {
            if let Some(revocation) = revocations.find(&package, &version) {
                let revocation = revocation.clone();
                return Err(self.revoked(&revocation, &version, revocations).await);
            }
        }
        Ok(())
    }

    async fn revoked(
        &self,
        revocation: &Revocation,
        version: &Version,
        revocations: Revocations,
    ) -> ManagerError {
        let mut facts = ReleaseFacts::new(revocations);
        // That nothing better can be named is no reason to say less.
        drop(self.facts_about(&mut facts, [&revocation.package]).await);
        ManagerError::ReleaseRevoked {
            package: revocation.package.to_string(),
            version: version.to_string(),
            severity: revocation.severity,
            reason: revocation.reason.clone(),
            instead: facts
                .instead_of(revocation.package.as_str())
                .map(ToString::to_string),
        }
    }

    /// Refuses to start an instance of which a release is revoked. Where its row says so and the platform no longer does, the row is
    /// brought up to date first.
    pub(crate) async fn refuse_revoked_instance(
        &self,
        instance: &Instance,
    ) -> Result<(), ManagerError> {
        self.refuse_revoked(crate::releases::releases_of(&instance.properties))
            .await?;
        if held_for(&instance.properties).is_some() {
            self.note_anew(instance.id).await?;
        }
        Ok(())
    }

    /// What is left of what was fetched for a question when releases that are revoked are left out; not those that are
    /// installed, which stay as they are.
    pub(crate) async fn without_revoked(
        &self,
        collected: plugin_registry::Collected,
        layer: &PluginLayer,
        asked: &[Asked],
        installed: &[(PackageName, Version)],
    ) -> Result<plugin_registry::Collected, ManagerError> {
        let revocations = self.revoked_here().await?;
        if revocations.is_empty() {
            return Ok(collected);
        }
        for asked in asked {
            let Some(versions) = collected.packages.get(asked.package()) else {
                continue;
            };
            let meant = versions
                .releases
                .keys()
                .filter(|version| match &asked.spec {
                    Some(Spec::Range(range)) => range.satisfies(version),
                    _ => true,
                });
            let meant: Vec<&Version> = meant.collect();
            let name = asked.package().as_str();
            let is_revoked = |version: &&Version| revocations.find(name, version).is_some();
            let newest = meant.iter().max_by(|a, b| compare_versions(a, b));
            if let (Some(newest), true) = (newest, meant.iter().copied().all(|it| is_revoked(&it)))
            {
                self.refuse_revoked([(name.to_owned(), (*newest).clone())])
                    .await?;
            }
        }
        Ok(collected.without(layer, |name, version| {
            let is_there = installed
                .iter()
                .any(|(of, there)| of == name && there == version);
            !is_there && revocations.find(name.as_str(), version).is_some()
        }))
    }
}

/// The notice for which an instance cannot be started, as its row says.
pub(crate) fn held_for(instance: &PluginInstance) -> Option<&Notice> {
    let mut notices = instance.notices.iter();
    notices.find(|it| it.kind == NoticeKind::Revoked && it.treatment == Treatment::Suspend)
}

/// Refuses to start what its row says is revoked: whoever read the platform's revocations before that was written must
/// read again.
pub(crate) fn refuse_held(instance: &PluginInstance) -> Result<(), ManagerError> {
    let Some(notice) = held_for(instance) else {
        return Ok(());
    };
    Err(ManagerError::ReleaseRevoked {
        package: notice.package.to_string(),
        version: notice.version.clone(),
        severity: notice.severity.unwrap_or(Severity::Critical),
        reason: notice.message.clone().unwrap_or_default(),
        instead: None,
    })
}
