//! Subscribing.

use std::collections::BTreeSet;

use one_ontology::{
    ChangeSet, Connection, ConnectionId, EventType, PluginConnectionType, PluginEventType,
    Revision, RowId, Seq, Settle, Spend, StoreError, Thing, ThingId, ThingProperties, ThingQuery,
    ThingStatus, Timestamp,
};
use plugin_runtime_api::{ComponentKind, ComponentName};

use crate::manager::install::can_be_needed;
use crate::manager::write::untyped;
use crate::{Budget, Instance, ManagerError, Operation, PluginSubscription, Subscription, Tenant};

impl Tenant {
    /// Lets an instance be told of events of these types that happen in its organisation from now
    /// on: [`PluginManager::dispatch`](crate::PluginManager::dispatch) runs its event component
    /// with each. Asking for what is subscribed already gives that subscription.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `InvalidSubscription` (no types; a component that a plugin which has
    /// been started has not; a plugin on its way out), `QuotaExhausted` or `BulkheadFull` for too
    /// many subscriptions.
    pub async fn subscribe(
        &self,
        instance: ThingId,
        types: impl IntoIterator<Item = EventType>,
        component: &str,
    ) -> Result<Subscription, ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let types: BTreeSet<EventType> = types.into_iter().collect();
        let component: ComponentName = component.parse()?;
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            // After the row of the instance was read: who subscribes it, too, writes that.
            let found = self.load(instance).await?;
            may_subscribe(&found, &types, &component)?;
            let there = self.load_subscriptions(Some(instance)).await?;
            let same = |it: &Subscription| {
                it.properties.types == types && it.properties.component == component
            };
            if let Some(same) = there.into_iter().find(same) {
                return Ok(same);
            }
            let head = self.shared().store.head(&self.scope).await?;
            let cursor = head.map_or(Seq::START, |head| head.seq);
            let wanted = (types.clone(), component.clone());
            let (row, changes) = self.subscribing(&found, wanted, cursor)?;
            match self.shared().store.commit(changes).await {
                Ok(_) => return Ok(row),
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn subscribing(
        &self,
        instance: &Instance,
        (types, component): (BTreeSet<EventType>, ComponentName),
        cursor: Seq,
    ) -> Result<(Subscription, ChangeSet), ManagerError> {
        let (now, ids) = (self.shared().now(), self.shared().ids.as_ref());
        let connection = Connection::new(
            &self.scope,
            ConnectionId::new(ids, now),
            instance.id,
            PluginConnectionType::SubscribesTo,
            self.group_id(),
            now,
        );
        let row = self.made(
            ThingId::new(ids, now),
            instance.id,
            PluginSubscription {
                instance: instance.id,
                component,
                types,
                connection: connection.id,
                cursor,
                round: 0,
                pending: None,
                delivered: 0,
                given_up: 0,
            },
            now,
        );
        let types = row.properties.types.iter().map(EventType::as_str);
        let event = self
            .event(PluginEventType::PluginConfigured, instance, now)
            .with("subscribed", row.id.to_string())
            .with("types", types.collect::<Vec<_>>())
            .with("component", row.properties.component.as_str());
        let changes = ChangeSet::new(&self.scope, event, now)
            .insert(untyped(&row)?)
            .connect(connection)
            .spend(self.subscriptions_level()?)
            .once(format!("subscribe:{}", row.id).parse()?)
            // As it is: whoever removes it must read again who is subscribed.
            .replace(untyped(instance)?);
        Ok((row, changes))
    }

    /// Ends a subscription. What is being delivered is delivered.
    ///
    /// # Errors
    /// `Denied`, `SubscriptionNotFound`, `Store`.
    pub async fn unsubscribe(&self, subscription: ThingId) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        self.change_subscription(subscription, |row, now| {
            let changes = self.about_subscription(&row, "unsubscribed", now);
            self.ending_subscription(changes, &row, now)
        })
        .await
    }

    /// The subscriptions of the organisation, by instance.
    ///
    /// # Errors
    /// `Denied`, `Unreadable`, `Store`.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        self.load_subscriptions(None).await
    }

    /// Lets a subscription be told again of every event from `from` on, as far as the store still has
    /// them. What has been told is told again; handlers are given each under another key.
    ///
    /// # Errors
    /// `Denied`, `SubscriptionNotFound`, `InvalidSubscription` where so much has not happened yet, `Contended` while an event is
    /// being delivered to it, `Store`.
    pub async fn replay(&self, subscription: ThingId, from: Seq) -> Result<(), ManagerError> {
        self.allow(Operation::RetryFailedPluginAction)?;
        let head = self.shared().store.head(&self.scope).await?;
        let last = head.map_or(0, |head| head.seq.get());
        if from.get() > last.saturating_add(1) {
            return Err(ManagerError::InvalidSubscription {
                reason: format!(
                    "the last event has number {last}, so none is told again from {from} on"
                ),
            });
        }
        self.change_subscription(subscription, |mut row, now| {
            let wanted = &mut row.properties;
            let claim = wanted.pending.as_ref().and_then(|it| it.claim.as_ref());
            if claim.is_some_and(|claim| claim.lease_until > now) {
                return Err(ManagerError::Contended { attempts: 1 });
            }
            wanted.cursor = Seq::new(from.get().saturating_sub(1));
            wanted.round = wanted.round.saturating_add(1);
            wanted.pending = None;
            let event = self.about_subscription(&row, "replayed", now);
            Ok(event.replace(untyped(&row)?))
        })
        .await
    }

    async fn change_subscription(
        &self,
        id: ThingId,
        decide: impl Fn(Subscription, Timestamp) -> Result<ChangeSet, ManagerError>,
    ) -> Result<(), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.find_subscription(id).await?;
            let row = found.ok_or(ManagerError::SubscriptionNotFound { subscription: id })?;
            let now = self.shared().now();
            let once = self.new_key("subscription", now)?;
            let changes = decide(row, now)?.once(once);
            match self.shared().store.commit(changes).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn about_subscription(&self, row: &Subscription, what: &str, now: Timestamp) -> ChangeSet {
        let id = one_ontology::EventId::new(self.shared().ids.as_ref(), now);
        let target = Some(row.properties.instance.into());
        let event = one_ontology::NewEvent::new(id, PluginEventType::PluginConfigured, target)
            .with(what, row.id.to_string())
            .with("after", row.properties.cursor.get());
        ChangeSet::new(&self.scope, event, now)
    }

    /// Ends a subscription, its connection aside if that is ended already.
    pub(crate) fn ending_subscription(
        &self,
        changes: ChangeSet,
        row: &Subscription,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
        let level = self.subscriptions_level()?;
        Ok(changes
            .archive(RowId::Thing(row.id), row.revision)
            .disconnect(row.properties.connection)
            .settle(Settle::refund(&level, now)))
    }

    fn subscriptions_level(&self) -> Result<Spend, ManagerError> {
        let rule = self.shared().policy.subscriptions;
        Ok(Spend::one(Budget::Subscriptions.key()?, rule))
    }

    /// One subscription, none if it is not here or no more.
    pub(crate) async fn find_subscription(
        &self,
        id: ThingId,
    ) -> Result<Option<Subscription>, ManagerError> {
        self.find_own(id).await
    }

    /// Every subscription, or those of one instance.
    pub(crate) async fn load_subscriptions(
        &self,
        instance: Option<ThingId>,
    ) -> Result<Vec<Subscription>, ManagerError> {
        let each = self.load_own(instance).await?;
        each.into_iter().map(|(_, row)| row).collect()
    }

    /// One thing of the manager's own, none if it is not here or no more.
    pub(super) async fn find_own<P: ThingProperties>(
        &self,
        id: ThingId,
    ) -> Result<Option<Thing<P>>, ManagerError> {
        let thing = self.shared().store.thing(&self.scope, id).await?;
        let thing = thing
            .filter(|thing| thing.status != ThingStatus::Archived)
            .filter(|thing| thing.thing_type == P::thing_type());
        thing.map(typed).transpose()
    }

    /// The things of the manager's own of one type, all or those named for one thing, by name, then
    /// id; each with its id, or why it cannot be read.
    pub(super) async fn load_own<P: ThingProperties>(
        &self,
        of: Option<ThingId>,
    ) -> Result<Vec<(ThingId, Result<Thing<P>, ManagerError>)>, ManagerError> {
        let mut query = ThingQuery {
            name: of.map(|of| of.to_string()),
            limit: one_ontology::Limit::new(500),
            ..ThingQuery::of_type(P::thing_type())
        };
        let mut rows = Vec::new();
        loop {
            let page = self.shared().store.things(&self.scope, &query).await?;
            rows.extend(page.items.into_iter().map(|thing| (thing.id, typed(thing))));
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(rows),
            }
        }
    }

    /// A new thing of the manager's own, named for another.
    pub(super) fn made<P: ThingProperties>(
        &self,
        id: ThingId,
        of: ThingId,
        properties: P,
        now: Timestamp,
    ) -> Thing<P> {
        Thing {
            id,
            place: self.scope.place(),
            thing_type: P::thing_type(),
            name: of.to_string(),
            status: ThingStatus::Active,
            properties,
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }
}

fn may_subscribe(
    instance: &Instance,
    types: &BTreeSet<EventType>,
    component: &ComponentName,
) -> Result<(), ManagerError> {
    let invalid = |reason: String| Err(ManagerError::InvalidSubscription { reason });
    if types.is_empty() {
        return invalid("no type of event is named".to_owned());
    }
    if let Some(other) = types.iter().find(|it| !it.is_canonical()) {
        return invalid(format!("`{other}` is not a type of event"));
    }
    if !can_be_needed(instance) {
        let state = instance.properties.lifecycle.kind();
        return invalid(format!("the plugin is {state}"));
    }
    // What it has is known once it has been started.
    let components = &instance.properties.components;
    let has = |it: &plugin_runtime_api::Component| {
        it.kind == ComponentKind::Event && it.name == *component
    };
    if !components.is_empty() && !components.iter().any(has) {
        return invalid(format!("the plugin has no event component `{component}`"));
    }
    Ok(())
}

fn typed<P: ThingProperties>(thing: Thing) -> Result<Thing<P>, ManagerError> {
    let instance = thing.id;
    thing
        .typed()
        .map_err(|violations| ManagerError::Unreadable {
            instance,
            violations,
        })
}
