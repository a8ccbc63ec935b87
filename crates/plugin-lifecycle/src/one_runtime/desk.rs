//! Where one call is worked on: who asks, in which scope, and how writing is tried.

use std::collections::BTreeMap;

use one_ontology::{
    Actor, ChangeSet, ConnectionId, End, EventId, EventType, KnowledgeId, NewEvent, Place,
    PluginEventType, Scope, StoreError, ThingId, Timestamp, excerpt,
};
use plugin_runtime_api::{CallContext, HostError};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::runtime::{PluginGrant, Shared};
use crate::EventCause;

/// How often a write is decided anew when others have written meanwhile.
const ATTEMPTS: u32 = 16;

/// One call being worked on.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) host: &'a Shared,
    pub(super) context: &'a CallContext,
    pub(super) call: &'static str,
    pub(super) scope: Scope,
    /// The delivery within which it is made, if it is.
    cause: Option<EventCause>,
}

/// What became of a try to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is there.
    Yes,
    /// Others were faster: read and decide again.
    Again,
}

/// Counts the tries of one write.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl<'a> Desk<'a> {
    /// Enters the organisation as the agent.
    pub(super) async fn open(
        host: &'a Shared,
        plugins: &BTreeMap<ThingId, PluginGrant>,
        context: &'a CallContext,
        call: &'static str,
    ) -> Result<Self, HostError> {
        let actor = Actor::Agent {
            agent: context.agent,
            group: context.group,
        };
        let place = Place::Group(context.group);
        let scope = Scope::enter(host.directory(), actor, place)
            .await
            .map_err(|_| unavailable(call, "the organisation cannot be entered"))?;
        let mut desk = Self {
            host,
            context,
            call,
            scope,
            cause: None,
        };
        desk.cause = desk.find_cause(plugins).await?;
        Ok(desk)
    }

    /// The delivery that the execution is, as the row of the instance says that it runs for; which one
    /// of the runtime that is, the executor does not say.
    async fn find_cause(
        &self,
        plugins: &BTreeMap<ThingId, PluginGrant>,
    ) -> Result<Option<EventCause>, HostError> {
        let Some(execution) = self.context.execution else {
            return Ok(None);
        };
        if let Some(known) = self.host.causes.of(execution) {
            return Ok(known);
        }
        let first = self.context.instance;
        let others = plugins.keys().copied().filter(|it| *it != first);
        let name = execution.to_string();
        for instance in std::iter::once(first).chain(others) {
            let row = self.row(instance).await?;
            let lease = row.as_ref().and_then(|row| {
                let executions = row.properties.get("executions")?;
                executions.get(&name)
            });
            if let Some(lease) = lease {
                let cause = lease.get("cause").cloned();
                let cause = cause.and_then(|cause| EventCause::deserialize(cause).ok());
                self.host.causes.keep(execution, cause);
                return Ok(cause);
            }
        }
        Ok(None)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.host.clock.now()
    }

    /// A new elizaOS id.
    pub(super) fn new_id(&self) -> Uuid {
        self.host.ids.next(self.now())
    }

    pub(super) fn new_connection_id(&self, parts: &[&str]) -> ConnectionId {
        let (group, agent) = self.owner();
        let mut named = vec![group.as_str(), agent.as_str()];
        named.extend_from_slice(parts);
        ConnectionId::of_name(&named)
    }

    /// The thing that an elizaOS name of this agent always is.
    pub(super) fn thing_id(&self, kind: &str, name: &str) -> ThingId {
        let (group, agent) = self.owner();
        ThingId::of_name(&[&group, &agent, kind, name])
    }

    /// The row that a memory of this agent is, the `generation`th time it is kept.
    pub(super) fn knowledge_id(&self, id: Uuid, generation: u64) -> KnowledgeId {
        let (group, agent) = self.owner();
        let (id, generation) = (id.to_string(), generation.to_string());
        KnowledgeId::of_name(&[&group, &agent, "memory", &id, &generation])
    }

    fn owner(&self) -> (String, String) {
        (
            self.context.group.to_string(),
            self.context.agent.to_string(),
        )
    }

    /// An event of this call. Says which call of which instance, never what was said.
    pub(super) fn event(
        &self,
        event_type: impl Into<EventType>,
        target: impl Into<End>,
        now: Timestamp,
    ) -> NewEvent {
        let id = EventId::new(&*self.host.ids, now);
        let event = NewEvent::new(id, event_type, Some(target.into()))
            .with("call", self.call)
            .with("instance", self.context.instance.to_string());
        let event = EventCause::mark(self.cause, event);
        match self.context.execution {
            Some(execution) => event.with("execution", execution.to_string()),
            None => event,
        }
    }

    /// Commits, or says that it must be decided again.
    pub(super) async fn commit(
        &self,
        changes: ChangeSet,
        tries: &mut Tries,
    ) -> Result<Written, HostError> {
        let Err(error) = self.host.store.commit(changes).await else {
            return Ok(Written::Yes);
        };
        tries.0 += 1;
        let raced = matches!(
            error,
            StoreError::Stale { .. } | StoreError::AlreadyExists { .. } | StoreError::Busy { .. }
        );
        if raced && tries.0 < ATTEMPTS {
            return Ok(Written::Again);
        }
        Err(self.failed(error))
    }

    /// What plugin code is told of a store's error: nothing of the host's insides.
    pub(super) fn failed(&self, error: StoreError) -> HostError {
        match error {
            StoreError::Exhausted(exhausted) => HostError::Exhausted {
                call: self.call.to_owned(),
                limit: exhausted.rule.to_string(),
                retry_at: exhausted.retry_at.unwrap_or_else(|| self.now()),
            },
            StoreError::Invalid { violations, .. } => {
                self.invalid(&excerpt(&violations.to_string(), 300))
            }
            StoreError::NotFound { .. } => self.invalid("what it refers to is not there"),
            StoreError::Stale { .. }
            | StoreError::AlreadyExists { .. }
            | StoreError::Busy { .. } => self.unavailable("others are writing"),
            StoreError::PlaceNotFound { .. }
            | StoreError::Archived { .. }
            | StoreError::ReadOnly { .. } => {
                self.unavailable("nothing may be written in this organisation")
            }
            _ => self.unavailable("the store does not answer"),
        }
    }

    pub(super) fn invalid(&self, reason: &str) -> HostError {
        invalid(self.call, reason)
    }

    pub(super) fn unavailable(&self, reason: &str) -> HostError {
        unavailable(self.call, reason)
    }

    /// A record as it is kept.
    pub(super) fn to_json(&self, record: &impl Serialize) -> Result<Value, HostError> {
        serde_json::to_value(record).map_err(|_| self.invalid("the record is no JSON"))
    }

    /// A kept record.
    pub(super) fn kept_record<R: DeserializeOwned>(
        &self,
        kept: Option<&Value>,
    ) -> Result<R, HostError> {
        kept.and_then(|kept| R::deserialize(kept).ok())
            .ok_or_else(|| self.unavailable("what was kept cannot be read"))
    }

    /// Records that a secret of the instance was given out: its name, never the secret.
    pub(super) async fn secret_accessed(&self, parameter: &str) -> Result<(), HostError> {
        let now = self.now();
        let event = self
            .event(
                PluginEventType::PluginSecretAccessed,
                self.context.instance,
                now,
            )
            .with("parameter", parameter);
        let changes = ChangeSet::new(&self.scope, event, now);
        let mut tries = Tries::default();
        while self.commit(changes.clone(), &mut tries).await? == Written::Again {}
        Ok(())
    }
}

pub(super) fn invalid(call: &str, reason: &str) -> HostError {
    HostError::Invalid {
        call: call.to_owned(),
        reason: reason.to_owned(),
    }
}

pub(super) fn unavailable(call: &str, reason: &str) -> HostError {
    HostError::Unavailable {
        call: call.to_owned(),
        reason: reason.to_owned(),
    }
}
