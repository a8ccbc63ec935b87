//! Bringing what is said of releases to what is installed.

use std::collections::BTreeSet;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use one_ontology::{
    Actor, ChangeSet, EventId, EventType, GroupId, NewEvent, Place, TaskName, Thing, ThingId,
    Timestamp,
};
use plugin_registry::{PluginRecord, Revocations, plugin_id};
use plugin_resolver::PackageName;

use crate::manager::notice_report::{NotNoted, NotYetNoted, Noted, NoticeReport};
use crate::manager::write::Step;
use crate::releases::{ReleaseFacts, releases_of, suspended_for};
use crate::{
    After, Command, Instance, ManagerError, Notice, NoticeChange, PluginManager, ReleaseSettings,
    State, StateKind, Tenant, notices,
};

impl PluginManager {
    /// The name under which notices are applied, in trails and scopes.
    pub const NOTICES: &'static str = "release_notices";

    /// Brings what the shared catalog and the owner of the platform say of releases to what is installed in each of these
    /// organisations: a release that is deprecated, no longer in its registry, or revoked. It is written on the instances
    /// that run it, once, each with an event; what is to be suspended by the organisation's settings is. What is said no
    /// longer is taken away, with an event, and nothing is started by that.
    ///
    /// Call it after each sync and each revocation; any host may, several at once. A second call finds nothing
    /// more to do. What is to be suspended admits nothing more in any of the organisations before the first of them is waited for. When it
    /// has ended, no instance runs a release that was revoked before it began where its organisation suspends such,
    /// other than those in [`NoticeReport::left`] and [`NoticeReport::failed`].
    pub async fn apply_notices(&self, groups: impl IntoIterator<Item = GroupId>) -> NoticeReport {
        let mut report = NoticeReport::default();
        let revocations = self.revocations().await;
        let mut facts = revocations.as_ref().map(|it| ReleaseFacts::new(it.clone()));
        let mut stopping = Vec::new();
        for group in groups {
            let written = match &mut facts {
                Ok(facts) => self.write_in(group, facts, &mut report).await,
                Err(error) => {
                    report.failed.push(not_noted(group, None, error));
                    continue;
                }
            };
            match written {
                Ok(found) => stopping.extend(found),
                Err(error) => report.failed.push(not_noted(group, None, &error)),
            }
        }
        let stopped = stopping.into_iter().map(|it| self.stop_in(it));
        let stopped = join_all(stopped.collect::<Vec<_>>()).await;
        report.failed.extend(stopped.into_iter().flatten());
        report
    }

    /// Writes what is said of the instances of an organisation; gives those that are to be stopped then, if there are any.
    async fn write_in(
        &self,
        group: GroupId,
        facts: &mut ReleaseFacts,
        report: &mut NoticeReport,
    ) -> Result<Option<Stopping>, ManagerError> {
        let task: TaskName = Self::NOTICES.parse()?;
        let tenant = self.tenant(Actor::System(task), group).await?;
        let settings = tenant.load_release_settings().await?;
        let mut found = Vec::new();
        for each in tenant.load_each().await? {
            match each {
                Ok(instance) => found.push(instance),
                Err(error) => {
                    let id = match &error {
                        ManagerError::Unreadable { instance, .. } => Some(*instance),
                        _ => None,
                    };
                    report.failed.push(not_noted(group, id, &error));
                }
            }
        }
        report.looked_at += found.len();
        tenant.ask_about(facts, &found).await?;
        let at_a_time = self.shared.policy.recoveries_at_a_time.max(1) as usize;
        let (here, settings, known) = (&tenant, &settings, &*facts);
        let work = stream::iter(found).map(|instance| async move {
            let mut part = NoticeReport::default();
            let noted = here.note(instance.id, known, settings, &mut part).await;
            let noted = noted.unwrap_or_else(|error| {
                let failed = not_noted(group, Some(instance.id), &error);
                part.failed.push(failed);
                None
            });
            (part, noted)
        });
        let mut parts = work.buffered(at_a_time);
        let mut instances = Vec::new();
        while let Some((part, noted)) = parts.next().await {
            report.add(part);
            instances.extend(noted.filter(is_being_suspended));
        }
        drop(parts);
        let is_any = !instances.is_empty();
        Ok(is_any.then_some(Stopping { tenant, instances }))
    }

    /// Stops what is on its way to SUSPENDED in an organisation; gives what could not be stopped.
    async fn stop_in(&self, stopping: Stopping) -> Vec<NotNoted> {
        let Stopping { tenant, instances } = stopping;
        let at_a_time = self.shared.policy.recoveries_at_a_time.max(1) as usize;
        let here = &tenant;
        let work = stream::iter(instances).map(|instance| async move {
            let id = instance.id;
            let stopped = here.finish_suspending(instance).await;
            stopped.map_err(|error| not_noted(here.group_id(), Some(id), &error))
        });
        let stopped: Vec<Result<(), NotNoted>> = work.buffered(at_a_time).collect().await;
        stopped.into_iter().filter_map(Result::err).collect()
    }
}

/// What is on its way to SUSPENDED in an organisation.
struct Stopping {
    tenant: Tenant,
    instances: Vec<Instance>,
}

impl Tenant {
    async fn platform_facts(&self) -> Result<ReleaseFacts, ManagerError> {
        let store = self.shared().store.as_ref();
        Ok(ReleaseFacts::new(
            Revocations::load(store, &self.scope).await?,
        ))
    }

    /// Also what the shared catalog says of these packages; of one that it does not have it says nothing.
    pub(crate) async fn facts_about<'a>(
        &self,
        facts: &mut ReleaseFacts,
        packages: impl IntoIterator<Item = &'a PackageName>,
    ) -> Result<(), ManagerError> {
        let scope = self.scope.global();
        for package in packages {
            if facts.is_asked(package) {
                continue;
            }
            let id = plugin_id(Place::Global, package);
            let row = self.shared().store.thing(&scope, id).await?;
            let record = row.map(Thing::typed::<PluginRecord>).transpose();
            let known = std::mem::take(facts);
            *facts = match record {
                Ok(Some(record)) => known.with(&record.properties),
                // What cannot be read says nothing; the next sync writes it anew.
                Ok(None) | Err(_) => known.without(package.clone()),
            };
        }
        Ok(())
    }

    /// Also what the shared catalog says of what these instances run.
    async fn ask_about(
        &self,
        facts: &mut ReleaseFacts,
        instances: &[Instance],
    ) -> Result<(), ManagerError> {
        let names = instances.iter().flat_map(|it| releases_of(&it.properties));
        let names = names.filter_map(|(name, _)| name.parse::<PackageName>().ok());
        let names: BTreeSet<PackageName> = names.collect();
        self.facts_about(facts, &names).await
    }

    /// Brings one instance up to date by itself.
    pub(crate) async fn note_anew(&self, instance: ThingId) -> Result<(), ManagerError> {
        let found = self.load(instance).await?;
        let mut facts = self.platform_facts().await?;
        self.ask_about(&mut facts, std::slice::from_ref(&found))
            .await?;
        let settings = self.load_release_settings().await?;
        let mut report = NoticeReport::default();
        match self.note(instance, &facts, &settings, &mut report).await? {
            Some(noted) => self.finish_suspending(noted).await,
            None => Ok(()),
        }
    }

    /// Writes what is said of an instance, and that it is to be suspended if it is; gives it as it is then, unless something else is
    /// done to it.
    async fn note(
        &self,
        id: ThingId,
        facts: &ReleaseFacts,
        settings: &ReleaseSettings,
        report: &mut NoticeReport,
    ) -> Result<Option<Instance>, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let Some(found) = self.find(id).await? else {
                return Ok(None);
            };
            if is_elsewhere(found.properties.lifecycle.kind()) {
                report.left.push(self.not_yet(&found));
                return Ok(None);
            }
            let now = self.shared().now();
            let said = notices(&found.properties, facts, settings, now);
            let change = NoticeChange::between(&found.properties.notices, &said);
            let suspended = suspended_for(&found.properties, &said, &change).cloned();
            if change.is_empty() && suspended.is_none() {
                return Ok(Some(found));
            }
            let step = self.noting_step(found, said, &change, suspended.as_ref(), now)?;
            let Some((written, _)) = self.write(step).await? else {
                continue;
            };
            let noted = |notice: &Notice| self.noted(&written, notice);
            report.raised.extend(change.raised.iter().map(noted));
            report.cleared.extend(change.cleared.iter().map(noted));
            report.suspended.extend(suspended.iter().map(noted));
            return Ok(Some(written));
        }
        Err(ManagerError::Contended { attempts })
    }

    /// The notices, an event for each that is new or gone, and the way to SUSPENDED, all in one change set.
    fn noting_step(
        &self,
        mut found: Instance,
        said: Vec<Notice>,
        change: &NoticeChange,
        suspended: Option<&Notice>,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let raised = change.raised.iter().map(|it| (it, "raised"));
        let cleared = change.cleared.iter().map(|it| (it, "cleared"));
        let events = raised.chain(cleared);
        let events = events.map(|(notice, what)| self.notice_event(&found, notice, what, now));
        let mut events = events.collect::<Vec<NewEvent>>().into_iter();
        found.properties.notices = said;
        let mut step = match suspended {
            Some(notice) => {
                self.refuse_foreign(&found.properties.engine)?;
                let reason = notice.to_string();
                self.begin_because(found, Command::Suspend, now, Some(&reason))?
            }
            None => {
                let first = events.next();
                let first = first.ok_or(ManagerError::Contended { attempts: 0 })?;
                self.beside(found, first, now)?
            }
        };
        step.changes = events.fold(step.changes, ChangeSet::event);
        Ok(step)
    }

    fn notice_event(&self, of: &Instance, notice: &Notice, what: &str, now: Timestamp) -> NewEvent {
        let id = EventId::new(self.shared().ids.as_ref(), now);
        let event = NewEvent::new(id, EventType::NotificationEvent, Some(of.id.into()))
            .with("npm_package", of.properties.npm_package.as_str())
            .with("version", of.properties.version.as_str())
            .with("notice", what)
            .with("kind", notice.kind.as_str())
            .with("package", notice.package.as_str())
            .with("release", notice.version.as_str())
            .with("treatment", notice.treatment.as_str());
        let event = match &notice.message {
            Some(message) => event.with("message", message.as_str()),
            None => event,
        };
        match notice.severity {
            Some(severity) => event.with("severity", severity.as_str()),
            None => event,
        }
    }

    /// Stops what is on its way to SUSPENDED, whoever began it.
    async fn finish_suspending(&self, found: Instance) -> Result<(), ManagerError> {
        if !is_being_suspended(&found) {
            return Ok(());
        }
        let begun = self.joined(found).await?;
        match self.drain(&begun).await {
            // Somebody else has stopped it, or goes on with it.
            Ok(_) | Err(ManagerError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn noted(&self, instance: &Instance, notice: &Notice) -> Noted {
        Noted {
            group: self.group_id(),
            instance: instance.id,
            package: instance.properties.npm_package.to_string(),
            notice: notice.clone(),
        }
    }

    fn not_yet(&self, instance: &Instance) -> NotYetNoted {
        NotYetNoted {
            group: self.group_id(),
            instance: instance.id,
            package: instance.properties.npm_package.to_string(),
            state: instance.properties.lifecycle.kind(),
        }
    }
}

fn is_being_suspended(instance: &Instance) -> bool {
    matches!(
        instance.properties.lifecycle,
        State::Deactivating {
            then: After::Suspended,
            ..
        }
    )
}

/// Whether what it is, is being changed: what is said of it is for whoever comes when that has ended.
const fn is_elsewhere(state: StateKind) -> bool {
    match state {
        StateKind::Installing
        | StateKind::Updating
        | StateKind::RollingBack
        | StateKind::Uninstalling => true,
        StateKind::Discovered
        | StateKind::Installed
        | StateKind::Activating
        | StateKind::Active
        | StateKind::Executing
        | StateKind::Deactivating
        | StateKind::Suspended
        | StateKind::Error
        | StateKind::Failed
        | StateKind::Uninstalled => false,
    }
}

fn not_noted(group: GroupId, instance: Option<ThingId>, error: &ManagerError) -> NotNoted {
    NotNoted {
        group,
        instance,
        error: error.tag().to_owned(),
        reason: error.to_string(),
    }
}
