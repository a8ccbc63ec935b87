//! What could not be delivered.

use one_ontology::{
    ChangeSet, Event, EventId, EventQuery, EventType, Limit, NewEvent, RowId, Seq, StoreError,
    ThingId, Timestamp,
};
use plugin_runtime_api::ComponentKind;

use crate::manager::execute::Request;
use crate::manager::write::untyped;
use crate::{
    Call, DeliveryEnd, EventCause, Execution, LetterRow, ManagerError, Operation, Reuse, Tenant,
};

impl Tenant {
    /// The events that were given up, all or those of one subscription, the oldest of each
    /// subscription first. They outlive their subscriptions.
    ///
    /// # Errors
    /// `Denied`, `Unreadable`, `Store`.
    pub async fn dead_letters(
        &self,
        subscription: Option<ThingId>,
    ) -> Result<Vec<LetterRow>, ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let each = self.load_own(subscription).await?;
        each.into_iter().map(|(_, row)| row).collect()
    }

    /// Tries the event of a dead letter once more, now and out of order. Handled, the letter is
    /// put away; else it stays, and says so.
    ///
    /// # Errors
    /// `DeadLetterNotFound`, also when its event has left the store; as [`Tenant::call`].
    pub async fn redeliver(&self, letter: ThingId) -> Result<Execution, ManagerError> {
        self.allow(Operation::RetryFailedPluginAction)?;
        let missing = || ManagerError::DeadLetterNotFound { letter };
        let row: LetterRow = self.find_own(letter).await?.ok_or_else(missing)?;
        let about = &row.properties;
        let event = self.event_at(about.seq).await?.ok_or_else(missing)?;
        let call = Call {
            kind: ComponentKind::Event,
            component: about.component.clone(),
            input: self.told(&event).await?,
            timeout: None,
            repeats: None,
            reuse: Reuse::Never,
            waits: None,
            agent: None,
        };
        let cause = Some(EventCause::of_delivery(about.subscription, &event));
        let request = Request {
            // The same for whoever else tries it now.
            key: format!("redelivery:{letter}:{}", about.redeliveries).parse()?,
            ..self.new_request(cause)?
        };
        let begun = self.begin_as(about.instance, call, &request).await?;
        let execution = self.drive(begun).await?;
        let end = DeliveryEnd::of(&execution.outcome.ending);
        self.write_redelivered(letter, about.redeliveries, end)
            .await?;
        Ok(execution)
    }

    async fn write_redelivered(
        &self,
        letter: ThingId,
        tried: u32,
        end: DeliveryEnd,
    ) -> Result<(), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found: Option<LetterRow> = self.find_own(letter).await?;
            // Whoever tried it under the same key has written it.
            let Some(row) = found.filter(|row| row.properties.redeliveries == tried) else {
                return Ok(());
            };
            let changes = self.redelivered(row, end, self.shared().now())?;
            match self.shared().store.commit(changes).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn redelivered(
        &self,
        mut row: LetterRow,
        end: DeliveryEnd,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
        let id = EventId::new(self.shared().ids.as_ref(), now);
        let changes = |event_type| {
            let event = NewEvent::new(id, event_type, Some(row.id.into()))
                .with("subscription", row.properties.subscription.to_string())
                .with("seq", row.properties.seq.get());
            ChangeSet::new(&self.scope, event, now)
        };
        match end {
            DeliveryEnd::Handled => {
                let changes = changes(EventType::EntityArchived);
                Ok(changes.archive(RowId::Thing(row.id), row.revision))
            }
            DeliveryEnd::Failed | DeliveryEnd::Unknown => {
                let changes = changes(EventType::EntityUpdated);
                row.properties.redeliveries = row.properties.redeliveries.saturating_add(1);
                Ok(changes.replace(untyped(&row)?))
            }
        }
    }

    async fn event_at(&self, seq: Seq) -> Result<Option<Event>, ManagerError> {
        let query = EventQuery {
            after: Seq::new(seq.get().saturating_sub(1)),
            limit: Limit::new(1),
            ..EventQuery::default()
        };
        let page = self.shared().store.events(&self.scope, &query).await?;
        Ok(page.items.into_iter().find(|event| event.seq == seq))
    }
}
