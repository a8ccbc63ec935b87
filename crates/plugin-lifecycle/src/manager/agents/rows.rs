//! Making, finding and changing agents.

use one_ontology::Revision;
use one_ontology::{
    ChangeSet, EventId, EventType, Limit, NewEvent, RowId, Spend, StoreError, Thing, ThingId,
    ThingQuery, ThingType, Timestamp,
};
use serde_json::Value;

use crate::agents::{agent_types, character_of, check_character, not_an_agent};
use crate::{Agent, Budget, ManagerError, Operation, Tenant};

impl Tenant {
    /// Makes an agent of one of the ontology's types of agents, with a character as elizaOS has it: a JSON
    /// object with a `name`.
    ///
    /// # Errors
    /// `Denied`, `InvalidAgent`, `SecretsInCharacter`, `BulkheadFull` for too many agents, `Store`.
    pub async fn create_agent(
        &self,
        agent_type: ThingType,
        character: &Value,
    ) -> Result<Agent, ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        if let Some(reason) = not_an_agent(&agent_type) {
            return Err(ManagerError::InvalidAgent { reason });
        }
        let most = self.shared().policy.character_bytes;
        let (character, name) = check_character(character, most)?;
        let now = self.shared().now();
        let id = ThingId::new(self.shared().ids.as_ref(), now);
        let thing = Thing::new(&self.scope, id, agent_type, "agent", now);
        let thing = character_of(thing, &name, character, 0);
        let event = self
            .about_agent(EventType::AgentCreated, &thing, now)
            .with("name", name);
        let changes = ChangeSet::new(&self.scope, event, now)
            .insert(thing.clone())
            .spend(self.agents_level()?)
            .once(format!("agent:{id}").parse()?);
        self.shared().store.commit(changes).await?;
        Agent::of(&thing).ok_or(ManagerError::AgentNotFound { agent: id })
    }

    /// The agents of the organisation, by name.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn agents(&self) -> Result<Vec<Agent>, ManagerError> {
        self.allow(Operation::ViewWhichAgentsUsePlugin)?;
        let mut query = ThingQuery {
            types: agent_types(),
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::default()
        };
        let mut agents = Vec::new();
        loop {
            let page = self.shared().store.things(&self.scope, &query).await?;
            agents.extend(page.items.iter().filter_map(Agent::of));
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(agents),
            }
        }
    }

    /// One agent.
    ///
    /// # Errors
    /// `Denied`, `AgentNotFound` (also for another organisation's), `Store`.
    pub async fn agent(&self, agent: ThingId) -> Result<Agent, ManagerError> {
        self.allow(Operation::ViewWhichAgentsUsePlugin)?;
        Ok(self.load_agent(agent).await?.1)
    }

    /// Gives an agent another character, if its row is still the one that was read. What runs for it is
    /// replaced when it is next used.
    ///
    /// # Errors
    /// `Denied`, `AgentNotFound`, `InvalidAgent`, `SecretsInCharacter`; `Stale` when it was written since,
    /// `Store`.
    pub async fn update_agent(
        &self,
        agent: ThingId,
        read: Revision,
        character: &Value,
    ) -> Result<Agent, ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let most = self.shared().policy.character_bytes;
        let (character, name) = check_character(character, most)?;
        let (thing, before) = self.load_agent(agent).await?;
        refuse_stale(&before, read)?;
        let now = self.shared().now();
        let revision = before.character_revision.saturating_add(1);
        let thing = character_of(thing, &name, character, revision);
        let event = self
            .about_agent(EventType::EntityUpdated, &thing, now)
            .with("name", name)
            .with("character_revision", revision);
        let changes = ChangeSet::new(&self.scope, event, now).replace(thing.clone());
        self.shared().store.commit(changes).await?;
        let mut written = thing;
        written.revision = written.revision.next();
        written.updated_at = now;
        Agent::of(&written).ok_or(ManagerError::AgentNotFound { agent })
    }

    /// An agent and its row.
    pub(crate) async fn load_agent(&self, id: ThingId) -> Result<(Thing, Agent), ManagerError> {
        let found = self.find_agent(id).await?;
        found.ok_or(ManagerError::AgentNotFound { agent: id })
    }

    /// An agent and its row, none if there is none here or no more.
    pub(crate) async fn find_agent(
        &self,
        id: ThingId,
    ) -> Result<Option<(Thing, Agent)>, ManagerError> {
        let thing = self.shared().store.thing(&self.scope, id).await?;
        Ok(thing.and_then(|thing| {
            let agent = Agent::of(&thing)?;
            Some((thing, agent))
        }))
    }

    /// Which character of an agent is the newest; none if there is no such agent.
    pub(crate) async fn character_revision(
        &self,
        agent: Option<ThingId>,
    ) -> Result<Option<u64>, ManagerError> {
        let Some(agent) = agent else {
            return Ok(None);
        };
        let found = self.find_agent(agent).await?;
        Ok(found.map(|(_, agent)| agent.character_revision))
    }

    pub(super) fn about_agent(
        &self,
        event_type: EventType,
        agent: &Thing,
        now: Timestamp,
    ) -> NewEvent {
        let id = EventId::new(self.shared().ids.as_ref(), now);
        NewEvent::new(id, event_type, Some(agent.id.into())).with("type", agent.thing_type.as_str())
    }

    pub(super) fn agents_level(&self) -> Result<Spend, ManagerError> {
        Ok(Spend::one(
            Budget::Agents.key()?,
            self.shared().policy.agents,
        ))
    }
}

/// Refuses a row that was written since somebody read it.
pub(super) fn refuse_stale(agent: &Agent, read: Revision) -> Result<(), StoreError> {
    if agent.revision == read {
        Ok(())
    } else {
        let row = RowId::Thing(agent.id);
        Err(StoreError::Stale { row })
    }
}
