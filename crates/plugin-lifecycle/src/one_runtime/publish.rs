//! Events and messages to the organisation.

use one_ontology::{EventType, NewEvent, ThingId, ThingStatus, Timestamp};
use plugin_runtime_api::HostError;
use serde_json::Value;

use super::desk::{Desk, Tries, Written};
use super::record::thing_name;
use super::things::Draft;

impl Desk<'_> {
    /// Publishes an event. Its payload is kept in a thing, so that the trail stays free of what
    /// was said, and always under one type of event: a plugin cannot make the platform's own.
    pub(super) async fn emit(&self, name: &str, payload: Value) -> Result<(), HostError> {
        let emitted: EventType = "eliza_event_emitted"
            .parse()
            .map_err(|_| self.unavailable("no such event type"))?;
        let draft = |id| Draft {
            id,
            type_name: "eliza_event",
            name: thing_name(name, "event"),
            status: ThingStatus::Active,
            properties: self
                .properties("event")
                .with("instance", self.context.instance.to_string())
                .with("name", name)
                .with("payload", payload.clone()),
        };
        let event = |id: ThingId, now| self.event(emitted.clone(), id, now).with("name", name);
        self.publish(draft, event).await
    }

    /// Puts a message into the outbox.
    pub(super) async fn send(&self, target: Value, content: Value) -> Result<(), HostError> {
        let draft = |id| Draft {
            id,
            type_name: "message",
            name: "message".to_owned(),
            status: ThingStatus::Draft,
            properties: self
                .properties("message")
                .with("instance", self.context.instance.to_string())
                .with("target", target.clone())
                .with("content", content.clone()),
        };
        let event = |id: ThingId, now| self.event(EventType::CommunicationEvent, id, now);
        self.publish(draft, event).await
    }

    async fn publish(
        &self,
        draft: impl Fn(ThingId) -> Draft + Send + Sync,
        event: impl Fn(ThingId, Timestamp) -> NewEvent + Send + Sync,
    ) -> Result<(), HostError> {
        let mut tries = Tries::default();
        loop {
            let now = self.now();
            let id = ThingId::new(&*self.host.ids, now);
            let thing = self.made(draft(id), now);
            let changes =
                one_ontology::ChangeSet::new(&self.scope, event(id, now), now).insert(thing);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }
}
