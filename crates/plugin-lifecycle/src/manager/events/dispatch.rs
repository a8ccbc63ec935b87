//! Delivering what has happened to whoever is subscribed.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use one_ontology::{Actor, GroupId, TaskName, ThingId};

use super::deliver::{Tried, waiting};
use super::dispatch_report::{Delivered, DispatchReport, NotDispatched, Rest};
use super::pages::{Pages, Queue, start};
use crate::events::waits_until;
use crate::{
    Activity, ActivityEnd, ActivityKind, ManagerError, Observation, PluginManager, Subscription,
    Tenant,
};

impl PluginManager {
    /// The name under which deliveries act, in trails and scopes.
    pub const DISPATCH: &'static str = "dispatch";

    /// Delivers, in each of these organisations, the events that have happened to the subscriptions
    /// that wait for them: each at least once, in order, by an admitted execution of the event
    /// component. A batch for each subscription at most; what happens meanwhile is for the next
    /// dispatch.
    ///
    /// Nothing calls it by itself: a host does, when [`Store::watch`](one_ontology::Store::watch)
    /// has something or every few seconds. Several hosts may at once: an event is claimed by one of
    /// them, under a lease. A subscription that fails, waits or is not active keeps nobody else.
    pub async fn dispatch(&self, groups: impl IntoIterator<Item = GroupId>) -> DispatchReport {
        let activity = Activity {
            kind: ActivityKind::Dispatch,
            group: None,
            instance: None,
        };
        let work = Box::pin(self.dispatch_all(groups));
        let done = |_: &DispatchReport| ActivityEnd::Done;
        let report = self.shared.observed(activity, done, work).await;
        let served = &report.subscriptions;
        self.shared.tell(&Observation::Dispatched {
            delivered: served.iter().map(|it| it.delivered).sum(),
            given_up: served.iter().map(|it| it.given_up).sum(),
            failed: report.failed.len(),
        });
        report
    }

    async fn dispatch_all(&self, groups: impl IntoIterator<Item = GroupId>) -> DispatchReport {
        let mut report = DispatchReport::default();
        for group in groups {
            if let Err(error) = self.dispatch_group(group, &mut report).await {
                report.failed.push(not_dispatched(group, None, &error));
            }
        }
        report
    }

    async fn dispatch_group(
        &self,
        group: GroupId,
        report: &mut DispatchReport,
    ) -> Result<(), ManagerError> {
        let _inside = self.shared.hosting.enter()?;
        let task: TaskName = Self::DISPATCH.parse()?;
        let tenant = self.tenant(Actor::System(task), group).await?;
        tenant.dispatch_here(report).await
    }
}

impl Tenant {
    async fn dispatch_here(&self, report: &mut DispatchReport) -> Result<(), ManagerError> {
        let (group, store) = (self.group_id(), self.shared().store.as_ref());
        let mut subscriptions: Vec<Subscription> = Vec::new();
        for (id, row) in self.load_own(None).await? {
            report.looked_at += 1;
            match row {
                Ok(row) => subscriptions.push(row),
                Err(error) => report.failed.push(not_dispatched(group, Some(id), &error)),
            }
        }
        let places = self.shared().hints.of(group);
        let mut looked = BTreeMap::new();
        if let Some(head) = store.head(&self.scope).await? {
            let mut pages = Pages::new(store, &self.scope, head.seq);
            let at_a_time = self.at_a_time();
            // As many as are served soon: their events are held meanwhile.
            while !subscriptions.is_empty() {
                let some = subscriptions.len().min(4 * at_a_time);
                let mut work = Vec::new();
                for row in subscriptions.drain(..some) {
                    let from = start(&places, &row);
                    let queue = self.queue_of(&mut pages, &row, from).await?;
                    let wanted = &row.properties;
                    looked.insert(row.id, (wanted.cursor, wanted.round, queue.looked));
                    work.push((row, queue));
                }
                let work = stream::iter(work)
                    .map(|(row, queue)| async move { self.serve(&row, queue).await });
                let mut served = work.buffered(at_a_time);
                while let Some((done, error)) = served.next().await {
                    report.subscriptions.extend(done.says_something());
                    report.failed.extend(error);
                }
            }
        }
        self.shared().hints.keep(group, looked);
        Ok(())
    }

    /// What there is for a subscription; nothing while it waits.
    async fn queue_of(
        &self,
        pages: &mut Pages<'_>,
        row: &Subscription,
        from: one_ontology::Seq,
    ) -> Result<Queue, ManagerError> {
        let pending = row.properties.pending.as_ref();
        let now = self.shared().now();
        if pending.is_some_and(|pending| waits_until(pending, now).is_some()) {
            return Ok(Queue::empty(from));
        }
        Ok(pages.queue(row, from, &self.shared().policy).await?)
    }

    /// How many deliveries may be under way: no more than would be admitted.
    fn at_a_time(&self) -> usize {
        let policy = &self.shared().policy;
        let level = policy.at_a_time(self.group.plan).limit();
        let at_a_time = level.min(u64::from(policy.deliveries_at_a_time)).max(1);
        usize::try_from(at_a_time).unwrap_or(1)
    }

    async fn serve(&self, row: &Subscription, queue: Queue) -> (Delivered, Option<NotDispatched>) {
        let now = self.shared().now();
        let mut done = Delivered {
            group: self.group_id(),
            subscription: row.id,
            instance: row.properties.instance,
            delivered: 0,
            given_up: 0,
            own: queue.own,
            too_deep: queue.too_deep,
            pruned: queue.pruned,
            waits: None,
            rest: queue.rest,
        };
        let pending = row.properties.pending.as_ref();
        if pending.is_some_and(|pending| waits_until(pending, now).is_some()) {
            done.waits = Some(waiting(row, now));
            done.rest = Rest::More;
        }
        for event in &queue.events {
            match self.deliver(row.id, event).await {
                Ok(Tried::Delivered) => done.delivered += 1,
                Ok(Tried::GivenUp) => done.given_up += 1,
                Ok(Tried::Passed) => {}
                Ok(Tried::Gone) => break,
                Ok(Tried::Waits(waits)) => {
                    done.waits = Some(waits);
                    done.rest = Rest::More;
                    break;
                }
                Err(error) => {
                    done.rest = Rest::More;
                    let error = not_dispatched(self.group_id(), Some(row.id), &error);
                    return (done, Some(error));
                }
            }
        }
        (done, None)
    }
}

impl Delivered {
    /// Itself, if there was anything.
    fn says_something(self) -> Option<Self> {
        let nothing = self.delivered == 0
            && self.given_up == 0
            && self.own == 0
            && self.too_deep == 0
            && self.pruned == 0
            && self.waits.is_none()
            && self.rest == Rest::Nothing;
        (!nothing).then_some(self)
    }
}

fn not_dispatched(
    group: GroupId,
    subscription: Option<ThingId>,
    error: &ManagerError,
) -> NotDispatched {
    NotDispatched {
        group,
        subscription,
        error: error.tag().to_owned(),
        reason: error.to_string(),
    }
}
