//! The trail.

use one_ontology::audit::Verifier;
use one_ontology::audit::trail;
use one_ontology::{End, Event, EventQuery, Head, Limit, ThingId};
use serde::{Deserialize, Serialize};

use crate::{ManagerError, Operation, Tenant};

/// What happened, provably complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// The events asked for, in order.
    pub events: Vec<Event>,
    /// The head of the organisation's whole chain, which was verified from its first event (of
    /// those that were not pruned, behind the checkpoint with which the others left) to here: nothing in it was altered, dropped or reordered. Keep it, to notice later if the end
    /// is cut off.
    pub verified: Option<Head>,
}

impl Tenant {
    /// What happened to an instance, removed ones too. Reads and verifies the organisation's whole
    /// chain.
    ///
    /// # Errors
    /// `Denied`; `Audit` names the first event that was tampered with; `Store`.
    pub async fn audit(&self, instance: ThingId) -> Result<Trail, ManagerError> {
        let end = End::Thing(instance);
        self.trail(|event| event.target == Some(end)).await
    }

    /// Everything that happened in the organisation, verified.
    ///
    /// # Errors
    /// As [`Tenant::audit`].
    pub async fn audit_all(&self) -> Result<Trail, ManagerError> {
        self.trail(|_| true).await
    }

    async fn trail(&self, wanted: impl Fn(&Event) -> bool) -> Result<Trail, ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let store = &self.shared().store;
        // The head is read first, so that events which arrive meanwhile are no surprise.
        let head = store.head(&self.scope).await?;
        let begins = trail::beginning(store.as_ref(), &self.scope).await?;
        let mut verifier = begins.map_or_else(
            || Verifier::new(self.scope.place()),
            |signed| Verifier::after_checkpoint(&signed.checkpoint),
        );
        let mut query = EventQuery {
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        let mut events = Vec::new();
        loop {
            let page = store.events(&self.scope, &query).await?;
            for event in page.items {
                if head.is_some_and(|head| event.seq > head.seq) {
                    break;
                }
                verifier.push(&event)?;
                if wanted(&event) {
                    events.push(event);
                }
            }
            let done = verifier.head().map(|h| h.seq) >= head.map(|h| h.seq);
            match page.next.filter(|_| !done) {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        let verified = verifier.finish(head)?;
        Ok(Trail { events, verified })
    }
}
