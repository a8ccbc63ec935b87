//! Letting executions under way end before an instance is changed.

use futures::StreamExt as _;
use futures::future::{Either, select};
use futures::stream::BoxStream;
use one_ontology::{Event, PluginEventType, Seq, StoreError, ThingId, Timestamp};

use crate::manager::write::Step;
use crate::{CommandKind, Hold, HoldId, Instance, ManagerError, StateKind, Tenant};

/// What has happened in an organisation since somebody began to wait.
pub(crate) type Happenings = BoxStream<'static, Result<Event, StoreError>>;

/// A call that changes an instance when no execution of it is under way.
pub(crate) struct Holding {
    pub(crate) id: HoldId,
    instance: ThingId,
    command: CommandKind,
    /// When it gives up.
    deadline: Timestamp,
}

impl Holding {
    /// What is written of it: no longer than until it gives up.
    pub(crate) fn until(&self, until: Timestamp) -> Hold {
        Hold {
            command: self.command,
            until: until.min(self.deadline),
        }
    }
}

impl Tenant {
    /// A call that is about to change an instance. It holds nothing back yet.
    pub(crate) fn holding(&self, instance: ThingId, command: CommandKind) -> Holding {
        let now = self.shared().now();
        Holding {
            id: HoldId::new(self.shared().ids.as_ref(), now),
            instance,
            command,
            deadline: now.plus(self.shared().policy.longest_hold),
        }
    }

    /// The instance with no execution under way. Where there are some, no more of them are admitted until those
    /// have ended, with what they began with.
    pub(crate) async fn when_idle(&self, holding: &Holding) -> Result<Instance, ManagerError> {
        let found = self.load(holding.instance).await?;
        if found.properties.lifecycle.kind() != StateKind::Executing {
            return Ok(found);
        }
        let mut events = self.happenings().await?;
        loop {
            let found = self.load(holding.instance).await?;
            if found.properties.lifecycle.kind() != StateKind::Executing {
                return Ok(found);
            }
            let now = self.shared().now();
            if now >= holding.deadline {
                let in_flight = found.properties.lifecycle.in_flight();
                return Err(ManagerError::Draining { in_flight });
            }
            if found.properties.holds.standing(&holding.id, now).is_none() {
                self.hold(holding).await?;
                continue;
            }
            self.until_more_ends(&found, &mut events, Some(holding.deadline))
                .await?;
        }
    }

    /// As [`Tenant::rewrite`], of an instance with no execution under way.
    pub(crate) async fn rewrite_idle(
        &self,
        holding: &Holding,
        decide: impl Fn(Instance, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<Instance, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.when_idle(holding).await?;
            let step = decide(found, self.shared().now())?;
            if let Some((written, _)) = self.write(step).await? {
                return Ok(written);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Lets executions begin again where a call has come to nothing. Where that cannot be written they begin
    /// when its time is over.
    pub(crate) async fn let_go_if_failed<T>(
        &self,
        holding: &Holding,
        result: Result<T, ManagerError>,
    ) -> Result<T, ManagerError> {
        if result.is_err() {
            drop(self.let_go(holding).await);
        }
        result
    }

    /// What happens from now on.
    pub(crate) async fn happenings(&self) -> Result<Happenings, ManagerError> {
        let store = &self.shared().store;
        let head = store.head(&self.scope).await?;
        let after = head.map_or(Seq::START, |head| head.seq);
        Ok(store.watch(&self.scope, after))
    }

    /// Waits until something happens, but not beyond the last lease of the executions under way: those that have
    /// outlived theirs end as unknown.
    pub(crate) async fn until_more_ends(
        &self,
        instance: &Instance,
        events: &mut Happenings,
        deadline: Option<Timestamp>,
    ) -> Result<(), ManagerError> {
        let in_flight = instance.properties.lifecycle.in_flight();
        let now = self.shared().now();
        let last = instance.properties.last_lease().unwrap_or(now);
        if last <= now {
            self.settle_expired(instance).await?;
            return Ok(());
        }
        let Some(timer) = &self.shared().timer else {
            // Without a timer only an event can wake us; one always comes while the driver of
            // the execution lives, because invocations end by their deadlines.
            let woken = events.next().await;
            return woken.map(drop).ok_or(ManagerError::Draining { in_flight });
        };
        let until = deadline.map_or(last, |deadline| deadline.min(last));
        match select(events.next(), timer.sleep_until(until)).await {
            Either::Left((None, _)) => Err(ManagerError::Draining { in_flight }),
            Either::Left((Some(_), _)) | Either::Right(_) => Ok(()),
        }
    }

    /// Admits no more executions for as long as those under way may take.
    async fn hold(&self, holding: &Holding) -> Result<(), ManagerError> {
        let grace = self.shared().policy.grace;
        self.rewrite(holding.instance, |mut instance, now| {
            let properties = &mut instance.properties;
            let last = properties.last_lease().unwrap_or(now).max(now);
            let hold = holding.until(last.plus(grace));
            properties.holds.put(holding.id, hold, now);
            let in_flight = properties.executions.len();
            let event = self
                .event(PluginEventType::PluginOperationStarted, &instance, now)
                .with("operation", holding.command.as_str())
                .with("waits_for", in_flight)
                .with("until", hold.until.to_string());
            self.beside(instance, event, now)
        })
        .await?;
        Ok(())
    }

    async fn let_go(&self, holding: &Holding) -> Result<(), ManagerError> {
        let found = self.load(holding.instance).await?;
        let now = self.shared().now();
        if found.properties.holds.standing(&holding.id, now).is_none() {
            return Ok(());
        }
        self.rewrite(holding.instance, |mut instance, now| {
            instance.properties.holds.end(&holding.id);
            let event = self
                .event(PluginEventType::PluginErrorOccurred, &instance, now)
                .with("operation", holding.command.as_str())
                .with("error", "NotBegun");
            self.beside(instance, event, now)
        })
        .await?;
        Ok(())
    }
}
