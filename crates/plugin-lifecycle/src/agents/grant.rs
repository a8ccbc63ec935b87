//! What an agent may use an instance with, and where it runs then.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{Actor, ConnectionId, ThingId, Timestamp};
use plugin_registry::Parameter;
use plugin_runtime_api::RuntimeId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::update::covering;
use crate::{AdmissionRefusal, Instance, PluginInstance, StateKind, kept_settings};

/// That an agent may use an instance. It is in the instance's row exactly while both connections are
/// there: all three are written by the same change set, and ended by the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentGrant {
    /// The connection `plugin_uses` from the agent to the instance.
    pub uses: ConnectionId,
    /// The connection `plugin_powers` from the instance to the agent, which follows from that.
    pub powers: ConnectionId,
    /// The agent's own settings, laid over those of the instance. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Value>,
    /// Counts its configurations, from 0.
    #[serde(default)]
    pub settings_revision: u64,
    /// The runtime of its last execution, which may still run; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeId>,
    /// The newest character that it ran with.
    #[serde(default)]
    pub character_revision: u64,
    /// Who granted it.
    pub granted_by: Actor,
    /// When.
    pub granted_at: Timestamp,
}

/// For which agent something runs, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSeat {
    /// The agent.
    pub agent: ThingId,
    /// The grant by which it sits there: its `plugin_uses`. None in rows that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<ConnectionId>,
    /// Which of its characters it runs with, or a newer one.
    pub character_revision: u64,
    /// The runtime.
    pub runtime: RuntimeId,
}

impl AgentGrant {
    /// The runtime in which an instance runs for an agent with these settings and this character: another
    /// one for each of them, and for each grant, so that nobody starts again what was ended.
    fn runtime_of(&self, instance: ThingId, character: u64) -> RuntimeId {
        RuntimeId::of_name(&[
            "agent",
            &instance.to_string(),
            &self.uses.to_string(),
            &self.settings_revision.to_string(),
            &character.to_string(),
        ])
    }

    /// Lets go of the settings that these parameters do not take.
    pub(crate) fn fit(&mut self, parameters: &[Parameter]) {
        let kept = kept_settings(&self.settings, parameters);
        if kept != self.settings {
            self.settings = kept;
            self.settings_revision = self.settings_revision.saturating_add(1);
        }
    }
}

/// Where an instance runs for an agent, whose character is the `character`th; none if there is no such
/// agent.
///
/// # Errors
/// `AgentNotGranted`, the same for an agent that does not exist.
pub(crate) fn seat_of(
    instance: &Instance,
    agent: ThingId,
    character: Option<u64>,
) -> Result<AgentSeat, AdmissionRefusal> {
    let grant = instance.properties.agents.get(&agent);
    let (Some(grant), Some(character)) = (grant, character) else {
        return Err(AdmissionRefusal::AgentNotGranted { agent });
    };
    // Whoever read an older one must not go back to a runtime that has been ended for good.
    let character_revision = character.max(grant.character_revision);
    Ok(AgentSeat {
        agent,
        grant: Some(grant.uses),
        character_revision,
        runtime: grant.runtime_of(instance.id, character_revision),
    })
}

impl PluginInstance {
    /// Writes down where it runs for an agent from now on, before it does; what ran for it before is a
    /// stray.
    pub(crate) fn take_seat(&mut self, seat: &AgentSeat) {
        let Some(grant) = self.agents.get_mut(&seat.agent) else {
            return;
        };
        let before = grant.runtime.replace(seat.runtime);
        grant.character_revision = seat.character_revision;
        self.strays.extend(before.filter(|it| *it != seat.runtime));
    }

    /// Whether the grant by which somebody has a seat still holds. Granted again is another grant.
    pub(crate) fn still_grants(&self, seat: &AgentSeat) -> bool {
        let grant = self.agents.get(&seat.agent);
        grant.is_some_and(|it| seat.grant.is_none_or(|held| held == it.uses))
    }

    /// Those of these settings whose parameters no owner has opened to agents, by name.
    pub(crate) fn closed_to_agents<'a>(
        &self,
        settings: impl Iterator<Item = &'a String>,
    ) -> Vec<String> {
        let is_open = |name: &String| {
            let covering = covering(&self.parameters, name);
            covering.is_some_and(|it| self.open_to_agents.contains(&it.name))
        };
        settings.filter(|name| !is_open(name)).cloned().collect()
    }

    /// Takes the grant of an agent away; what may run for it is a stray then.
    pub(crate) fn release(&mut self, agent: ThingId) -> Option<AgentGrant> {
        let grant = self.agents.remove(&agent)?;
        if !nothing_runs(self.lifecycle.kind()) {
            self.strays.extend(grant.runtime);
        }
        Some(grant)
    }

    /// The runtimes of agents, which may run.
    pub(crate) fn agents_runtimes(&self) -> impl Iterator<Item = &RuntimeId> {
        self.agents.values().filter_map(|it| it.runtime.as_ref())
    }

    /// The strays that no execution under way is in.
    pub(crate) fn idle_strays(&self) -> BTreeSet<RuntimeId> {
        self.strays_but_in_use(|_| true)
    }

    /// The strays that no execution under way of another agent than this one is in.
    pub(crate) fn strays_of(&self, agent: ThingId) -> BTreeSet<RuntimeId> {
        self.strays_but_in_use(|seat| seat.agent != agent)
    }

    fn strays_but_in_use(&self, counts: impl Fn(&AgentSeat) -> bool) -> BTreeSet<RuntimeId> {
        let seats = self.executions.values().filter_map(|it| it.seat.as_ref());
        let used: BTreeSet<RuntimeId> = seats
            .filter(|seat| counts(seat))
            .map(|seat| seat.runtime)
            .collect();
        self.strays.difference(&used).copied().collect()
    }
}

/// Whether whoever brought it here has stopped all of it.
const fn nothing_runs(state: StateKind) -> bool {
    match state {
        StateKind::Discovered
        | StateKind::Installing
        | StateKind::Installed
        | StateKind::Suspended
        | StateKind::Failed
        | StateKind::Uninstalled => true,
        StateKind::Activating
        | StateKind::Active
        | StateKind::Executing
        | StateKind::Deactivating
        | StateKind::Updating
        | StateKind::RollingBack
        | StateKind::Uninstalling
        | StateKind::Error => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use one_ontology::{Place, Scope, Thing, ThingId, ThingProperties as _, Timestamp};
    use plugin_runtime_api::RuntimeId;
    use serde_json::json;

    use super::{AgentGrant, seat_of};
    use crate::{Instance, PluginInstance};

    fn instance(agent: ThingId) -> Instance {
        let grant = json!({
            "uses": "019ac9f2-7a00-7000-8000-000000000001",
            "powers": "019ac9f2-7a00-7000-8000-000000000002",
            "granted_by": "system:test", "granted_at": "2026-11-20T12:00:00Z",
        });
        let grant: AgentGrant = serde_json::from_value(grant).unwrap();
        let scope = Scope::system("test".parse().unwrap(), Place::Global);
        let id = ThingId::of_name(&["instance"]);
        let thing_type = PluginInstance::thing_type();
        let mut thing = Thing::new(&scope, id, thing_type, "instance", Timestamp::EPOCH);
        let properties = json!({
            "npm_package": "@test/plugin", "version": "1.0.0", "plugin_id": id,
            "lifecycle": {"state": "ACTIVE"}, "fence": 1, "engine": "native",
            "runtime": RuntimeId::of_name(&["own"]), "members": [], "grants": [],
            "parameters": [], "settings": {}, "settings_revision": 0, "wanted": "asked",
            "installed_by": "system:test",
        });
        thing.properties = serde_json::from_value(properties).unwrap();
        let mut instance: Instance = thing.typed().unwrap();
        instance.properties.agents.insert(agent, grant);
        instance
    }

    #[test]
    fn who_read_an_older_character_does_not_go_back_to_its_runtime() {
        let agent = ThingId::of_name(&["agent"]);
        let mut instance = instance(agent);
        let mut seats = Vec::new();
        for character in [0, 1, 0, 2, 1] {
            let seat = seat_of(&instance, agent, Some(character)).unwrap();
            instance.properties.take_seat(&seat);
            seats.push(seat);
        }
        let revisions: Vec<u64> = seats.iter().map(|it| it.character_revision).collect();
        assert_eq!(revisions, [0, 1, 1, 2, 2]);
        let runtimes: BTreeSet<RuntimeId> = seats.iter().map(|it| it.runtime).collect();
        assert_eq!(runtimes.len(), 3);
        let left: BTreeSet<RuntimeId> = [seats[0].runtime, seats[1].runtime].into();
        assert_eq!(instance.properties.idle_strays(), left);
        assert!(seat_of(&instance, agent, None).is_err());
        assert!(seat_of(&instance, instance.id, Some(0)).is_err());
    }
}
