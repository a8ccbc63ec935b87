//! Waiting for a place where as many executions are under way as may be.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::select;
use one_ontology::{GroupId, ThingId};
use plugin_runtime_api::Timer;

use crate::manager::execute::Begun;
use crate::{
    AdmissionRefusal, Call, ManagerError, Observation, Priority, Queue, QueueFull, QueuePolicy,
    Tenant,
};

/// How long whoever is first waits for a word before looking again: places also become free on other
/// hosts.
const LOOK: Duration = Duration::from_secs(1);

/// Who waits in each organisation, in this process.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<BTreeMap<GroupId, Line>>);

#[derive(Debug, Default)]
struct Line {
    queue: Queue<u64>,
    asleep: BTreeMap<u64, oneshot::Sender<()>>,
    next: u64,
}

impl Lines {
    fn of<T>(&self, group: GroupId, with: impl FnOnce(&mut Line) -> T) -> T {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        with(lines.entry(group).or_default())
    }

    /// How many wait.
    pub(crate) fn waiting(&self, group: GroupId) -> usize {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(&group).map_or(0, |line| line.queue.len())
    }

    /// How many wait, of all organisations.
    fn all_waiting(&self) -> usize {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().map(|line| line.queue.len()).sum()
    }

    /// Tells whoever is first that a place may be free.
    pub(crate) fn call_first(&self, group: GroupId, policy: &QueuePolicy) {
        self.of(group, |line| line.call_first(policy));
    }
}

impl Line {
    fn call_first(&mut self, policy: &QueuePolicy) {
        let first = self.queue.first(policy).copied();
        let asleep = first.and_then(|first| self.asleep.remove(&first));
        if let Some(asleep) = asleep {
            let _waits_no_more = asleep.send(());
        }
    }
}

/// A place in a line; given up when it is dropped.
struct InLine<'a> {
    tenant: &'a Tenant,
    ticket: u64,
}

impl<'a> InLine<'a> {
    fn join(tenant: &'a Tenant, priority: Priority) -> Result<Self, QueueFull> {
        let policy = tenant.shared().policy.queue;
        let ticket = tenant.shared().lines.of(tenant.group_id(), |line| {
            line.next = line.next.saturating_add(1);
            let ticket = line.next;
            line.queue.join(&policy, priority, ticket).map(|()| ticket)
        })?;
        let place = Self { tenant, ticket };
        place.tell();
        Ok(place)
    }

    fn with<T>(&self, with: impl FnOnce(&mut Line, &QueuePolicy) -> T) -> T {
        let policy = self.tenant.shared().policy.queue;
        let lines = &self.tenant.shared().lines;
        lines.of(self.tenant.group_id(), |line| with(line, &policy))
    }

    fn tell(&self) {
        let executions = self.tenant.shared().lines.all_waiting();
        self.tenant
            .shared()
            .tell(&Observation::Waiting { executions });
    }

    fn is_first(&self) -> bool {
        self.with(|line, policy| line.queue.first(policy) == Some(&self.ticket))
    }

    /// Has had its turn, and is no longer in the line.
    fn served(&self) {
        let _own = self.with(|line, policy| line.queue.next(policy));
    }

    /// Is called from now on.
    fn listen(&self) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.with(|line, _| drop(line.asleep.insert(self.ticket, wake)));
        woken
    }

    /// Returns when it has been called, or after so long.
    async fn sleep(&self, timer: &dyn Timer, woken: oneshot::Receiver<()>, at_most: Duration) {
        let until = self.tenant.shared().now().plus(at_most);
        select(woken, timer.sleep_until(until)).await;
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.with(|line, policy| {
            line.asleep.remove(&self.ticket);
            line.queue.leave(&self.ticket);
            line.call_first(policy);
        });
        self.tell();
    }
}

impl Tenant {
    /// Begins a call; where as many are under way as may be, waits for a place if the call does, in
    /// the order of the queue. Without a timer nothing waits.
    pub(crate) async fn begin(&self, instance: ThingId, call: Call) -> Result<Begun, ManagerError> {
        let (Some(priority), Some(timer)) = (call.waits, &self.shared().timer) else {
            return self.begin_now(instance, &call).await;
        };
        let lines = &self.shared().lines;
        // Whoever waits already comes first.
        if lines.of(self.group_id(), |line| line.queue.is_empty()) {
            match self.begin_now(instance, &call).await {
                Err(error) if is_full(&error) => {}
                begun => return begun,
            }
        }
        let place = InLine::join(self, priority)
            .map_err(|QueueFull { limit }| AdmissionRefusal::QueueFull { limit })?;
        let until = self.shared().now().plus(self.shared().policy.longest_wait);
        loop {
            // It listens before it looks, so that it misses no call.
            let woken = place.listen();
            let left = until.since(self.shared().now());
            let at_most = if place.is_first() {
                match self.begin_now(instance, &call).await {
                    Err(error) if is_full(&error) => left.min(LOOK),
                    begun => {
                        place.served();
                        return begun;
                    }
                }
            } else {
                left
            };
            if left.is_zero() {
                return Err(AdmissionRefusal::WaitedTooLong.into());
            }
            place.sleep(timer.as_ref(), woken, at_most).await;
        }
    }
}

const fn is_full(error: &ManagerError) -> bool {
    matches!(
        error,
        ManagerError::Admission(AdmissionRefusal::BulkheadFull { .. })
    )
}
